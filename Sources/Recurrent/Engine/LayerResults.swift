import LinAlg

// What layers return can be made outside of this module, too: by layers that are written there.

extension RecurrentOutput {
  /// What a layer returns: every output, `[T, N, F]`, and the state of each sequence after its last
  /// step.
  public init(_ outputs: SequenceBatch<State.Scalar>, finalState: State) {
    self.init(outputs: outputs, finalState: finalState)
  }
}

extension InputGradients {
  /// What a layer's backward pass returns: `∂L/∂x`, `[T, N, D]`, and the gradient of the state before
  /// the first step.
  public init(_ x: SequenceBatch<State.Scalar>, initialState: State) {
    self.init(x: x, initialState: initialState)
  }
}
