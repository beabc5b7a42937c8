import RealModule

/// A long short-term memory layer as plain scalar loops: the oracle of the fused engine.
///
/// ```
/// [i f g o] = W·x[t] + U·h[t−1] + b      i, f, o ← σ     g ← tanh
/// c[t] = f∘c[t−1] + i∘g                   h[t] = o∘tanh(c[t])
/// ```
///
/// S. Hochreiter & J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997, with the
/// forget gate of F. A. Gers, J. Schmidhuber & F. Cummins, "Learning to forget", Neural Computation
/// 12(10), 2000. All arrays are row-major; the gates are in the order i, f, g, o.
public struct ReferenceLSTM<Scalar: Real & BinaryFloatingPoint> {
  /// The number of input features, `D`.
  public var inputSize: Int
  /// The number of hidden units, `H`.
  public var hiddenSize: Int
  /// The input weights, `[4H, D]`.
  public var W: [Scalar]
  /// The recurrent weights, `[4H, H]`.
  public var U: [Scalar]
  /// The biases, `[4H]`.
  public var b: [Scalar]

  /// Makes a layer of given weights.
  ///
  /// - Precondition: `W`, `U` and `b` have the shapes `[4H, D]`, `[4H, H]` and `[4H]`.
  @inlinable
  public init(inputSize: Int, hiddenSize: Int, W: [Scalar], U: [Scalar], b: [Scalar]) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    self.W = W
    self.U = U
    self.b = b
    checkShapes()
  }

  @usableFromInline
  func checkShapes() {
    checkSizes(inputSize: inputSize, hiddenSize: hiddenSize)
    checkCount("W", W.count, "[4H, D]", 4 * hiddenSize, inputSize)
    checkCount("U", U.count, "[4H, H]", 4 * hiddenSize, hiddenSize)
    checkCount("b", b.count, "[4H]", 4 * hiddenSize)
  }
}

extension ReferenceLSTM: Sendable where Scalar: Sendable {}
