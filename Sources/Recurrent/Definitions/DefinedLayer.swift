import LinAlg

/// A recurrent layer whose cell is a ``CellDefinition``.
///
/// It runs as the built-in layers do: products with the input for many steps at once, one product per
/// step for everything that reads the same state, packed weights, threads, sequences of different
/// lengths, tapes, streaming. What a step computes between its products is a program that is run in
/// blocks that stay in the first-level cache; the backward pass is derived from the definition.
///
/// How it runs forward is in `DefinedLayer+Forward.swift`, backward in `DefinedLayer+Backward.swift`.
public struct DefinedLayer<Scalar: RecurrentScalar>: RecurrentLayer {
  /// All states of the definition.
  public typealias State = DefinedState<Scalar>

  /// The trainable numbers, by the names that the definition gives them.
  public var parameters: DefinedParameters<Scalar>

  /// The cell.
  public var definition: CellDefinition { parameters.plan.definition }
  /// `D`, the number of features of an input step.
  public var inputSize: Int { parameters.plan.inputSize }
  /// `H`, the number of hidden units.
  public var hiddenSize: Int { parameters.plan.hiddenSize }
  /// The scalars of each sequence's states behind the first.
  public var cellSize: Int { parameters.plan.cellSize }

  /// A layer with the given parameters.
  public init(parameters: DefinedParameters<Scalar>) { self.parameters = parameters }

  /// A layer with random weights; biases and other per-unit parameters start as the definition says.
  ///
  /// - Parameters:
  ///   - definition: the cell.
  ///   - inputSize: `D`.
  ///   - hiddenSize: `H`.
  ///   - inputWeights: the rule for the weights of each projection of `x`, `[H, D]`.
  ///   - recurrentWeights: the rule for the weights of every other projection, `[H, H]`.
  ///   - generator: the source of randomness.
  /// - Throws: ``CellDefinitionError/inputSize(node:inputSize:hiddenSize:)`` where the definition uses
  ///   the input without a projection and `D` is not `H`.
  public init(
    _ definition: CellDefinition, inputSize: Int, hiddenSize: Int,
    inputWeights: Initializer<Scalar> = .glorotUniform,
    recurrentWeights: Initializer<Scalar> = .orthogonal(1),
    using generator: inout some RandomNumberGenerator
  ) throws(CellDefinitionError) {
    parameters = try DefinedParameters(definition, inputSize: inputSize, hiddenSize: hiddenSize)
    parameters.initialize(
      input: inputWeights, recurrent: recurrentWeights, using: &generator)
  }

  /// The state of a definition's name, `[N, H]`, out of all states.
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
