import LinAlg
import Recurrent

// Where values come into a graph.
extension Graph {
  /// A value that nothing is learned from, `[T, N, F]`, copied into the graph's memory: the caller may write
  /// to it again at once.
  public func constant(_ value: SequenceBatch<Scalar>) -> Node<Scalar> {
    let shape = NodeShape(steps: value.steps, batch: value.batch, features: value.features)
    return source(shape, .constant(value)) { target in
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

  /// Which tokens have occurred in each sequence up to each step, `[T, N, F]`: 1 where token `f` is among
  /// the first `t + 1` of sequence `n`, else 0.
  ///
  /// - Precondition: every token is in `0..<features`.
  public func occurrences(of tokens: TokenBatch, features: Int) -> Node<Scalar> {
    tokens.checkTokens(vocabularySize: features)
    let shape = NodeShape(steps: tokens.steps, batch: tokens.batch, features: features)
    return source(shape, .occurrences(tokens, features: features)) { target in
      let step = shape.batch * features
      clearElements(target, count: shape.count)
      tokens.withUnsafeBufferPointer { tokens in
        for t in 0..<shape.steps {
          if t > 0 { (target + t * step).update(from: target + (t - 1) * step, count: step) }
          for n in 0..<shape.batch {
            target[t * step + n * features + Int(tokens[t * shape.batch + n])] = 1
          }
        }
      }
    }
  }

  /// 1 for each step that counts and 0 for the others, `[steps, N, 1]`: times a value it leaves those out.
  ///
  /// - Precondition: lengths are in `0...steps`.
  public func validSteps(_ lengths: [Int], steps: Int) -> Node<Scalar> {
    let shape = NodeShape(steps: steps, batch: lengths.count, features: 1)
    checkLengths(lengths, shape, "validSteps")
    return source(shape, .validSteps(lengths, steps: steps)) { target in
      for row in 0..<shape.rows {
        target[row] = row / shape.batch < lengths[row % shape.batch] ? 1 : 0
      }
    }
  }

  /// 1 for each feature that counts and 0 for the others, `[1, N, features]`, where features are the steps
  /// of another sequence, as those of attention's weights are.
  ///
  /// - Precondition: lengths are in `0...features`.
  public func validFeatures(_ lengths: [Int], features: Int) -> Node<Scalar> {
    let shape = NodeShape(steps: 1, batch: lengths.count, features: features)
    checkLengths(
      lengths, NodeShape(steps: features, batch: lengths.count, features: 1), "validFeatures")
    return source(shape, .validFeatures(lengths, features: features)) { target in
      clearElements(target, count: shape.count)
      for n in 0..<lengths.count {
        (target + n * features).update(repeating: 1, count: lengths[n])
      }
    }
  }

  /// A new value in the graph's memory, which `fill` writes.
  private func source(
    _ shape: NodeShape, _ operation: @autoclosure () -> OperationRecord<Scalar>? = nil,
    _ fill: (UnsafeMutablePointer<Scalar>) -> Void
  ) -> Node<Scalar> {
    let slot = makeSlot(shape)
    let value = pool.take(shape)
    fill(value.pointer(atStep: 0))
    slot.value = value
    if let record {
      // Not the value itself, whose memory the graph may use again.
      record.add(
        operation() ?? .constant(value.map { $0 }), inputs: [], outputs: [slot.index], self)
    }
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
    let graph = graph
    let record = graph.record
    graph.record = nil
    defer { graph.record = record }
    let result = graph.constant(value)
    record?.add(.identity, inputs: [slot.index], outputs: [result.slot.index], graph)
    return result
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
  private var block: ParameterBlock<Scalar>?

  override var name: StaticString { "Parameter" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    block.map { .parameter($0) } ?? .other("\(name)")
  }

  func callAsFunction(_ block: ParameterBlock<Scalar>, on graph: Graph<Scalar>) -> Node<Scalar> {
    place = graph.isRecording ? graph.trained.place(of: block, name) : nil
    if place != nil { takeTrained() }
    self.block = block
    let spec = block.specs[0]
    let node = give(
      NodeShape(steps: 1, batch: spec.rows, features: spec.columns), on: graph)
    block.withUnsafeBufferPointer { W in
      if let start = W.baseAddress {
        graph.output(outputs[0]).update(from: start, count: W.count)
      }
    }
    graph.finish(self)
    // Blocks that an optimizer changes are held once.
    self.block = nil
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
