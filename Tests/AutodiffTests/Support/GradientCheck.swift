import Autodiff
import LinAlg
import Recurrent

/// What is put through an operation: random numbers of given shapes.
struct Inputs {
  var values: [SequenceBatch<Double>]

  init(_ shapes: [NodeShape], in range: ClosedRange<Double>, using rng: inout SeededGenerator) {
    values = shapes.map {
      .uniform(
        steps: $0.steps, batch: $0.batch, features: $0.features, in: range, using: &rng)
    }
  }
}

/// What becomes of an operation's output before it is a number.
enum TestLoss: CaseIterable {
  /// A weighted sum: every element of the gradient is another number.
  case weightedSum
  /// A sum of squares: the gradient depends on the output.
  case squares
  /// The output twice: its gradient is a sum.
  case twice

  func callAsFunction(_ y: Node<Double>) -> Node<Double> {
    let shape = y.shape
    let weights = y.graph.constant(
      SequenceBatch(
        steps: shape.steps, batch: shape.batch, features: shape.features,
        elements: (0..<shape.count).map { (i: Int) -> Double in 0.3 + 0.1 * Double(i * 7 % 11) }))
    switch self {
    case .weightedSum: return (y * weights).sum()
    case .squares: return y.squared().sum()
    case .twice: return (y * weights + y * y).sum()
    }
  }
}

/// The largest difference between the gradients of a graph and central differences, relative to the largest
/// gradient (or 1).
func gradientError(
  _ inputs: Inputs, threads: Int = 1, _ loss: (Graph<Double>, [Node<Double>]) -> Node<Double>
) -> (error: Double, types: Set<String>) {
  let graph = Graph<Double>(threads: threads, seed: 3)
  var model = NoParts<Double>()
  var gradients: [SequenceBatch<Double>?] = []
  func run(_ values: [SequenceBatch<Double>], backward: Bool) -> Double {
    // The same random choices each time.
    graph.noise.pass = 0
    var nodes: [Node<Double>] = []
    func pass(_: NoParts<Double>, _ graph: Graph<Double>) -> Node<Double> {
      nodes = values.map { graph.variable($0) }
      return loss(graph, nodes)
    }
    let result =
      backward
      ? model.recordGradients(on: graph, of: pass) : model.recordPass(on: graph, of: pass).loss
    if backward { gradients = nodes.map(\.gradient) }
    return result.sum / Double(max(result.count, 1))
  }
  _ = run(inputs.values, backward: true)
  var (difference, scale) = (0.0, 1.0)
  let h = 1e-4
  for i in inputs.values.indices {
    let value = inputs.values[i]
    let expected = value.elements.indices.map { k in
      func moved(_ offset: Double) -> Double {
        var values = inputs.values
        values[i].withUnsafeMutableBufferPointer { $0[k] += offset }
        return run(values, backward: false)
      }
      return (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
    }
    let actual = gradients[i]?.elements ?? expected.map { _ in 0 }
    for (a, e) in zip(actual, expected) {
      guard a.isFinite, e.isFinite else { return (.infinity, graph.operationTypes) }
      difference = max(difference, abs(a - e))
      scale = max(scale, abs(e))
    }
  }
  return (difference / scale, graph.operationTypes)
}

/// A model without parameters, for losses of variables alone.
struct NoParts<Scalar: RecurrentScalar>: Model {
  mutating func visitParts(_ part: inout PartVisitor<Scalar>) {}
}

/// `count` numbers in `-1..<1`.
func randomNumbers<Scalar: RecurrentScalar>(
  _ count: Int, _ generator: inout SeededGenerator
) -> [Scalar] {
  (0..<count).map { _ in generator.uniform(in: -1..<1) }
}

/// The gradient of `loss` at `x` by central differences of five points.
func numericGradient(_ x: [Double], of loss: ([Double]) -> Double) -> [Double] {
  let h = 1e-3
  return x.indices.map { i in
    func lossAt(_ offset: Double) -> Double {
      var moved = x
      moved[i] += offset
      return loss(moved)
    }
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
