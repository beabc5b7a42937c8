import LinAlg

/// A simple recurrent layer (Elman 1990).
///
/// For every step `t`,
/// ```
/// h ← act(x[t]·Wᵀ + h·Uᵀ + b)      act = tanh, relu or another
/// ```
/// ``RNNOptions`` change the cell.
public struct SimpleRNN<Scalar: RecurrentScalar>: RecurrentLayer {
  /// The hidden state alone.
  public typealias State = HiddenState<Scalar>

  /// `W`, `U`, `b`, and what the options add.
  public var parameters: SimpleRNNParameters<Scalar>
  /// What the cell is.
  public var options: RNNOptions { parameters.options }
  /// The activation.
  public var activation: GateActivation { options.activation }
  /// The type, the activation and, with options, what tells the cell apart from others.
  public var kind: String {
    switch options {
    case RNNOptions(activation: .tanh): "\(Self.self)(tanh)"
    case RNNOptions(activation: .relu): "\(Self.self)(relu)"
    default: "\(Self.self)(\(parameters.plan.fingerprint))"
    }
  }

  /// A layer with the given parameters.
  public init(parameters: SimpleRNNParameters<Scalar>) { self.parameters = parameters }

  /// A plain layer with random weights and zero biases.
  ///
  /// - Parameters:
  ///   - inputSize: `D`.
  ///   - hiddenSize: `H`.
  ///   - activation: tanh or relu.
  ///   - inputWeights: the rule for `W`.
  ///   - recurrentWeights: the rule for `U`.
  ///   - generator: the source of randomness.
  public init(
    inputSize: Int, hiddenSize: Int, activation: RNNActivation = .tanh,
    inputWeights: Initializer<Scalar> = .glorotUniform,
    recurrentWeights: Initializer<Scalar> = .orthogonal(1),
    using generator: inout some RandomNumberGenerator
  ) {
    parameters = SimpleRNNParameters(
      inputSize: inputSize, hiddenSize: hiddenSize, activation: activation)
    parameters.initialize(input: inputWeights, recurrent: recurrentWeights, using: &generator)
  }

  /// A layer of the cell that the options describe, with random weights.
  ///
  /// - Parameters:
  ///   - inputSize: `D`.
  ///   - hiddenSize: `H`.
  ///   - options: what the cell is.
  ///   - inputWeights: the rule for `W`.
  ///   - recurrentWeights: the rule for `U`.
  ///   - generator: the source of randomness.
  /// - Throws: which number is wrong.
  public init(
    inputSize: Int, hiddenSize: Int, options: RNNOptions,
    inputWeights: Initializer<Scalar> = .glorotUniform,
    recurrentWeights: Initializer<Scalar> = .orthogonal(1),
    using generator: inout some RandomNumberGenerator
  ) throws(LayerOptionsError) {
    parameters = try SimpleRNNParameters(
      inputSize: inputSize, hiddenSize: hiddenSize, options: options)
    parameters.initialize(input: inputWeights, recurrent: recurrentWeights, using: &generator)
  }
}

/// The parameters of a ``SimpleRNN``: `W [H, D]`, `U [H, H]`, `b [H]`. Layer normalization adds its gains.
public struct SimpleRNNParameters<Scalar: RecurrentScalar>: GatedParameters {
  /// What the cell is.
  public let options: RNNOptions
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
  public init(inputSize: Int, hiddenSize: Int, activation: RNNActivation = .tanh) {
    options = RNNOptions(activation: activation == .tanh ? .tanh : .relu)
    plan = options.fittingPlan(inputSize: inputSize, hiddenSize: hiddenSize, Scalar.self)
    block = ParameterBlock(plan.parameterLayout)
  }

  /// Parameters of zeros.
  ///
  /// - Throws: which number is wrong.
  public init(
    inputSize: Int, hiddenSize: Int, options: RNNOptions
  ) throws(LayerOptionsError) {
    self.options = options
    plan = try options.plan(inputSize: inputSize, hiddenSize: hiddenSize, Scalar.self)
    block = ParameterBlock(plan.parameterLayout)
  }
}
