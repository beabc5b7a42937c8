import LinAlg
import Recurrent

// Functions of each element.
extension Node {
  /// `f(x)` for each element, with the derivative that the function has; see `Activation`.
  public func activated(_ function: Activation) -> Node {
    let graph = graph
    require(
      function.hasDerivativeFromOutput,
      "activated: the derivative of \(function) is no function of its output")
    let operation = graph.next(ActivationOperation<Scalar>.self) { ActivationOperation() }
    return operation(function, self, on: graph)
  }

  /// The hyperbolic tangent of each element.
  public func tanh() -> Node { activated(.tanh) }
  /// The logistic function of each element, `1 / (1 + e⁻ˣ)`.
  public func sigmoid() -> Node { activated(.sigmoid) }
  /// `max(x, 0)` for each element.
  public func relu() -> Node { activated(.relu) }
  /// `eˣ` for each element.
  public func exp() -> Node { activated(.exp) }

  /// The natural logarithm of each element: `-∞` for zeros, NaN for negative numbers.
  public func log() -> Node { mapped(.logarithm) }
  /// `x²` for each element.
  public func squared() -> Node { mapped(.square) }
  /// `√x` for each element; NaN for negative numbers.
  public func squareRoot() -> Node { mapped(.squareRoot) }
  /// `|x|` for each element, whose derivative at 0 is taken as 0.
  public func magnitude() -> Node { mapped(.magnitude) }
  /// `alpha·x + beta` for each element.
  public func scaled(by alpha: Scalar, plus beta: Scalar = 0) -> Node {
    mapped(.affine(alpha, beta))
  }
  /// `x` limited to `range`; the derivative is 0 outside of it and 1 inside and at its ends.
  public func clamped(to range: ClosedRange<Scalar>) -> Node {
    mapped(.clamp(range.lowerBound, range.upperBound))
  }

  private func mapped(_ function: ElementFunction<Scalar>) -> Node {
    let graph = graph
    let operation = graph.next(MapOperation<Scalar>.self) { MapOperation() }
    return operation(function, self, on: graph)
  }
}

/// `y = f(x)`, `dx = dy∘f'(y)`.
private final class ActivationOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var function = Activation.identity
  private var dx: UnsafeMutablePointer<Scalar>?

  override var name: StaticString { "activated" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .activation(function)
  }

  func callAsFunction(
    _ function: Activation, _ x: Node<Scalar>, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    self.function = function
    take(x, isRead: false, on: graph)
    let y = give(x.shape, isRead: true, on: graph)
    graph.divideForward(self, rows: y.shape.rows, work: 4 * y.shape.count)
    graph.finish(self)
    return y
  }

  override func forward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    let F = graph.shape(outputs[0]).features
    Scalar.apply(
      function, graph.values(inputs[0]) + rows.lowerBound * F,
      into: graph.output(outputs[0]) + rows.lowerBound * F, count: rows.count * F)
  }

  override func backward(_ graph: Graph<Scalar>) {
    let shape = graph.shape(outputs[0])
    graph.contribute(to: inputs[0]) { dx in
      self.dx = dx
      graph.divideBackward(self, rows: shape.rows, work: shape.count)
    }
  }

  override func backward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    guard let dx, let dy = graph.gradient(outputs[0]) else { return }
    let F = graph.shape(outputs[0]).features
    let start = rows.lowerBound * F
    Scalar.applyDerivative(
      function, output: graph.values(outputs[0]) + start, dy + start, into: dx + start,
      count: rows.count * F)
  }
}

/// A function whose derivative is taken from what goes in.
package enum ElementFunction<Scalar: RecurrentScalar> {
  case logarithm
  case square
  case squareRoot
  case magnitude
  case affine(Scalar, Scalar)
  case clamp(Scalar, Scalar)

  /// Whether the way back reads what went in.
  var readsInput: Bool {
    if case .affine = self { false } else { true }
  }
}

private final class MapOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var function = ElementFunction<Scalar>.square
  private var dx: UnsafeMutablePointer<Scalar>?

  override var name: StaticString { "element function" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .function(function)
  }

  func callAsFunction(
    _ function: ElementFunction<Scalar>, _ x: Node<Scalar>, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    self.function = function
    take(x, isRead: function.readsInput, on: graph)
    let y = give(x.shape, on: graph)
    graph.divideForward(self, rows: y.shape.rows, work: y.shape.count)
    graph.finish(self)
    return y
  }

  override func forward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    let F = graph.shape(outputs[0]).features
    let start = rows.lowerBound * F
    mapElements(
      function, graph.values(inputs[0]) + start, into: graph.output(outputs[0]) + start,
      count: rows.count * F)
  }

  override func backward(_ graph: Graph<Scalar>) {
    let shape = graph.shape(outputs[0])
    graph.contribute(to: inputs[0]) { dx in
      self.dx = dx
      graph.divideBackward(self, rows: shape.rows, work: shape.count)
    }
  }

  override func backward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    guard let dx, let dy = graph.gradient(outputs[0]) else { return }
    let F = graph.shape(outputs[0]).features
    let start = rows.lowerBound * F
    if case .affine(let alpha, _) = function {
      return scaleElements(
        dy + start, by: alpha, plus: 0, into: dx + start, count: rows.count * F)
    }
    mapElementsBackward(
      function, graph.values(inputs[0]) + start, dy + start, into: dx + start,
      count: rows.count * F)
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func mapElements<Scalar: RecurrentScalar>(
  _ function: ElementFunction<Scalar>, _ x: UnsafePointer<Scalar>,
  into y: UnsafeMutablePointer<Scalar>, count: Int
) {
  switch function {
  case .logarithm: Scalar.log(x, into: y, count: count)
  case .square: for i in 0..<count { y[i] = x[i] * x[i] }
  case .squareRoot: for i in 0..<count { y[i] = x[i].squareRoot() }
  case .magnitude: for i in 0..<count { y[i] = x[i].magnitude }
  case .affine(let alpha, let beta):
    scaleElements(x, by: alpha, plus: beta, into: y, count: count)
  case .clamp(let low, let high):
    for i in 0..<count { y[i] = x[i] < low ? low : x[i] > high ? high : x[i] }
  }
}

/// `dx = dy∘f'(x)`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func mapElementsBackward<Scalar: RecurrentScalar>(
  _ function: ElementFunction<Scalar>, _ x: UnsafePointer<Scalar>, _ dy: UnsafePointer<Scalar>,
  into dx: UnsafeMutablePointer<Scalar>, count: Int
) {
  switch function {
  case .logarithm: Scalar.applyLogDerivative(input: x, dy, into: dx, count: count)
  case .square: for i in 0..<count { dx[i] = 2 * x[i] * dy[i] }
  case .squareRoot: for i in 0..<count { dx[i] = dy[i] / (2 * x[i].squareRoot()) }
  case .magnitude:
    for i in 0..<count { dx[i] = x[i] > 0 ? dy[i] : x[i] < 0 ? -dy[i] : 0 * x[i] * dy[i] }
  case .affine(let alpha, _): scaleElements(dy, by: alpha, plus: 0, into: dx, count: count)
  case .clamp(let low, let high):
    for i in 0..<count { dx[i] = x[i] < low || x[i] > high ? 0 : dy[i] }
  }
}
