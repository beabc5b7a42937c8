import RealModule

/// The activation of a ``ReferenceRNN``.
public enum ReferenceActivation: String, CaseIterable, Sendable {
  /// The hyperbolic tangent.
  case tanh
  /// `max(a, 0)`, whose derivative is taken as 0 at 0.
  case relu
}

/// A simple recurrent layer (Elman 1990) as plain scalar loops: the oracle of the fused engine.
///
/// ```
/// h[t] = act(W·x[t] + U·h[t−1] + b)
/// ```
///
/// J. L. Elman, "Finding structure in time", Cognitive Science 14, 1990. All arrays are row-major.
public struct ReferenceRNN<Scalar: Real & BinaryFloatingPoint> {
  /// The number of input features, `D`.
  public var inputSize: Int
  /// The number of hidden units, `H`.
  public var hiddenSize: Int
  /// The function applied to each unit's sum.
  public var activation: ReferenceActivation
  /// The input weights, `[H, D]`.
  public var W: [Scalar]
  /// The recurrent weights, `[H, H]`.
  public var U: [Scalar]
  /// The biases, `[H]`.
  public var b: [Scalar]

  /// Makes a layer of given weights.
  ///
  /// - Precondition: `W`, `U` and `b` have the shapes `[H, D]`, `[H, H]` and `[H]`.
  @inlinable
  public init(
    inputSize: Int, hiddenSize: Int, activation: ReferenceActivation,
    W: [Scalar], U: [Scalar], b: [Scalar]
  ) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    self.activation = activation
    self.W = W
    self.U = U
    self.b = b
    checkShapes()
  }

  @usableFromInline
  func checkShapes() {
    checkSizes(inputSize: inputSize, hiddenSize: hiddenSize)
    checkCount("W", W.count, "[H, D]", hiddenSize, inputSize)
    checkCount("U", U.count, "[H, H]", hiddenSize, hiddenSize)
    checkCount("b", b.count, "[H]", hiddenSize)
  }
}

extension ReferenceRNN: Sendable where Scalar: Sendable {}
