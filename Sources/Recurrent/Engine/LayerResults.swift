/// What a layer returns for a batch of sequences.
public struct RecurrentOutput<State: CarriedState>: Sendable {
  /// Every output, `[T, N, F]`, for one layer its hidden states, `[T, N, H]`; zero after the end of a
  /// sequence.
  public var outputs: SequenceBatch<State.Scalar>
  /// The state of each sequence after its last step.
  public var finalState: State

  /// The outputs and the final state of a layer that is written outside of this module.
  public init(_ outputs: SequenceBatch<State.Scalar>, finalState: State) {
    (self.outputs, self.finalState) = (outputs, finalState)
  }
}

/// The gradients of what went into a layer's forward pass.
public struct InputGradients<State: CarriedState>: Sendable {
  /// `∂L/∂x`, `[T, N, D]`; zero after the end of a sequence.
  public var x: SequenceBatch<State.Scalar>
  /// The gradient of the state before the first step: `∂L/∂h₀` and, for cells that have one, `∂L/∂c₀`.
  public var initialState: State

  /// The gradients that a layer returns that is written outside of this module.
  public init(_ x: SequenceBatch<State.Scalar>, initialState: State) {
    (self.x, self.initialState) = (x, initialState)
  }
}
