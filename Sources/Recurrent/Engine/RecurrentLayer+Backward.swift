import LinAlg

extension RecurrentLayer {
  /// Runs the recorded pass backwards (backpropagation through time); see
  /// ``SequenceLayer/backward(_:finalState:through:threads:accumulatingInto:)``. The gradients that it
  /// returns share the tape's memory: drop them before the next step and that step allocates nothing.
  ///
  /// - Precondition: the tape holds a recording made with these parameters; shapes as stated.
  /// - Complexity: `T` products `N×GH×H`, and per chunk of time the products for `dx`, `dW`, `dU`.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State? = nil,
    through tape: Tape<State>, threads: Int? = nil, accumulatingInto gradients: inout Parameters
  ) -> InputGradients<State> {
    let plan = parameters.plan
    plan.checkBlock(parameters.block)
    plan.checkTape(tape)
    guard tape.isRecorded, let x = tape.x else { failUnrecorded() }
    parameters.block.checkUnchanged(since: tape.recordedVersion)
    let (steps, batch) = (x.steps, x.batch)
    dOutputs?.checkIsGradient(of: tape.outputs, "[T, N, H]")
    dFinalState?.checkShape(
      batch: batch, hiddenSize: plan.outputSize, cellSize: plan.cellSize, "dFinalState")
    plan.checkGradients(gradients.block)

    if tape.relay == nil {
      tape.renewInputGradients(steps: steps, batch: batch, features: plan.inputSize)
    }
    tape.dState.assign(dFinalState, batch: batch, plan)
    let dParameters = gradients.uniquePointer()
    if let form = plan.form {
      let dWeights = tape.clearedWeightGradient(count: form.weightCount)
      runBackward(x, dOutputs, tape, threads: threads, dParameters: dWeights)
      form.addGradients(dWeights, to: dParameters, tape.recordedNoise)
    } else {
      runBackward(x, dOutputs, tape, threads: threads, dParameters: dParameters)
    }

    tape.discard()
    return InputGradients(tape.dx, initialState: tape.dState)
  }

  /// Runs the recorded pass backwards from a gradient on the final state alone, `[N, H]` each.
  @discardableResult
  public func backward(
    finalState dFinalState: State, through tape: Tape<State>, threads: Int? = nil,
    accumulatingInto gradients: inout Parameters
  ) -> InputGradients<State> {
    backward(
      nil, finalState: dFinalState, through: tape, threads: threads, accumulatingInto: &gradients)
  }

  private func runBackward(
    _ x: SequenceBatch<Scalar>, _ dOutputs: SequenceBatch<Scalar>?, _ tape: Tape<State>,
    threads: Int?, dParameters: UnsafeMutablePointer<Scalar>
  ) {
    let plan = parameters.plan
    let initial = tape.initialState?.pointers
    let dState = tape.dState.pointers
    let allowed = allowedThreads(threads)
    let pass = parameters.pass(
      .backward, tape.products,
      threads: plan.packingThreads(Scalar.self, steps: x.steps, batch: x.batch, threads: allowed),
      drawn: tape.drawnWeights)
    withPointers(to: tape.lengths, tape.recordedNoise) { lengths, noise in
      let running = tape.rows.rows(
        steps: x.steps, batch: x.batch, lengths: lengths, noise: noise, all: tape.recordsPadding)
      let (split, threads) = pass.split(
        countsInput: false, steps: running.end, batch: running.meanBatch, threads: allowed,
        forced: tape.workSplit)
      let chunks = TimeChunks(plan, Scalar.self, x.steps, x.batch, forced: tape.chunkLength)
      let scratchCount =
        pass.isPacked
        ? GradientSpan<Scalar>.scratchCount(
          rows: chunks.length * x.batch, gateWidth: plan.gateWidth,
          features: max(plan.inputSize, plan.hiddenSize))
        : 0
      let work = BackwardPass(
        cell: pass, running: running, chunks: chunks, split: split, x: x.pointer(atStep: 0),
        dx: tape.dx.pointer(atStep: 0),
        outputs: tape.outputs.pointer(atStep: 0), dOutputs: dOutputs?.pointer(atStep: 0),
        gates: tape.gates.pointer, cells: tape.cells.map { UnsafePointer($0.pointer) },
        initialHidden: initial.map { UnsafePointer($0.hidden) },
        initialCell: initial.flatMap { $0.cell }.map { UnsafePointer($0) },
        dHidden: dState.hidden, dCell: dState.cell, scratch: tape.scratch.pointer,
        dParameters: dParameters,
        productScratch: pass.isPacked
          ? tape.productScratch(count: threads * scratchCount) : nil,
        productScratchCount: scratchCount,
        packed: running.isRagged
          ? tape.packedBackward(batch: x.batch, chunkRows: chunks.length * x.batch) : nil,
        noise: noise, relay: tape.relay)
      ThreadTeam.shared.run(threads: threads, work)
    }
    withExtendedLifetime((x, dOutputs, tape, parameters)) {}
  }
}
