import LinAlg
import Recurrent
import SequenceModels

/// The gradient of `loss` at `x` by central differences.
///
/// Four points 10⁻³ apart: the error of leaving higher derivatives out is of order h⁴, that of rounding ε/h. Where the
/// loss has kinks, such as a rectifier's, two points 10⁻⁵ apart from the middle, of which fewer cross one: h² and ε/h.
func numericGradient(
  _ x: [Double], hasKinks: Bool = false, of loss: ([Double]) -> Double
) -> [Double] {
  let h = hasKinks ? 1e-5 : 1e-3
  return x.indices.map { i in
    func lossAt(_ offset: Double) -> Double {
      var moved = x
      moved[i] += offset
      return loss(moved)
    }
    if hasKinks { return (lossAt(h) - lossAt(-h)) / (2 * h) }
    return (8 * (lossAt(h) - lossAt(-h)) - (lossAt(2 * h) - lossAt(-2 * h))) / (12 * h)
  }
}

/// The largest difference, relative to the largest expected magnitude; infinite for NaN and for
/// different numbers of elements.
func relativeError<Scalar: BinaryFloatingPoint>(_ actual: [Scalar], _ expected: [Scalar]) -> Double
{
  guard actual.count == expected.count else { return .infinity }
  var (difference, scale) = (0.0, 0.0)
  for (a, e) in zip(actual, expected) {
    guard a.isFinite, e.isFinite else { return .infinity }
    difference = max(difference, abs(Double(a) - Double(e)))
    scale = max(scale, abs(Double(e)))
  }
  return difference == 0 ? 0 : difference / max(scale, .leastNormalMagnitude)
}

/// `count` numbers in `-1..<1`.
func randomNumbers<Scalar: RecurrentScalar>(
  _ count: Int, _ generator: inout SeededGenerator
) -> [Scalar] {
  (0..<count).map { _ in generator.uniform(in: -1..<1) }
}

/// `Σ a·b`.
func inner(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

extension ParameterSet {
  /// Every number of every block, one after the other.
  var elements: [Scalar] {
    get { (0..<blockCount).flatMap { self[block: $0].withUnsafeBufferPointer { Array($0) } } }
    set {
      var rest = newValue[...]
      for i in 0..<blockCount {
        var block = self[block: i]
        block.withUnsafeMutableBufferPointer { x in
          for k in x.indices { x[k] = rest.removeFirst() }
        }
        self[block: i] = block
      }
      precondition(rest.isEmpty)
    }
  }
}
