import LinAlg

extension RecurrentLayer {
  /// Advances a batch of streams by one step; see ``StreamingLayer/step(_:_:threads:workspace:)``. The same
  /// numbers as the corresponding step of a whole-sequence call; the output is `state.hidden`.
  ///
  /// - Precondition: `x` is `[N, D]` and the state `[N, H]`.
  public func step(
    _ x: Matrix<Scalar>, _ state: inout State, threads: Int? = nil,
    workspace: Workspace<State>? = nil
  ) {
    let plan = parameters.plan
    plan.checkBlock(parameters.block)
    require(
      x.columns == plan.inputSize && x.rows == state.hidden.rows,
      """
      step: x has shape [\(x.rows), \(x.columns)], \
      expected [N, D] = [\(state.hidden.rows), \(plan.inputSize)]
      """)
    state.checkShape(
      batch: x.rows, hiddenSize: plan.outputSize, cellSize: plan.cellSize, "state")
    let workspace = workspace ?? Workspace()
    let gates = workspace.gates(count: x.rows * plan.gateWidth)
    let allowed = allowedThreads(threads)
    let pass = parameters.pass(.forward, workspace.products, threads: allowed)
    state.makeUnique()
    let (hidden, cell) = (state.pointers.hidden, state.pointers.cell)
    let (split, threads) = pass.split(
      countsInput: true, steps: 1, batch: x.rows, threads: allowed, forced: workspace.workSplit)
    ThreadTeam.shared.run(
      threads: threads,
      ForwardPass(
        cell: pass, running: RunningRows(steps: 1, batch: x.rows),
        chunks: TimeChunks(steps: 1, batch: x.rows, bytesPerRow: 1, forced: 1), split: split,
        x: x.basePointer, outputs: hidden, gates: gates, keepsGates: true, cells: cell,
        cellSteps: 1,
        initialHidden: UnsafePointer(hidden), initialCell: cell.map { UnsafePointer($0) },
        packed: nil, noise: nil, relay: nil))
    withExtendedLifetime((x, parameters)) {}
  }

  /// `h`, `[N, H]`.
  public func output(of state: State) -> Matrix<Scalar> { state.hidden }

  /// The state of zeros for `batch` sequences.
  public func zeroState(batch: Int) -> State {
    var state = State()
    state.assign(nil, batch: batch, parameters.plan)
    return state
  }
}
