import LinAlg
import Recurrent

extension Node {
  /// This value with `−∞` where another one is positive: scores of what is forbidden. A softmax, its
  /// logarithm and a cross-entropy give that no probability, and nothing is learned through it.
  ///
  /// A row of which everything is forbidden has no softmax: its elements are not numbers.
  ///
  /// - Parameter mask: of the same shape; nothing is learned through it.
  public func masked(where mask: Node) -> Node {
    let graph = graph
    let operation = graph.next(MaskOperation<Scalar>.self) { MaskOperation() }
    return operation(self, mask, on: graph)
  }
}

private final class MaskOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  override var name: StaticString { "masked" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .masked
  }

  func callAsFunction(
    _ x: Node<Scalar>, _ mask: Node<Scalar>, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    require(
      x.shape == mask.shape, "masked: a mask of shape \(mask.shape) for a value \(x.shape)")
    take(x, isRead: false, on: graph)
    take(mask, isRead: true, on: graph)
    let y = give(x.shape, on: graph)
    copyElements(
      graph.values(inputs[0]), where: graph.values(inputs[1]), else: -.infinity,
      into: graph.output(outputs[0]), count: x.shape.count)
    graph.finish(self)
    return y
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let dy = graph.gradient(outputs[0]) else { return }
    graph.contribute(to: inputs[0]) { dx in
      copyElements(
        dy, where: graph.values(inputs[1]), else: 0, into: dx,
        count: graph.shape(inputs[0]).count)
    }
  }
}

/// `y[i] = x[i]` where the mask is not positive, else `replacement`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func copyElements<Scalar: RecurrentScalar>(
  _ x: UnsafePointer<Scalar>, where mask: UnsafePointer<Scalar>, else replacement: Scalar,
  into y: UnsafeMutablePointer<Scalar>, count: Int
) {
  for i in 0..<count { y[i] = mask[i] > 0 ? replacement : x[i] }
}
