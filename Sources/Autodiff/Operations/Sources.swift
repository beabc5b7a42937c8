import LinAlg
import Recurrent

// Where values come into a graph.
extension Graph {
  /// A value that nothing is learned from, `[T, N, F]`, copied into the graph's memory: the caller may write
  /// to it again at once.
  public func constant(_ value: SequenceBatch<Scalar>) -> Node<Scalar> {
    let shape = NodeShape(steps: value.steps, batch: value.batch, features: value.features)
    return source(shape) { target in
      value.withUnsafeBufferPointer { from in
        if let start = from.baseAddress { target.update(from: start, count: from.count) }
      }
    }
  }

  /// A matrix that nothing is learned from, as one step: `[1, rows, columns]`.
  public func constant(_ value: Matrix<Scalar>) -> Node<Scalar> {
    source(NodeShape(steps: 1, batch: value.rows, features: value.columns)) { target in
      value.withUnsafeBufferPointer { from in
        if let start = from.baseAddress { target.update(from: start, count: from.count) }
      }
    }
  }

  /// The same number everywhere.
  public func constant(_ value: Scalar, _ shape: NodeShape) -> Node<Scalar> {
    source(shape) { $0.update(repeating: value, count: shape.count) }
  }

  /// A new value in the graph's memory, which `fill` writes.
  private func source(
    _ shape: NodeShape, _ fill: (UnsafeMutablePointer<Scalar>) -> Void
  ) -> Node<Scalar> {
    let slot = makeSlot(shape)
    let value = pool.take(shape)
    fill(value.pointer(atStep: 0))
    slot.value = value
    return Node(slot)
  }

  /// A value whose gradient is wanted, which ``Node/gradient`` has after the pass backward.
  public func variable(_ value: SequenceBatch<Scalar>) -> Node<Scalar> {
    let node = constant(value)
    node.slot.needsGradient = isRecording
    node.slot.keepsGradient = true
    return node
  }
}

extension Node {
  /// The same value, which nothing is learned through: `∂/∂x` is taken as 0.
  public func stopGradient() -> Node {
    graph.constant(value)
  }
}

extension Parameter {
  /// The matrix, `[1, rows, columns]`.
  public func callAsFunction(on graph: Graph<Scalar>) -> Node<Scalar> {
    let operation = graph.next(ParameterOperation<Scalar>.self) { ParameterOperation() }
    return operation(parameters.block, on: graph)
  }
}

/// The matrix of a ``Parameter``.
private final class ParameterOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var place: Int?

  override var name: StaticString { "Parameter" }

  func callAsFunction(_ block: ParameterBlock<Scalar>, on graph: Graph<Scalar>) -> Node<Scalar> {
    place = graph.isRecording ? graph.trained.place(of: block, name) : nil
    if place != nil { takeTrained() }
    let spec = block.specs[0]
    let node = give(
      NodeShape(steps: 1, batch: spec.rows, features: spec.columns), on: graph)
    block.withUnsafeBufferPointer { W in
      if let start = W.baseAddress {
        graph.output(outputs[0]).update(from: start, count: W.count)
      }
    }
    graph.finish(self)
    return node
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let place, let dy = graph.gradient(outputs[0]) else { return }
    graph.addToGradient(place) { addElements(dy, to: $0, count: graph.shape(outputs[0]).count) }
  }
}

extension Graph {
  /// Calls `add` with the gradient of a trained block, to which it adds.
  func addToGradient(_ place: Int, _ add: (UnsafeMutablePointer<Scalar>) -> Void) {
    trained.gradients.blocks[place].withUnsafeMutableBufferPointer { add($0.start) }
  }
}
