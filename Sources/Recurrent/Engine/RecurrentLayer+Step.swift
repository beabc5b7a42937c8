import LinAlg

extension RecurrentLayer {
  /// Advances a batch of streams by one step: `state ← step(x, state)`.
  ///
  /// The same numbers as the corresponding step of a whole-sequence call. The output of the step is
  /// `state.hidden`.
  ///
  /// - Parameters:
  ///   - x: the inputs of this step, `[N, D]`.
  ///   - state: `[N, H]` each; updated in place.
  ///   - workspace: buffers to reuse; with them (and a state that nobody else holds) a step allocates
  ///     nothing.
  /// - Precondition: `x` is `[N, D]` and the state `[N, H]`.
  public func step(
    _ x: Matrix<Scalar>, _ state: inout State, workspace: Workspace<State>? = nil
  ) {
    require(
      x.columns == inputSize && x.rows == state.hidden.rows,
      """
      step: x has shape [\(x.rows), \(x.columns)], \
      expected [N, D] = [\(state.hidden.rows), \(inputSize)]
      """)
    state.checkShape(batch: x.rows, hiddenSize: hiddenSize, "state")
    let workspace = workspace ?? Workspace()
    let gates = workspace.gates(count: x.rows * gateStorage.blocks * hiddenSize)
    let weights = forwardWeights(workspace.products)
    project(x.basePointer, rows: x.rows, into: gates, weights)
    state.makeUnique()
    let pointers = state.pointers
    forwardStep(
      ForwardStep(
        time: 0, batch: x.rows, gates: gates, previousHidden: pointers.hidden,
        hidden: pointers.hidden, previousCell: pointers.cell.map { UnsafePointer($0) },
        cell: pointers.cell, lengths: nil), weights)
    withExtendedLifetime(x) {}
  }

  /// The state of zeros for `batch` sequences.
  public func zeroState(batch: Int) -> State {
    State(zerosForBatch: batch, hiddenSize: hiddenSize)
  }
}
