package import CKernels

/// A function that is applied to every element, with its derivative.
///
/// In single precision every function is within 4 ULP of the exact value for every `Float`, also
/// where results are subnormal; in double precision it has the accuracy of the C library. NaN gives
/// NaN, infinities give the function's limits, and where the result is zero it has the sign that the
/// function has there: `tanh(-0)`, `relu(-0)`, `softsign(-0)` are `-0`.
///
/// ```swift
/// let y = Activation.tanh(x)                              // a new matrix
/// Activation.sigmoid.apply(to: &gates)                    // in place
/// Activation.tanh.applyDerivative(fromOutput: y, to: &d)  // d ← d ∘ (1 - y²)
/// ```
///
/// Derivatives are given by the output `y = f(x)`, so that nothing but `y` must be kept.
public enum Activation: Hashable, Sendable, Codable {
  /// `x`, with derivative 1.
  case identity
  /// The hyperbolic tangent, with derivative `1 - y²`.
  case tanh
  /// The logistic function `1 / (1 + e^-x)`, with derivative `y·(1 - y)`.
  case sigmoid
  /// `max(x, 0)`, with derivative 1 where `y > 0`, else 0. NaN stays NaN in both.
  case relu
  /// `x` where it is positive, else `α·x`; the derivative is 1 where `y > 0`, else `α`.
  case leakyRelu(alpha: Double = 0.01)
  /// `x` where it is positive, else `α·(e^x - 1)` (Clevert et al. 2016); the derivative is 1 where
  /// `y > 0`, else `y + α`.
  case elu(alpha: Double = 1)
  /// `log(1 + e^x)`, with derivative `1 - e^-y`.
  case softplus
  /// `x / (1 + |x|)`, with derivative `(1 - |y|)²`.
  case softsign
  /// `α·x + β` limited to `[0, 1]`, with derivative `α` where `0 < y < 1`, else 0. Frameworks differ
  /// in `α`: 0.2 is that of ONNX and Keras 2, 1/6 that of PyTorch and Keras 3.
  case hardSigmoid(alpha: Double = 0.2, beta: Double = 0.5)
  /// `e^x`, with derivative `y`.
  case exp
}

extension Activation {
  /// Whether the derivative is a function of the output: not for ``leakyRelu(alpha:)`` and
  /// ``elu(alpha:)`` with a negative `alpha`, whose outputs are positive on both sides of 0.
  public var hasDerivativeFromOutput: Bool {
    switch self {
    case .leakyRelu(let alpha), .elu(let alpha): alpha >= 0
    default: true
    }
  }

  func checkDerivative() {
    require(
      hasDerivativeFromOutput,
      "Activation: the derivative of \(self) is no function of its output; alpha must not be negative"
    )
  }
}

extension Activation {
  /// The function's name in files, its number among the kernels, and `α` and `β` where it has them.
  package var form: (name: String, function: ck_activation, alpha: Double?, beta: Double?) {
    switch self {
    case .identity: ("identity", CK_ACTIVATION_IDENTITY, nil, nil)
    case .tanh: ("tanh", CK_ACTIVATION_TANH, nil, nil)
    case .sigmoid: ("sigmoid", CK_ACTIVATION_SIGMOID, nil, nil)
    case .relu: ("relu", CK_ACTIVATION_RELU, nil, nil)
    case .leakyRelu(let alpha): ("leakyRelu", CK_ACTIVATION_LEAKY_RELU, alpha, nil)
    case .elu(let alpha): ("elu", CK_ACTIVATION_ELU, alpha, nil)
    case .softplus: ("softplus", CK_ACTIVATION_SOFTPLUS, nil, nil)
    case .softsign: ("softsign", CK_ACTIVATION_SOFTSIGN, nil, nil)
    case .hardSigmoid(let alpha, let beta):
      ("hardSigmoid", CK_ACTIVATION_HARD_SIGMOID, alpha, beta)
    case .exp: ("exp", CK_ACTIVATION_EXP, nil, nil)
    }
  }

  /// The function of that name, with its usual coefficients where none are given.
  package init?(named name: String, alpha: Double?, beta: Double?) {
    let all: [Activation] = [
      .identity, .tanh, .sigmoid, .relu, .leakyRelu(alpha: alpha ?? 0.01), .elu(alpha: alpha ?? 1),
      .softplus, .softsign, .hardSigmoid(alpha: alpha ?? 0.2, beta: beta ?? 0.5), .exp,
    ]
    guard let found = all.first(where: { $0.form.name == name }) else { return nil }
    self = found
  }
}
