import LinAlg
import Recurrent

/// An axis of a node's value `[T, N, F]`.
public enum NodeAxis: Sendable, Hashable, CaseIterable {
  /// `T`.
  case steps
  /// `N`.
  case batch
  /// `F`.
  case features
}

// Parts of values, and values put together.
extension Node {
  /// The steps of a range, `[range.count, N, F]`.
  public subscript(steps range: Range<Int>) -> Node { slice(.steps, range) }

  /// One step, `[1, N, F]`.
  public subscript(step t: Int) -> Node { slice(.steps, t..<t + 1) }

  /// The sequences of a range, `[T, range.count, F]`.
  public subscript(batch range: Range<Int>) -> Node { slice(.batch, range) }

  /// The features of a range, `[T, N, range.count]`.
  public subscript(features range: Range<Int>) -> Node { slice(.features, range) }

  private func slice(_ axis: NodeAxis, _ range: Range<Int>) -> Node {
    let graph = graph
    let operation = graph.next(SliceOperation<Scalar>.self) { SliceOperation() }
    return operation(axis, range, self, on: graph)
  }

  /// This value and others, one after the other along an axis.
  ///
  /// - Precondition: the lengths of the other axes are equal.
  public func joined(_ others: Node..., along axis: NodeAxis) -> Node {
    Node.joined([self] + others, along: axis)
  }

  /// This value and another, side by side: `[T, N, F₁ + F₂]` along features. Allocates nothing.
  public func joined(_ other: Node, along axis: NodeAxis) -> Node {
    let graph = graph
    let operation = graph.next(JoinOperation<Scalar>.self) { JoinOperation() }
    operation.begin(axis)
    operation.add(self, on: graph)
    operation.add(other, on: graph)
    return operation.result(on: graph)
  }

  /// The values one after the other along an axis: steps that a decoder took become one sequence.
  ///
  /// - Precondition: there is a value, and the lengths of the other axes are equal.
  public static func joined(_ nodes: [Node], along axis: NodeAxis) -> Node {
    guard let first = nodes.first else { failRequirement("joined: no values") }
    let graph = first.graph
    let operation = graph.next(JoinOperation<Scalar>.self) { JoinOperation() }
    operation.begin(axis)
    for i in 0..<nodes.count { operation.add(nodes[i], on: graph) }
    return operation.result(on: graph)
  }
}

/// Where a range along an axis lies: `blocks` pieces of `piece` scalars, `stride` apart, from `offset` on.
private struct AxisRange {
  var blocks: Int
  var piece: Int
  var stride: Int
  var offset: Int

  init(_ axis: NodeAxis, _ range: Range<Int>, of shape: NodeShape) {
    switch axis {
    case .steps:
      let row = shape.batch * shape.features
      (blocks, piece, stride) = (1, range.count * row, 0)
      offset = range.lowerBound * row
    case .batch:
      let row = shape.batch * shape.features
      (blocks, piece, stride) = (shape.steps, range.count * shape.features, row)
      offset = range.lowerBound * shape.features
    case .features:
      (blocks, piece, stride) = (shape.rows, range.count, shape.features)
      offset = range.lowerBound
    }
  }
}

extension NodeShape {
  /// The length of an axis.
  public subscript(axis: NodeAxis) -> Int {
    get {
      switch axis {
      case .steps: steps
      case .batch: batch
      case .features: features
      }
    }
    set {
      switch axis {
      case .steps: steps = newValue
      case .batch: batch = newValue
      case .features: features = newValue
      }
    }
  }
}

private final class SliceOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var place = AxisRange(.steps, 0..<0, of: NodeShape(steps: 0, batch: 0, features: 0))
  private var (axis, range) = (NodeAxis.steps, 0..<0)

  override var name: StaticString { "slice" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .slice(axis, range)
  }

  func callAsFunction(
    _ axis: NodeAxis, _ range: Range<Int>, _ x: Node<Scalar>, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    var shape = x.shape
    require(
      range.lowerBound >= 0 && range.upperBound <= shape[axis],
      "slice: \(axis) \(range) of a value of shape \(shape)")
    place = AxisRange(axis, range, of: shape)
    (self.axis, self.range) = (axis, range)
    take(x, isRead: false, on: graph)
    shape[axis] = range.count
    let y = give(shape, on: graph)
    let (from, to) = (graph.values(inputs[0]) + place.offset, graph.output(outputs[0]))
    for i in 0..<place.blocks {
      (to + i * place.piece).update(from: from + i * place.stride, count: place.piece)
    }
    graph.finish(self)
    return y
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let dy = graph.gradient(outputs[0]) else { return }
    graph.contributeInPlace(to: inputs[0]) { dx in
      for i in 0..<place.blocks {
        addElements(
          dy + i * place.piece, to: dx + place.offset + i * place.stride, count: place.piece)
      }
    }
  }
}

private final class JoinOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var axis = NodeAxis.steps
  private var shape = NodeShape(steps: 0, batch: 0, features: 0)

  override var name: StaticString { "joined" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .joined(axis)
  }

  func begin(_ axis: NodeAxis) { self.axis = axis }

  func add(_ x: Node<Scalar>, on graph: Graph<Scalar>) {
    take(x, isRead: false, on: graph)
    if inputs.count == 1 {
      shape = x.shape
    } else {
      var (own, other) = (shape, x.shape)
      (own[axis], other[axis]) = (0, 0)
      require(own == other, "joined along \(axis): shapes \(shape) and \(x.shape)")
      shape[axis] += x.shape[axis]
    }
  }

  func result(on graph: Graph<Scalar>) -> Node<Scalar> {
    let y = give(shape, on: graph)
    let to = graph.output(outputs[0])
    var start = 0
    for i in 0..<inputs.count {
      let length = graph.shape(inputs[i])[axis]
      let place = AxisRange(axis, start..<start + length, of: shape)
      let from = graph.values(inputs[i])
      for k in 0..<place.blocks {
        (to + place.offset + k * place.stride).update(
          from: from + k * place.piece, count: place.piece)
      }
      start += length
    }
    graph.finish(self)
    return y
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let dy = graph.gradient(outputs[0]) else { return }
    let shape = graph.shape(outputs[0])
    var start = 0
    for i in 0..<inputs.count {
      let length = graph.shape(inputs[i])[axis]
      let place = AxisRange(axis, start..<start + length, of: shape)
      graph.contribute(to: inputs[i]) { dx in
        for k in 0..<place.blocks {
          (dx + k * place.piece).update(
            from: dy + place.offset + k * place.stride, count: place.piece)
        }
      }
      start += length
    }
  }
}
