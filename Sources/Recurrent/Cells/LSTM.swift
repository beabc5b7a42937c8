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
/// gates are one matrix, in the order i f g o (PyTorch's). ``LSTMOptions`` change the cell: peepholes, a
/// projection, other activations, fewer gates, and more.
///
/// The equation stands in `LSTMOptions.swift`, the kernels that compute the plain one in
/// `Sources/CKernels/cells.inc`; the time loops are in `Engine/`.
public struct LSTM<Scalar: RecurrentScalar>: RecurrentLayer {
  /// Hidden and cell state.
  public typealias State = LSTMState<Scalar>

  /// `W`, `U`, `b`, and what the options add.
  public var parameters: LSTMParameters<Scalar>
  /// What the cell is.
  public var options: LSTMOptions { parameters.options }
  /// The type and, with options, what tells the cell apart from others.
  public var kind: String {
    options == LSTMOptions() ? "\(Self.self)" : "\(Self.self)(\(parameters.plan.fingerprint))"
  }

  /// A layer with the given parameters.
  public init(parameters: LSTMParameters<Scalar>) { self.parameters = parameters }

  /// A plain layer with random parameters.
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
    parameters.initialize(input: inputWeights, recurrent: recurrentWeights, using: &generator)
    if forgetBias != 1 {
      parameters["b_f"] = Matrix(repeating: forgetBias, rows: 1, columns: hiddenSize)
    }
  }

  /// A layer of the cell that the options describe, with random weights.
  ///
  /// - Parameters:
  ///   - inputSize: `D`.
  ///   - hiddenSize: `H`.
  ///   - options: what the cell is; also the forget gate's first bias.
  ///   - inputWeights: the rule for each gate's `[H, D]` block of `W`.
  ///   - recurrentWeights: the rule for each gate's `[H, P]` block of `U` and every other matrix.
  ///   - generator: the source of randomness.
  /// - Throws: what cannot be combined, which number is wrong, or which size does not fit.
  public init(
    inputSize: Int, hiddenSize: Int, options: LSTMOptions,
    inputWeights: Initializer<Scalar> = .glorotUniform,
    recurrentWeights: Initializer<Scalar> = .orthogonal(1),
    using generator: inout some RandomNumberGenerator
  ) throws(LayerOptionsError) {
    parameters = try LSTMParameters(
      inputSize: inputSize, hiddenSize: hiddenSize, options: options)
    parameters.initialize(input: inputWeights, recurrent: recurrentWeights, using: &generator)
  }
}

/// The parameters of an ``LSTM``: `W [4H, D]`, `U [4H, H]`, `b [4H]`, gates in the order i f g o.
///
/// Options change them: a gate that is left out has no rows; a projection makes `U [4H, P]` and adds
/// `W_p [P, H]`; memory connections add `p_i p_f p_o` or `V_i V_f V_o`, layer normalization its gains.
public struct LSTMParameters<Scalar: RecurrentScalar>: GatedParameters {
  /// What the cell is.
  public let options: LSTMOptions
  /// The cell compiled for its sizes.
  public let plan: CellPlan
  /// All parameters in one allocation.
  public var block: ParameterBlock<Scalar>

  /// Calls `body` with every scalar of the one block in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    Self.checkBlock(index)
    return try block.withUnsafeMutableBufferPointer(body)
  }

  /// Parameters of zeros of a plain cell.
  public init(inputSize: Int, hiddenSize: Int) {
    options = LSTMOptions()
    plan = options.fittingPlan(inputSize: inputSize, hiddenSize: hiddenSize, Scalar.self)
    block = ParameterBlock(plan.parameterLayout)
  }

  /// Parameters of zeros.
  ///
  /// - Throws: what cannot be combined, which number is wrong, or which size does not fit.
  public init(
    inputSize: Int, hiddenSize: Int, options: LSTMOptions
  ) throws(LayerOptionsError) {
    self.options = options
    plan = try options.plan(inputSize: inputSize, hiddenSize: hiddenSize, Scalar.self)
    block = ParameterBlock(plan.parameterLayout)
  }
}

/// The gates of an ``LSTM``.
public enum LSTMGate: String, Sendable, Hashable, CaseIterable {
  /// `i`, how much of the candidate is taken in.
  case input = "i"
  /// `f`, how much of the cell is kept.
  case forget = "f"
  /// `g`, what may be taken in.
  case candidate = "g"
  /// `o`, how much of the cell is shown.
  case output = "o"
}

extension LSTM {
  /// The activations of one gate at every step of a recorded pass, `[T, N, H]`; zero after the end of a
  /// sequence.
  ///
  /// - Precondition: the tape holds a recording that no backward pass has used: that one puts
  ///   gradients in the gates' place.
  public func gate(_ gate: LSTMGate, of tape: Tape<State>) -> SequenceBatch<Scalar> {
    trace(gate.rawValue, of: tape)
  }

  /// The cell state after every step of a recorded pass, `[T, N, H]`; after the end of a sequence, its
  /// last one.
  ///
  /// - Precondition: the tape holds a recording that no backward pass has used.
  public func cells(of tape: Tape<State>) -> SequenceBatch<Scalar> { trace("c", of: tape) }
}
