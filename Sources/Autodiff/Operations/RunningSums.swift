import LinAlg
import Recurrent

extension Node {
  /// The sum of all steps before each, `[T, N, F]`: `y[t] = Σ x[s]` over `s < t`, 0 for the first. Of
  /// attention's weights it is the coverage (See et al. 2017).
  public func sumsOfEarlierSteps() -> Node {
    let graph = graph
    let operation = graph.next(RunningSumOperation<Scalar>.self) { RunningSumOperation() }
    return operation(self, on: graph)
  }
}

private final class RunningSumOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  override var name: StaticString { "sums of earlier steps" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .sumsOfEarlierSteps
  }

  func callAsFunction(_ x: Node<Scalar>, on graph: Graph<Scalar>) -> Node<Scalar> {
    take(x, isRead: false, on: graph)
    let shape = x.shape
    let step = shape.batch * shape.features
    let y = give(shape, on: graph)
    let (from, to) = (graph.values(inputs[0]), graph.output(outputs[0]))
    clearElements(to, count: min(step, shape.count))
    for t in 1..<max(shape.steps, 1) {
      (to + t * step).update(from: to + (t - 1) * step, count: step)
      addElements(from + (t - 1) * step, to: to + t * step, count: step)
    }
    graph.finish(self)
    return y
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let dy = graph.gradient(outputs[0]) else { return }
    let shape = graph.shape(inputs[0])
    let step = shape.batch * shape.features
    graph.contribute(to: inputs[0]) { dx in
      var t = shape.steps - 1
      if t >= 0 { clearElements(dx + t * step, count: step) }
      while t > 0 {
        (dx + (t - 1) * step).update(from: dx + t * step, count: step)
        addElements(dy + t * step, to: dx + (t - 1) * step, count: step)
        t -= 1
      }
    }
  }
}
