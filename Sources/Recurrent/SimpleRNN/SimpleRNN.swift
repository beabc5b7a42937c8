import LinAlg

/// The activation of a ``SimpleRNN``.
public enum RNNActivation: String, Sendable, Hashable, Codable, CaseIterable {
  /// The hyperbolic tangent.
  case tanh
  /// `max(·, 0)`.
  case relu
}

/// A simple recurrent layer (Elman 1990).
///
/// For every step `t`,
/// ```
/// h ← act(x[t]·Wᵀ + h·Uᵀ + b)      act = tanh or relu
/// ```
public struct SimpleRNN<Scalar: RecurrentScalar>: RecurrentLayer {
  /// The hidden state alone.
  public typealias State = HiddenState<Scalar>

  /// `D`, the number of features of an input step.
  public var inputSize: Int { parameters.inputSize }
  /// `H`, the number of hidden units.
  public var hiddenSize: Int { parameters.hiddenSize }
  /// The activation.
  public let activation: RNNActivation
  /// The type and the activation.
  public var kind: String { "\(Self.self)(\(activation.rawValue))" }
  /// `W`, `U` and `b`.
  public var parameters: SimpleRNNParameters<Scalar>

  /// A layer with the given parameters.
  public init(parameters: SimpleRNNParameters<Scalar>, activation: RNNActivation = .tanh) {
    self.parameters = parameters
    self.activation = activation
  }

  /// A layer with random weights and zero biases.
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
    self.activation = activation
    parameters = SimpleRNNParameters(inputSize: inputSize, hiddenSize: hiddenSize)
    parameters.initializeWeights(
      gates: 1, input: inputWeights, recurrent: recurrentWeights, using: &generator)
  }
}

/// The parameters of a ``SimpleRNN``: `W [H, D]`, `U [H, H]`, `b [H]`.
public struct SimpleRNNParameters<Scalar: RecurrentScalar>: GatedParameters {
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
    block = ParameterBlock(Self.specs(gates: 1, inputSize: inputSize, hiddenSize: hiddenSize))
  }
}
