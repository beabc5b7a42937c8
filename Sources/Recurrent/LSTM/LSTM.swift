import LinAlg

/// A long short-term memory layer.
///
/// For every step `t`, with `σ` the logistic function,
/// ```
/// i = σ(x[t]·Wᵢᵀ + h·Uᵢᵀ + bᵢ)        input gate
/// f = σ(x[t]·W_fᵀ + h·U_fᵀ + b_f)     forget gate
/// g = tanh(x[t]·W_gᵀ + h·U_gᵀ + b_g)  candidate
/// o = σ(x[t]·Wₒᵀ + h·Uₒᵀ + bₒ)        output gate
/// c ← f∘c + i∘g
/// h ← o∘tanh c
/// ```
/// following Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000). The four
/// gates are one matrix, in the order i f g o (PyTorch's).
///
/// How it runs forward is in `LSTM+Forward.swift`, backward in `LSTM+Backward.swift`; the time loops
/// that both share are in `Engine/`.
public struct LSTM<Scalar: RecurrentScalar>: RecurrentLayer {
  /// Hidden and cell state.
  public typealias State = LSTMState<Scalar>

  /// `D`, the number of features of an input step.
  public var inputSize: Int { parameters.inputSize }
  /// `H`, the number of hidden units.
  public var hiddenSize: Int { parameters.hiddenSize }
  /// `W`, `U` and `b`.
  public var parameters: LSTMParameters<Scalar>

  /// A layer with the given parameters.
  public init(parameters: LSTMParameters<Scalar>) { self.parameters = parameters }

  /// A layer with random parameters.
  ///
  /// - Parameters:
  ///   - inputSize: `D`.
  ///   - hiddenSize: `H`.
  ///   - inputWeights: the rule for each gate's `[H, D]` block of `W`.
  ///   - recurrentWeights: the rule for each gate's `[H, H]` block of `U`.
  ///   - forgetBias: the forget gate's bias; 1 lets a fresh cell remember (Jozefowicz et al. 2015).
  ///     All other biases are zero.
  ///   - generator: the source of randomness.
  public init(
    inputSize: Int, hiddenSize: Int,
    inputWeights: Initializer<Scalar> = .glorotUniform,
    recurrentWeights: Initializer<Scalar> = .orthogonal(1),
    forgetBias: Scalar = 1,
    using generator: inout some RandomNumberGenerator
  ) {
    parameters = LSTMParameters(inputSize: inputSize, hiddenSize: hiddenSize)
    parameters.initializeWeights(
      gates: LSTMParameters<Scalar>.gates, input: inputWeights, recurrent: recurrentWeights,
      using: &generator)
    parameters.fillBias(from: hiddenSize, count: hiddenSize, with: forgetBias)
  }
}

/// The parameters of an ``LSTM``: `W [4H, D]`, `U [4H, H]`, `b [4H]`, gates in the order i f g o.
public struct LSTMParameters<Scalar: RecurrentScalar>: GatedParameters {
  static var gates: Int { 4 }

  /// `D`, the number of input features.
  public let inputSize: Int
  /// `H`, the number of hidden units.
  public let hiddenSize: Int
  /// All parameters in one allocation.
  public var block: ParameterBlock<Scalar>

  /// Calls `body` with every scalar of the one block in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    Self.checkBlock(index)
    return try block.withUnsafeMutableBufferPointer(body)
  }

  /// Parameters of zeros.
  public init(inputSize: Int, hiddenSize: Int) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    block = ParameterBlock(
      Self.specs(gates: Self.gates, inputSize: inputSize, hiddenSize: hiddenSize))
  }
}
