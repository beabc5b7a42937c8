import LinAlg

/// A gated recurrent unit layer (Cho et al. 2014).
///
/// For every step `t`, with `σ` the logistic function,
/// ```
/// r = σ(x[t]·Wᵣᵀ + h·Uᵣᵀ + bᵣ)     reset gate
/// z = σ(x[t]·W_zᵀ + h·U_zᵀ + b_z)  update gate
/// n = tanh(…)                      candidate, by ``GRUOptions/Candidate``
/// h ← (1 − z)∘n + z∘h
/// ```
/// The gates are one matrix, in the order r z n (PyTorch's). Some papers and frameworks exchange the
/// roles of `z` and `1 − z`; weights are converted where files are read. ``GRUOptions`` change the cell.
public struct GRU<Scalar: RecurrentScalar>: RecurrentLayer {
  /// The hidden state alone.
  public typealias State = HiddenState<Scalar>

  /// `W`, `U`, `b`, for ``GRUOptions/Candidate/resetAfter`` `b_hn`, and what the options add.
  public var parameters: GRUParameters<Scalar>
  /// What the cell is.
  public var options: GRUOptions { parameters.options }
  /// What the candidate is: where the reset gate acts.
  public var variant: GRUOptions.Candidate { options.candidate }
  /// The type, the variant and, with options, what tells the cell apart from others.
  public var kind: String {
    options == GRUOptions(candidate: variant)
      ? "\(Self.self)(\(variant.rawValue))" : "\(Self.self)(\(parameters.plan.fingerprint))"
  }

  /// A layer with the given parameters.
  public init(parameters: GRUParameters<Scalar>) { self.parameters = parameters }

  /// A plain layer with random weights and zero biases.
  ///
  /// - Parameters:
  ///   - inputSize: `D`.
  ///   - hiddenSize: `H`.
  ///   - variant: where the reset gate acts.
  ///   - inputWeights: the rule for each gate's `[H, D]` block of `W`.
  ///   - recurrentWeights: the rule for each gate's `[H, H]` block of `U`.
  ///   - generator: the source of randomness.
  public init(
    inputSize: Int, hiddenSize: Int, variant: GRUOptions.Candidate = .resetAfter,
    inputWeights: Initializer<Scalar> = .glorotUniform,
    recurrentWeights: Initializer<Scalar> = .orthogonal(1),
    using generator: inout some RandomNumberGenerator
  ) {
    parameters = GRUParameters(inputSize: inputSize, hiddenSize: hiddenSize, variant: variant)
    parameters.initialize(input: inputWeights, recurrent: recurrentWeights, using: &generator)
  }

  /// A layer of the cell that the options describe, with random weights.
  ///
  /// - Parameters:
  ///   - inputSize: `D`.
  ///   - hiddenSize: `H`.
  ///   - options: what the cell is.
  ///   - inputWeights: the rule for each gate's `[H, D]` block of `W`.
  ///   - recurrentWeights: the rule for each gate's `[H, H]` block of `U`.
  ///   - generator: the source of randomness.
  /// - Throws: what cannot be combined, or which number is wrong.
  public init(
    inputSize: Int, hiddenSize: Int, options: GRUOptions,
    inputWeights: Initializer<Scalar> = .glorotUniform,
    recurrentWeights: Initializer<Scalar> = .orthogonal(1),
    using generator: inout some RandomNumberGenerator
  ) throws(LayerOptionsError) {
    parameters = try GRUParameters(inputSize: inputSize, hiddenSize: hiddenSize, options: options)
    parameters.initialize(input: inputWeights, recurrent: recurrentWeights, using: &generator)
  }
}

/// The parameters of a ``GRU``: `W [3H, D]`, `U [3H, H]`, `b [3H]`, gates in the order r z n, and for
/// ``GRUOptions/Candidate/resetAfter`` the candidate's recurrent bias `b_hn [H]`, which the reset gate
/// scales. Layer normalization adds its gains.
public struct GRUParameters<Scalar: RecurrentScalar>: GatedParameters {
  /// What the cell is.
  public let options: GRUOptions
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
  public init(
    inputSize: Int, hiddenSize: Int, variant: GRUOptions.Candidate = .resetAfter
  ) {
    options = GRUOptions(candidate: variant)
    plan = options.fittingPlan(inputSize: inputSize, hiddenSize: hiddenSize, Scalar.self)
    block = ParameterBlock(plan.parameterLayout)
  }

  /// Parameters of zeros.
  ///
  /// - Throws: what cannot be combined, or which number is wrong.
  public init(
    inputSize: Int, hiddenSize: Int, options: GRUOptions
  ) throws(LayerOptionsError) {
    self.options = options
    plan = try options.plan(inputSize: inputSize, hiddenSize: hiddenSize, Scalar.self)
    block = ParameterBlock(plan.parameterLayout)
  }

  /// `b_hn`, `[1, H]`: the bias inside the product that the reset gate scales. Reading copies it.
  ///
  /// - Precondition: the candidate is ``GRUOptions/Candidate/resetAfter``; others have no such bias.
  public var recurrentBias: Matrix<Scalar> {
    get { self["b_hn"] }
    set { self["b_hn"] = newValue }
  }
}

/// The gates of a ``GRU``.
public enum GRUGate: String, Sendable, Hashable, CaseIterable {
  /// `r`, how much of the past the candidate sees.
  case reset = "r"
  /// `z`, how much of the past is kept.
  case update = "z"
  /// `n`, what takes its place.
  case candidate = "n"
}

extension GRU {
  /// The activations of one gate at every step of a recorded pass, `[T, N, H]`; zero after the end of a
  /// sequence.
  ///
  /// - Precondition: the tape holds a recording that no backward pass has used: that one puts
  ///   gradients in the gates' place.
  public func gate(_ gate: GRUGate, of tape: Tape<State>) -> SequenceBatch<Scalar> {
    trace(gate.rawValue, of: tape)
  }
}
