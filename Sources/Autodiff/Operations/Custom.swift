import LinAlg
import Recurrent

/// An operation of your own: a function of whole batches, with its way back.
///
/// ```swift
/// struct Cube: CustomOperation {
///   func callAsFunction(_ x: SequenceBatch<Double>) -> SequenceBatch<Double> { x.map { $0 * $0 * $0 } }
///   func gradient(
///     _ dy: SequenceBatch<Double>, x: SequenceBatch<Double>, y: SequenceBatch<Double>
///   ) -> SequenceBatch<Double> { … }                     // 3·x²·dy
/// }
/// let y = x.applying(Cube())
/// ```
public protocol CustomOperation<Scalar> {
  /// The type of the numbers.
  associatedtype Scalar: RecurrentScalar

  /// The value for `x`, of any shape.
  func callAsFunction(_ x: SequenceBatch<Scalar>) -> SequenceBatch<Scalar>

  /// `∂L/∂x` from `dy = ∂L/∂y`, where `y` is the value for `x`.
  func gradient(
    _ dy: SequenceBatch<Scalar>, x: SequenceBatch<Scalar>, y: SequenceBatch<Scalar>
  ) -> SequenceBatch<Scalar>
}

extension Node {
  /// The value of an operation of your own.
  ///
  /// - Precondition: the gradient that it gives on the way back has the shape of `x`.
  public func applying(_ function: some CustomOperation<Scalar>) -> Node {
    let graph = graph
    let operation = graph.next(OwnOperation<Scalar>.self) { OwnOperation() }
    return operation(function, self, on: graph)
  }
}

private final class OwnOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var function: (any CustomOperation<Scalar>)?

  override var name: StaticString { "custom operation" }

  func callAsFunction(
    _ function: some CustomOperation<Scalar>, _ x: Node<Scalar>, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    self.function = function
    take(x, isRead: true, on: graph)
    let y = give(function(x.value), isRead: true, on: graph)
    graph.finish(self)
    return y
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let function, let dy = graph.slots[outputs[0]].gradient,
      let x = graph.slots[inputs[0]].value, let y = graph.slots[outputs[0]].value
    else { return }
    graph.contribute(to: inputs[0]) { target in
      let dx = function.gradient(dy, x: x, y: y)
      let shape = graph.shape(inputs[0])
      require(
        dx.steps == shape.steps && dx.batch == shape.batch && dx.features == shape.features,
        "custom operation: a gradient of shape \(dx.shape), expected that of x, \(shape)")
      dx.withUnsafeBufferPointer { from in
        if let start = from.baseAddress { target.update(from: start, count: from.count) }
      }
    }
  }

  override func letGo(_ graph: Graph<Scalar>) { function = nil }
}
