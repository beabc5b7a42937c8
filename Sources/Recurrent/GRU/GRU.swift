import LinAlg

/// Where a GRU applies its reset gate.
public enum GRUVariant: String, Sendable, Hashable, Codable, CaseIterable {
  /// After the recurrent product: `n = tanh(x·Wₙᵀ + bₙ + r∘(h·Uₙᵀ + b_hn))`. All three gates are one
  /// product per step. cuDNN's and PyTorch's form, ONNX's `linear_before_reset=1`, Keras's
  /// `reset_after=True`.
  case resetAfter
  /// Before the recurrent product: `n = tanh(x·Wₙᵀ + bₙ + (r∘h)·Uₙᵀ)`. The form of Cho et al. (2014),
  /// ONNX's `linear_before_reset=0`, Keras's `reset_after=False`.
  case resetBefore
}

/// A gated recurrent unit layer (Cho et al. 2014).
///
/// For every step `t`, with `σ` the logistic function,
/// ```
/// r = σ(x[t]·Wᵣᵀ + h·Uᵣᵀ + bᵣ)     reset gate
/// z = σ(x[t]·W_zᵀ + h·U_zᵀ + b_z)  update gate
/// n = tanh(…)                      candidate, by ``GRUVariant``
/// h ← (1 − z)∘n + z∘h
/// ```
/// The gates are one matrix, in the order r z n (PyTorch's). Some papers and frameworks exchange the
/// roles of `z` and `1 − z`; weights are converted where files are read.
public struct GRU<Scalar: RecurrentScalar>: RecurrentLayer {
  /// The hidden state alone.
  public typealias State = HiddenState<Scalar>

  /// `D`, the number of features of an input step.
  public var inputSize: Int { parameters.inputSize }
  /// `H`, the number of hidden units.
  public var hiddenSize: Int { parameters.hiddenSize }
  /// Where the reset gate acts.
  public var variant: GRUVariant { parameters.variant }
  /// The type and the variant.
  public var kind: String { "\(Self.self)(\(variant.rawValue))" }
  /// `W`, `U`, `b` and, for ``GRUVariant/resetAfter``, `recurrentBias`.
  public var parameters: GRUParameters<Scalar>

  /// A layer with the given parameters.
  public init(parameters: GRUParameters<Scalar>) { self.parameters = parameters }

  /// A layer with random weights and zero biases.
  ///
  /// - Parameters:
  ///   - inputSize: `D`.
  ///   - hiddenSize: `H`.
  ///   - variant: where the reset gate acts.
  ///   - inputWeights: the rule for each gate's `[H, D]` block of `W`.
  ///   - recurrentWeights: the rule for each gate's `[H, H]` block of `U`.
  ///   - generator: the source of randomness.
  public init(
    inputSize: Int, hiddenSize: Int, variant: GRUVariant = .resetAfter,
    inputWeights: Initializer<Scalar> = .glorotUniform,
    recurrentWeights: Initializer<Scalar> = .orthogonal(1),
    using generator: inout some RandomNumberGenerator
  ) {
    parameters = GRUParameters(inputSize: inputSize, hiddenSize: hiddenSize, variant: variant)
    parameters.initializeWeights(
      gates: 3, input: inputWeights, recurrent: recurrentWeights, using: &generator)
  }
}

/// The parameters of a ``GRU``: `W [3H, D]`, `U [3H, H]`, `b [3H]`, gates in the order r z n, and for
/// ``GRUVariant/resetAfter`` the candidate's recurrent bias `b_hn [H]`, which the reset gate scales.
public struct GRUParameters<Scalar: RecurrentScalar>: GatedParameters {
  /// `D`, the number of input features.
  public let inputSize: Int
  /// `H`, the number of hidden units.
  public let hiddenSize: Int
  /// Where the reset gate acts.
  public let variant: GRUVariant
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
  public init(inputSize: Int, hiddenSize: Int, variant: GRUVariant = .resetAfter) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    self.variant = variant
    var specs = Self.specs(gates: 3, inputSize: inputSize, hiddenSize: hiddenSize)
    if variant == .resetAfter {
      specs.append(ParameterSpec("recurrentBias", rows: 1, columns: hiddenSize))
    }
    block = ParameterBlock(specs)
  }

  /// `b_hn`, `[1, H]`: the bias inside the product that the reset gate scales. Reading copies it.
  ///
  /// - Precondition: the variant is ``GRUVariant/resetAfter``; the other form has no such bias.
  public var recurrentBias: Matrix<Scalar> {
    get {
      require(variant == .resetAfter, "only a .resetAfter GRU has a recurrent bias")
      return block[tensor: 3]
    }
    set {
      require(variant == .resetAfter, "only a .resetAfter GRU has a recurrent bias")
      block[tensor: 3] = newValue
    }
  }
}
