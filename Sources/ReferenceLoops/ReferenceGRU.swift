import RealModule

/// Where a gated recurrent unit applies its reset gate.
public enum ReferenceGRUVariant: String, CaseIterable, Sendable {
  /// To the recurrent product: `n = tanh(Wₙ·x + bₙ + r∘(Uₙ·h + recurrentBias))`, as cuDNN and
  /// PyTorch do.
  case resetAfter
  /// To the state, before the product: `n = tanh(Wₙ·x + bₙ + Uₙ·(r∘h))`, as Cho et al. (2014) do.
  case resetBefore
}

/// A gated recurrent unit layer as plain scalar loops: the oracle of the fused engine.
///
/// ```
/// [r z] = σ(W·x[t] + U·h[t−1] + b)
/// n = tanh(Wₙ·x[t] + bₙ + r∘(Uₙ·h[t−1] + recurrentBias))      .resetAfter
/// n = tanh(Wₙ·x[t] + bₙ + Uₙ·(r∘h[t−1]))                      .resetBefore
/// h[t] = (1 − z)∘n + z∘h[t−1]
/// ```
///
/// K. Cho et al., "Learning phrase representations using RNN encoder–decoder for statistical machine
/// translation", EMNLP 2014 (`.resetBefore`); the form of cuDNN and PyTorch keeps all recurrent
/// products on the same state (`.resetAfter`). All arrays are row-major; the gates are in the order
/// r, z, n.
public struct ReferenceGRU<Scalar: Real & BinaryFloatingPoint> {
  /// The number of input features, `D`.
  public var inputSize: Int
  /// The number of hidden units, `H`.
  public var hiddenSize: Int
  /// Where the reset gate is applied.
  public var variant: ReferenceGRUVariant
  /// The input weights, `[3H, D]`.
  public var W: [Scalar]
  /// The recurrent weights, `[3H, H]`.
  public var U: [Scalar]
  /// The biases, `[3H]`.
  public var b: [Scalar]
  /// The bias inside the reset of the candidate, `[H]`, PyTorch's `b_hn`; empty or zeros for
  /// `.resetBefore`, which has none.
  public var recurrentBias: [Scalar]

  /// Makes a layer of given weights.
  ///
  /// - Precondition: `W`, `U` and `b` have the shapes `[3H, D]`, `[3H, H]` and `[3H]`;
  ///   `recurrentBias` has the shape `[H]`, or is empty or zero for `.resetBefore`.
  @inlinable
  public init(
    inputSize: Int, hiddenSize: Int, variant: ReferenceGRUVariant,
    W: [Scalar], U: [Scalar], b: [Scalar], recurrentBias: [Scalar] = []
  ) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    self.variant = variant
    self.W = W
    self.U = U
    self.b = b
    self.recurrentBias = recurrentBias
    checkShapes()
  }

  @usableFromInline
  func checkShapes() {
    checkSizes(inputSize: inputSize, hiddenSize: hiddenSize)
    checkCount("W", W.count, "[3H, D]", 3 * hiddenSize, inputSize)
    checkCount("U", U.count, "[3H, H]", 3 * hiddenSize, hiddenSize)
    checkCount("b", b.count, "[3H]", 3 * hiddenSize)
    if variant == .resetAfter || !recurrentBias.isEmpty {
      checkCount("recurrentBias", recurrentBias.count, "[H]", hiddenSize)
    }
    precondition(
      variant == .resetAfter || recurrentBias.allSatisfy { $0 == 0 },
      "recurrentBias is not zero, expected none: .resetBefore has no such bias")
  }
}

extension ReferenceGRU: Sendable where Scalar: Sendable {}
