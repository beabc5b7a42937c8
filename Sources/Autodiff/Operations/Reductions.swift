import LinAlg
import Recurrent

extension Node {
  /// The sum of all elements, `[1, 1, 1]`.
  public func sum() -> Node { sum(over: .steps).sum(over: .batch).sum(over: .features) }

  /// The mean of all elements, `[1, 1, 1]`.
  ///
  /// - Precondition: there is an element.
  public func mean() -> Node {
    require(shape.count > 0, "mean: a value of shape \(shape) has no element")
    return sum() * (1 / Scalar(shape.count))
  }

  /// The sum along an axis, whose length becomes 1.
  public func sum(over axis: NodeAxis) -> Node {
    if shape[axis] == 1 { return self }
    let graph = graph
    let operation = graph.next(SumOperation<Scalar>.self) { SumOperation() }
    return operation(axis, self, on: graph)
  }

  /// The mean along an axis, whose length becomes 1.
  ///
  /// - Precondition: the axis is not empty.
  public func mean(over axis: NodeAxis) -> Node {
    require(shape[axis] > 0, "mean: a value of shape \(shape) has no \(axis)")
    return sum(over: axis) * (1 / Scalar(shape[axis]))
  }

  /// The largest element along an axis, whose length becomes 1. The gradient goes to the first of equal
  /// elements; ``maximum(lengths:)`` is the one over valid steps.
  ///
  /// - Precondition: the axis is not empty.
  public func maximum(over axis: NodeAxis) -> Node {
    require(shape[axis] > 0, "maximum: a value of shape \(shape) has no \(axis)")
    if shape[axis] == 1 { return self }
    let graph = graph
    let operation = graph.next(MaximumOperation<Scalar>.self) { MaximumOperation() }
    return operation(axis, self, on: graph)
  }
}

private final class SumOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var axis = NodeAxis.steps

  override var name: StaticString { "sum" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .sum(axis)
  }

  func callAsFunction(
    _ axis: NodeAxis, _ x: Node<Scalar>, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    self.axis = axis
    take(x, isRead: false, on: graph)
    var shape = x.shape
    shape[axis] = 1
    let y = give(shape, on: graph)
    let (from, to) = (graph.values(inputs[0]), graph.output(outputs[0]))
    clearElements(to, count: shape.count)
    let F = x.shape.features
    for row in 0..<x.shape.rows {
      let place = to + self.place(row, x.shape)
      if axis == .features {
        place.pointee = sumOfElements(from + row * F, count: F)
      } else {
        addElements(from + row * F, to: place, count: F)
      }
    }
    graph.finish(self)
    return y
  }

  /// Where row `row` of the input goes.
  private func place(_ row: Int, _ shape: NodeShape) -> Int {
    switch axis {
    case .steps: row % shape.batch * shape.features
    case .batch: row / shape.batch * shape.features
    case .features: row
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let dy = graph.gradient(outputs[0]) else { return }
    let shape = graph.shape(inputs[0])
    let F = shape.features
    graph.contribute(to: inputs[0]) { dx in
      for row in 0..<shape.rows {
        let from = dy + place(row, shape)
        if axis == .features {
          (dx + row * F).update(repeating: from.pointee, count: F)
        } else {
          (dx + row * F).update(from: from, count: F)
        }
      }
    }
  }
}

private final class MaximumOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  /// Pieces of the output, of so many elements; each is the largest of `length` pieces of the input, which
  /// lie one behind the other.
  private var (blocks, piece, length) = (0, 0, 0)
  private var axis = NodeAxis.steps

  override var name: StaticString { "maximum" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .maximum(axis)
  }

  func callAsFunction(
    _ axis: NodeAxis, _ x: Node<Scalar>, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    var shape = x.shape
    self.axis = axis
    length = shape[axis]
    switch axis {
    case .steps: (blocks, piece) = (1, shape.batch * shape.features)
    case .batch: (blocks, piece) = (shape.steps, shape.features)
    case .features: (blocks, piece) = (shape.rows, 1)
    }
    take(x, isRead: true, on: graph)
    shape[axis] = 1
    let y = give(shape, on: graph)
    let (from, to) = (graph.values(inputs[0]), graph.output(outputs[0]))
    for i in 0..<blocks {
      let (x, y) = (from + i * length * piece, to + i * piece)
      y.update(from: x, count: piece)
      for k in 1..<length { maximizeElements(x + k * piece, into: y, count: piece) }
    }
    graph.finish(self)
    return y
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let dy = graph.gradient(outputs[0]) else { return }
    graph.contributeInPlace(to: inputs[0]) { dx in
      for i in 0..<blocks {
        let start = i * length * piece
        addToMaxima(
          graph.values(inputs[0]) + start, row: piece, length: length, dy + i * piece,
          to: dx + start, count: piece)
      }
    }
  }
}
