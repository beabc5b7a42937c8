import LinAlg

/// A recurrent layer whose cell is a ``CellDefinition``.
///
/// It runs as the built-in layers do: products with the input for many steps at once, one product per
/// step for everything that reads the same state, packed weights, threads, sequences of different
/// lengths, tapes, streaming. What a step computes between its products is a program that is run in
/// blocks that stay in the first-level cache, or a kernel written by hand where there is one for the
/// cell; the backward pass is derived from the definition.
///
/// How a step runs forward is in `Engine/CellPass+Forward.swift`, backward in `CellPass+Backward.swift`.
public struct DefinedLayer<Scalar: RecurrentScalar>: RecurrentLayer {
  /// All states of the definition.
  public typealias State = DefinedState<Scalar>

  /// The trainable numbers, by the names that the definition gives them.
  public var parameters: DefinedParameters<Scalar>

  /// The cell.
  public var definition: CellDefinition { parameters.plan.definition }
  /// The type, the definition's name, and a number that says what its nodes do with each other.
  public var kind: String { "\(Self.self)(\(parameters.plan.fingerprint))" }

  /// A layer with the given parameters.
  public init(parameters: DefinedParameters<Scalar>) { self.parameters = parameters }

  /// A layer with random weights; biases and other per-unit parameters start as the definition says.
  ///
  /// - Parameters:
  ///   - definition: the cell.
  ///   - inputSize: `D`.
  ///   - hiddenSize: `H`.
  ///   - outputSize: `P`, how many features the output, which is the first state, has: at most `H`, and
  ///     nil means `H`. Less than `H` needs a cell that makes its output by a projection, and then
  ///     everything that the cell makes of the output without one has `P` features too.
  ///   - inputWeights: the rule for the weights of each projection of `x`, `[H, D]`.
  ///   - recurrentWeights: the rule for the weights of every other projection, `[H, H]`.
  ///   - generator: the source of randomness.
  /// - Throws: ``CellDefinitionError`` where the sizes do not fit the definition: it uses the input without
  ///   a projection and `D` is not `H`, or the output without one and `P` is not `H`.
  public init(
    _ definition: CellDefinition, inputSize: Int, hiddenSize: Int, outputSize: Int? = nil,
    inputWeights: Initializer<Scalar> = .glorotUniform,
    recurrentWeights: Initializer<Scalar> = .orthogonal(1),
    using generator: inout some RandomNumberGenerator
  ) throws(CellDefinitionError) {
    parameters = try DefinedParameters(
      definition, inputSize: inputSize, hiddenSize: hiddenSize, outputSize: outputSize)
    parameters.initialize(
      input: inputWeights, recurrent: recurrentWeights, using: &generator)
  }

  /// The state of a definition's name, `[N, H]`, or `[N, P]` for the first, out of all states.
  ///
  /// - Precondition: the definition has such a state.
  public func state(_ name: String, of state: State) -> Matrix<Scalar> {
    guard let place = definition.states.firstIndex(where: { $0.name == name }) else {
      failRequirement(
        "cell '\(definition.name)' has no state '\(name)', it has \(definition.states.map(\.name))")
    }
    return state[place]
  }
}
