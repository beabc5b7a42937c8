import LinAlg
import Recurrent

extension Node {
  /// The value with random elements set to zero and the others scaled up, in a recorded pass; else the
  /// value itself (Srivastava et al. 2014).
  ///
  /// Which elements are dropped follows from the graph's ``Graph/noise``, the place of the call in the pass,
  /// the sequence and, with masks of single steps, the step.
  ///
  /// - Parameters:
  ///   - rate: how likely an element is to be set to zero, in `0..<1`.
  ///   - mask: whether another mask is drawn in each step or one for each sequence.
  public func dropout(_ rate: Double, mask: Dropout.Mask = .perStep) -> Node {
    dropout(Dropout(rate: rate, mask: mask))
  }

  /// ``dropout(_:mask:)`` as a layer says it.
  public func dropout(_ dropout: Dropout) -> Node {
    let graph = graph
    check("dropout")
    guard dropout.rate > 0, let noise = graph.nextNoise() else { return self }
    let operation = graph.next(DropoutOperation<Scalar>.self) { DropoutOperation() }
    return operation(dropout, noise, self, on: graph)
  }
}

private final class DropoutOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var dropout = Dropout(rate: 0)
  private var noise = RecordingNoise()
  private var dx: UnsafeMutablePointer<Scalar>?

  override var name: StaticString { "dropout" }

  func callAsFunction(
    _ dropout: Dropout, _ noise: RecordingNoise, _ x: Node<Scalar>, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    (self.dropout, self.noise) = (dropout, noise)
    noise.checkBatch(x.shape.batch)
    take(x, isRead: false, on: graph)
    let y = give(x.shape, on: graph)
    graph.divideForward(self, rows: x.shape.steps, work: 4 * x.shape.count)
    graph.finish(self)
    return y
  }

  override func forward(_ steps: Range<Int>, _ graph: Graph<Scalar>) {
    apply(graph.values(inputs[0]), into: graph.output(outputs[0]), steps, graph)
  }

  override func backward(_ graph: Graph<Scalar>) {
    let shape = graph.shape(outputs[0])
    graph.contribute(to: inputs[0]) { dx in
      self.dx = dx
      graph.divideBackward(self, rows: shape.steps, work: 4 * shape.count)
    }
  }

  override func backward(_ steps: Range<Int>, _ graph: Graph<Scalar>) {
    guard let dx, let dy = graph.gradient(outputs[0]) else { return }
    apply(dy, into: dx, steps, graph)
  }

  private func apply(
    _ x: UnsafePointer<Scalar>, into y: UnsafeMutablePointer<Scalar>, _ steps: Range<Int>,
    _ graph: Graph<Scalar>
  ) {
    let shape = graph.shape(outputs[0])
    dropout.apply(
      noise, x, into: y, steps: steps, batch: shape.batch, features: shape.features)
  }
}
