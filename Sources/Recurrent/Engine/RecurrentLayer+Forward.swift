import CKernels
import LinAlg

extension RecurrentLayer {
  /// Runs the layer over a batch of sequences: inference; see
  /// ``InferenceLayer/callAsFunction(_:from:lengths:threads:workspace:)``. The inputs are `[T, N, D]`, each
  /// part of the state `[N, H]`, nil meaning zeros, exactly; the outputs are all hidden states, `[T, N, H]`.
  ///
  /// - Precondition: `x.features == inputSize`, the state is `[N, H]`, lengths are in `0...T`.
  /// - Complexity: one `(T·N)×D×GH` product in chunks of time and `T` products `N×H×GH`.
  public func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, workspace: Workspace<State>? = nil
  ) -> RecurrentOutput<State> {
    let plan = parameters.plan
    plan.checkBlock(parameters.block)
    plan.checkInput(x, state, lengths)
    let workspace = workspace ?? Workspace()
    let (steps, batch) = (x.steps, x.batch)
    // Where another layer reads along, they are there already.
    if workspace.relay == nil {
      workspace.renewOutputs(steps: steps, batch: batch, features: plan.outputSize)
    }
    // c lives in the final state from the first step on; h joins it at the end.
    workspace.finalState.assign(state, batch: batch, plan)

    let outputs = workspace.outputs.pointer(atStep: 0)
    let cell = workspace.finalState.pointers.cell
    let allowed = allowedThreads(threads)
    let pass = parameters.pass(.forward, workspace.products, threads: allowed)
    withOptionalPointer(to: lengths) { lengths in
      let running = workspace.rows.rows(
        steps: steps, batch: batch, lengths: lengths, noise: nil, all: !pass.isPacked)
      let chunks = TimeChunks(
        plan, Scalar.self, steps, batch, readsGates: pass.isPacked,
        forced: workspace.relay?.blockSteps ?? workspace.chunkLength)
      let (split, threads) = pass.split(
        countsInput: true, steps: running.end, batch: running.meanBatch, threads: allowed,
        forced: workspace.workSplit)
      let sharesOutputs = plan.sharesOutputs && !running.isRagged
      ThreadTeam.shared.run(
        threads: threads,
        ForwardPass(
          cell: pass, running: running, chunks: chunks, split: split,
          x: x.pointer(atStep: 0), outputs: outputs,
          gates: sharesOutputs
            ? outputs : workspace.gates(count: chunks.length * batch * plan.gateWidth),
          keepsGates: sharesOutputs, cells: cell, cellSteps: 1,
          initialHidden: state.map { UnsafePointer($0.pointers.hidden) },
          initialCell: state == nil ? nil : cell.map { UnsafePointer($0) },
          packed: running.isRagged
            ? workspace.packed(plan, batch: batch, chunkRows: chunks.length * batch) : nil,
          noise: nil, relay: workspace.relay))
    }
    withExtendedLifetime((x, state, parameters)) {}
    plan.finish(&workspace.finalState, outputs: workspace.outputs, lengths: lengths)
    return RecurrentOutput(workspace.outputs, finalState: workspace.finalState)
  }

  /// Runs the layer over a batch of sequences and records what the backward pass needs; see
  /// ``SequenceLayer/forward(_:from:lengths:threads:recording:)``. Shapes are those of
  /// inference; the tape keeps a reference to `x` until its backward pass.
  ///
  /// - Precondition: the tape was made by a layer of the same sizes and has room for `T` steps of `N`
  ///   sequences; `x.features == inputSize`, the state is `[N, H]`, lengths are in `0...T`.
  /// - Complexity: as inference; allocates nothing in steady state, see ``Tape``.
  @discardableResult
  public func forward(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, recording tape: Tape<State>
  ) -> RecurrentOutput<State> {
    let plan = parameters.plan
    plan.checkBlock(parameters.block)
    parameters.block.checkWhole()
    plan.checkInput(x, state, lengths)
    plan.checkTape(tape)
    let (steps, batch) = (x.steps, x.batch)
    require(
      steps <= tape.maximumSteps && batch <= tape.maximumBatch,
      """
      input has shape [T, N] = [\(steps), \(batch)], the tape has room for \
      [\(tape.maximumSteps), \(tape.maximumBatch)]
      """)
    tape.discard()
    tape.initialState = state
    tape.lengths = lengths
    tape.beginPass(batch: batch)
    tape.recordedVersion = parameters.block.version
    tape.drawWeights(from: parameters.block)
    if tape.relay == nil {
      tape.renewOutputs(steps: steps, batch: batch, features: plan.outputSize)
    }

    let outputs = tape.outputs.pointer(atStep: 0)
    let cells = tape.cells?.pointer
    let initial = state?.pointers
    let allowed = allowedThreads(threads)
    let pass = parameters.pass(
      .forward, tape.products,
      threads: plan.packingThreads(Scalar.self, steps: steps, batch: batch, threads: allowed),
      drawn: tape.drawnWeights)
    tape.keep(x, lengths, clearsPadding: !pass.isPacked)
    withPointers(to: lengths, tape.recordedNoise) { lengths, noise in
      let running = tape.rows.rows(
        steps: steps, batch: batch, lengths: lengths, noise: noise, all: !pass.isPacked)
      let chunks = TimeChunks(
        plan, Scalar.self, steps, batch, readsGates: pass.isPacked,
        forced: tape.relay?.blockSteps ?? tape.chunkLength)
      let (split, threads) = pass.split(
        countsInput: false, steps: running.end, batch: running.meanBatch, threads: allowed,
        forced: tape.workSplit)
      ThreadTeam.shared.run(
        threads: threads,
        ForwardPass(
          cell: pass, running: running, chunks: chunks, split: split,
          x: (tape.x ?? x).pointer(atStep: 0), outputs: outputs,
          gates: plan.sharesOutputs && !running.isRagged ? outputs : tape.gates.pointer,
          keepsGates: true, cells: cells, cellSteps: max(steps, 1),
          initialHidden: initial.map { UnsafePointer($0.hidden) },
          initialCell: initial.flatMap { $0.cell }.map { UnsafePointer($0) },
          packed: running.isRagged
            ? tape.packedForward(batch: batch, chunkRows: chunks.length * batch) : nil,
          noise: noise, relay: tape.relay))
    }
    withExtendedLifetime((x, state, parameters)) {}

    tape.finalState.assign(state, batch: batch, plan)
    if let cells, let finalCell = tape.finalState.pointers.cell {
      gatherLast(
        cells, width: plan.cellSize, steps: steps, batch: batch, lengths: lengths,
        into: finalCell)
    }
    plan.finish(&tape.finalState, outputs: tape.outputs, lengths: lengths)
    tape.isRecorded = true
    return RecurrentOutput(tape.outputs, finalState: tape.finalState)
  }

  /// A tape with room for `steps` steps of `batch` sequences, allocated once; what only the backward pass
  /// needs follows with the first one.
  ///
  /// - Parameters:
  ///   - steps: the largest number of steps.
  ///   - batch: the largest number of sequences.
  ///   - products: who computes the products of the passes that use the tape.
  public func makeTape(
    steps: Int, batch: Int, products: ProductStrategy = .automatic
  ) -> Tape<State> {
    Tape(parameters.plan, steps: steps, batch: batch, products: products)
  }

  /// Empty buffers for inference; they grow to what their first call needs.
  public func makeWorkspace(products: ProductStrategy = .automatic) -> Workspace<State> {
    Workspace(products: products)
  }

  /// How many steps of `batch` sequences one product over time spans.
  public func stepsPerProduct(batch: Int) -> Int {
    TimeChunks(parameters.plan, Scalar.self, .max, batch).length
  }
}

