import LinAlg

/// The activation functions of ONNX's recurrent operators, with their `α` and `β`.
public enum GateActivation: Hashable, Codable, Sendable {
  /// `max(x, 0)`.
  case relu
  /// `tanh(x)`.
  case tanh
  /// `1 / (1 + e⁻ˣ)`.
  case sigmoid
  /// `α·x + β`; with 1 and 0, no activation.
  case affine(alpha: Double, beta: Double)
  /// `x` where `x ≥ 0`, else `α·x`; `α` is not negative.
  case leakyRelu(alpha: Double = 0.01)
  /// `x` where `x > α`, else 0.
  case thresholdedRelu(alpha: Double = 1)
  /// `α·tanh(β·x)`.
  case scaledTanh(alpha: Double, beta: Double)
  /// `α·x + β` limited to `[0, 1]`; `α` is not negative.
  case hardSigmoid(alpha: Double = 0.2, beta: Double = 0.5)
  /// `x` where `x ≥ 0`, else `α·(eˣ − 1)`; `α` is not negative.
  case elu(alpha: Double = 1)
  /// `x / (1 + |x|)`.
  case softsign
  /// `log(1 + eˣ)`.
  case softplus

  /// No activation: `x`.
  public static var identity: GateActivation { .affine(alpha: 1, beta: 0) }

  /// The function of a value of a cell.
  public func callAsFunction(_ x: CellExpression) -> CellExpression {
    switch self {
    case .relu: x.activated(by: .relu)
    case .tanh: x.activated(by: .tanh)
    case .sigmoid: x.activated(by: .sigmoid)
    case .affine(1, 0): x
    case .affine(let alpha, let beta): .constant(alpha) * x + .constant(beta)
    case .leakyRelu(let alpha): x.activated(by: .leakyRelu(alpha: alpha))
    case .thresholdedRelu(let alpha): x.thresholded(above: alpha)
    case .scaledTanh(let alpha, let beta):
      .constant(alpha) * (.constant(beta) * x).activated(by: .tanh)
    case .hardSigmoid(let alpha, let beta):
      x.activated(by: .hardSigmoid(alpha: alpha, beta: beta))
    case .elu(let alpha): x.activated(by: .elu(alpha: alpha))
    case .softsign: x.activated(by: .softsign)
    case .softplus: x.activated(by: .softplus)
    }
  }

  /// Throws what is wrong with the coefficients.
  func validate(_ option: String) throws(LayerOptionsError) {
    let numbers: [Double]
    switch self {
    case .relu, .tanh, .sigmoid, .softsign, .softplus: return
    case .affine(let alpha, let beta), .scaledTanh(let alpha, let beta): numbers = [alpha, beta]
    case .thresholdedRelu(let alpha): numbers = [alpha]
    case .leakyRelu(let alpha), .elu(let alpha):
      if alpha < 0 { throw .negativeAlpha(option) }
      numbers = [alpha]
    case .hardSigmoid(let alpha, let beta):
      if alpha < 0 { throw .negativeAlpha(option) }
      numbers = [alpha, beta]
    }
    guard numbers.allSatisfy(\.isFinite) else { throw .notFinite(option) }
  }
}
