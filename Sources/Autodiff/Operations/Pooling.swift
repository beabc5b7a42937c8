import LinAlg
import Recurrent

// One row for each sequence, from its valid steps.
extension Node {
  /// Each sequence's last valid step, `[1, N, F]`; zeros for an empty sequence.
  ///
  /// Of both directions of a `Bidirectional` layer it is the last step of the forward direction and the
  /// first read of the other; ``ends(lengths:)`` takes the last that each direction has read.
  ///
  /// - Parameter lengths: how many steps of each sequence count; nil means all.
  public func last(lengths: [Int]? = nil) -> Node { pooled(.last, lengths) }

  /// The mean of each sequence's valid steps, `[1, N, F]`; zeros for an empty sequence.
  public func mean(lengths: [Int]? = nil) -> Node { pooled(.mean, lengths) }

  /// The largest of each sequence's valid steps, feature by feature, `[1, N, F]`; zeros for an empty
  /// sequence. The gradient goes to the first of equal steps.
  public func maximum(lengths: [Int]? = nil) -> Node { pooled(.maximum, lengths) }

  /// What each direction of a bidirectional layer has read last: the first half of the features at the last
  /// valid step, the second half at the first, `[1, N, F]`.
  ///
  /// - Precondition: the number of features is even.
  public func ends(lengths: [Int]? = nil) -> Node {
    require(
      shape.features % 2 == 0,
      "ends: a value of shape \(shape), expected an even number of features"
    )
    return pooled(.ends, lengths)
  }

  private func pooled(_ kind: Pooling, _ lengths: [Int]?) -> Node {
    let graph = graph
    let operation = graph.next(PoolOperation<Scalar>.self) { PoolOperation() }
    return operation(kind, lengths, self, on: graph)
  }
}

/// Which row of its steps a sequence gets.
package enum Pooling {
  case last
  case ends
  case mean
  case maximum
}

/// Traps unless there is a length in `0...T` for every sequence, or none at all.
func checkLengths(_ lengths: [Int]?, _ shape: NodeShape, _ operation: StaticString) {
  guard let lengths else { return }
  require(
    lengths.count == shape.batch,
    "\(operation): \(lengths.count) lengths for a value of shape \(shape)")
  for n in 0..<lengths.count {
    require(
      lengths[n] >= 0 && lengths[n] <= shape.steps,
      "\(operation): sequence \(n) has length \(lengths[n]), expected 0...\(shape.steps)")
  }
}

private final class PoolOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var kind = Pooling.last
  private var lengths: [Int]?
  private var dx: UnsafeMutablePointer<Scalar>?

  override var name: StaticString { "pooling" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .pooled(kind, lengths: lengths)
  }

  func callAsFunction(
    _ kind: Pooling, _ lengths: [Int]?, _ x: Node<Scalar>, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    (self.kind, self.lengths) = (kind, lengths)
    let shape = x.shape
    checkLengths(lengths, shape, name)
    take(x, isRead: kind == .maximum, on: graph)
    let y = give(
      NodeShape(steps: 1, batch: shape.batch, features: shape.features), on: graph)
    graph.divideForward(self, rows: shape.batch, work: shape.count)
    graph.finish(self)
    return y
  }

  override func forward(_ sequences: Range<Int>, _ graph: Graph<Scalar>) {
    let shape = graph.shape(inputs[0])
    let (F, row) = (shape.features, shape.batch * shape.features)
    for n in sequences {
      let length = lengths?[n] ?? shape.steps
      let (x, y) = (graph.values(inputs[0]) + n * F, graph.output(outputs[0]) + n * F)
      if length == 0 {
        clearElements(y, count: F)
        continue
      }
      switch kind {
      case .last: y.update(from: x + (length - 1) * row, count: F)
      case .ends:
        y.update(from: x + (length - 1) * row, count: F / 2)
        (y + F / 2).update(from: x + F / 2, count: F / 2)
      case .mean:
        y.update(from: x, count: F)
        for t in 1..<max(length, 1) { addElements(x + t * row, to: y, count: F) }
        scaleElements(y, by: 1 / Scalar(length), plus: 0, into: y, count: F)
      case .maximum:
        y.update(from: x, count: F)
        for t in 1..<max(length, 1) { maximizeElements(x + t * row, into: y, count: F) }
      }
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    let shape = graph.shape(inputs[0])
    graph.contributeInPlace(to: inputs[0]) { dx in
      self.dx = dx
      graph.divideBackward(self, rows: shape.batch, work: shape.count)
    }
  }

  override func backward(_ sequences: Range<Int>, _ graph: Graph<Scalar>) {
    guard let start = dx, let gradient = graph.gradient(outputs[0]) else { return }
    let shape = graph.shape(inputs[0])
    let (F, row) = (shape.features, shape.batch * shape.features)
    for n in sequences {
      let length = lengths?[n] ?? shape.steps
      if length == 0 { continue }
      let (dy, dx) = (gradient + n * F, start + n * F)
      switch kind {
      case .last: addElements(dy, to: dx + (length - 1) * row, count: F)
      case .ends:
        addElements(dy, to: dx + (length - 1) * row, count: F / 2)
        addElements(dy + F / 2, to: dx + F / 2, count: F / 2)
      case .mean:
        for t in 0..<length {
          addElements(dy, times: 1 / Scalar(length), to: dx + t * row, count: F)
        }
      case .maximum:
        addToMaxima(
          graph.values(inputs[0]) + n * F, row: row, length: length, dy, to: dx, count: F)
      }
    }
  }

  override func letGo(_ graph: Graph<Scalar>) { lengths = nil }
}

/// Each element of `y`, or that of `x` where it is larger.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
func maximizeElements<Scalar: RecurrentScalar>(
  _ x: UnsafePointer<Scalar>, into y: UnsafeMutablePointer<Scalar>, count: Int
) {
  // Not `max`: a NaN must stay.
  for i in 0..<count where !(x[i] <= y[i]) && !y[i].isNaN { y[i] = x[i] }
}

/// Adds each feature's gradient where the first of its largest values is.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
func addToMaxima<Scalar: RecurrentScalar>(
  _ x: UnsafePointer<Scalar>, row: Int, length: Int, _ dy: UnsafePointer<Scalar>,
  to dx: UnsafeMutablePointer<Scalar>, count: Int
) {
  for i in 0..<count {
    var best = 0
    for t in 1..<max(length, 1)
    where !(x[t * row + i] <= x[best * row + i]) && !x[best * row + i].isNaN { best = t }
    dx[best * row + i] += dy[i]
  }
}
