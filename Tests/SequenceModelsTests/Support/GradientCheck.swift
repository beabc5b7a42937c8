import LinAlg
import Recurrent
import SequenceModels

/// The largest error that a number of `gradient` at `x` may have, relative to the largest number, by the slopes of
/// `loss` along random directions, each of which moves four neighbouring numbers: four cost what one would alone.
///
/// Every number is moved in one direction, by no less than the smallest share: what its gradient is wrong by, the
/// slope is wrong by that share of it at least. Slopes are central differences. Four points 10⁻³ apart: the error of leaving higher derivatives
/// out is of order h⁴, that of rounding ε/h. Where the loss has kinks, such as a rectifier's, two points 10⁻⁵ apart
/// from the middle, of which fewer cross one: h² and ε/h.
func slopeError(
  _ gradient: [Double], at x: [Double], hasKinks: Bool = false, of loss: ([Double]) -> Double
) -> Double {
  guard gradient.count == x.count else { return .infinity }
  let h = hasKinks ? 1e-5 : 1e-3
  let shares = 0.4...0.6
  var generator = SeededGenerator(seed: 17)
  var difference = 0.0
  for first in stride(from: 0, to: x.count, by: 4) {
    let moved = first..<min(first + 4, x.count)
    let direction = moved.map { _ in
      (Bool.random(using: &generator) ? 1 : -1) * Double.random(in: shares, using: &generator)
    }
    func lossAt(_ offset: Double) -> Double {
      var x = x
      for (i, weight) in zip(moved, direction) { x[i] += offset * weight }
      return loss(x)
    }
    let slope =
      hasKinks
      ? (lossAt(h) - lossAt(-h)) / (2 * h)
      : (8 * (lossAt(h) - lossAt(-h)) - (lossAt(2 * h) - lossAt(-2 * h))) / (12 * h)
    let wrong = abs(inner(Array(gradient[moved]), direction) - slope)
    guard wrong.isFinite else { return .infinity }
    difference = max(difference, wrong)
  }
  let largest = gradient.map(abs).max() ?? 0
  return difference / shares.lowerBound / max(largest, .leastNormalMagnitude)
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
