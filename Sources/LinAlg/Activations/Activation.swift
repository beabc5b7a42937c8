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