extension CellPlan {
  /// Completes a final state whose cell part is done and whose hidden part holds the initial state.
  fileprivate func finish<State: RecurrentState>(
    _ final: inout State, outputs: SequenceBatch<State.Scalar>, lengths: [Int]?
  ) where State.Scalar: RecurrentScalar {
    gatherLast(
      outputs.pointer(atStep: 0), width: outputSize, steps: outputs.steps, batch: outputs.batch,
      lengths: lengths, into: final.pointers.hidden)
  }
}

/// Copies each sequence's row of its last step from `[T, N, width]` to `[N, width]`; leaves the rows
/// of empty sequences as they are.
private func gatherLast<Scalar>(
  _ source: UnsafeMutablePointer<Scalar>, width: Int, steps: Int, batch: Int,
  lengths: [Int]?, into rows: UnsafeMutablePointer<Scalar>
) {
  for n in 0..<batch {
    let length = lengths?[n] ?? steps
    if length > 0 {
      (rows + n * width).update(
        from: source + ((length - 1) * batch + n) * width, count: width)
    }
  }
}

/// Calls `body` with the address of an optional array's elements, nil for nil.
func withOptionalPointer<Element, Result>(
  to array: [Element]?, _ body: (UnsafePointer<Element>?) -> Result
) -> Result {
  guard let array else { return body(nil) }
  return array.withUnsafeBufferPointer { body($0.baseAddress) }
}

/// Hands out what the passes need for as long as `body` runs.
func withPointers<Result>(
  to lengths: [Int]?, _ noise: RecordingNoise?,
  _ body: (UnsafePointer<Int>?, ck_noise?) -> Result
) -> Result {
  withOptionalPointer(to: lengths) { lengths in
    RecordingNoise.withKernelNoise(noise) { body(lengths, $0) }
  }
}
