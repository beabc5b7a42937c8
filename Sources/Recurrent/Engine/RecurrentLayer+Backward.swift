import LinAlg

extension RecurrentLayer {
  /// Runs the recorded pass backwards (backpropagation through time).
  ///
  /// - Parameters:
  ///   - dOutputs: `∂L/∂outputs`, `[T, N, H]`, or nil when the loss sees only the final state. Padded
  ///     steps are ignored.
  ///   - dFinalState: `∂L/∂finalState`, `[N, H]` each; nil means zeros.
  ///   - tape: the recording; it is spent by this call.
  ///   - threads: how many threads the call may use, the caller's among them; nil means one for each
  ///     processor. The results do not depend on it.
  ///   - gradients: the gradients of the parameters are *added* to these.
  /// - Returns: the gradients of the inputs and of the initial state. They share the tape's memory;
  ///   drop them before the next step and that step allocates nothing.
  /// - Precondition: the tape holds a recording made with these parameters; shapes as stated.
  /// - Complexity: `T` products `N×GH×H`, and per chunk of time the products for `dx`, `dW`, `dU`.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State? = nil,
    through tape: Tape<State>, threads: Int? = nil, accumulatingInto gradients: inout Parameters
  ) -> InputGradients<State> {
    checkTape(tape)
    guard tape.isRecorded, let x = tape.x else {
      failRequirement(
        "backward needs a tape that a forward pass has recorded; each recording serves once")
    }
    let (steps, batch) = (x.steps, x.batch)
    if let dOutputs {
      require(
        dOutputs.hasShape(of: tape.outputs),
        "dOutputs has shape \(dOutputs.shape), expected [T, N, H] = \(tape.outputs.shape)")
    }
    dFinalState?.checkShape(
      batch: batch, hiddenSize: outputSize, cellSize: cellSize, "dFinalState")
    checkGradients(gradients)

    tape.dx.renew(steps: steps, batch: batch, features: inputSize)
    tape.dState.assign(
      dFinalState, batch: batch, hiddenSize: outputSize, cellSize: cellSize)
    let dParameters = gradients.uniquePointer()
    if let weightForm {
      let dWeights = tape.clearedWeightGradient(count: weightForm.weightCount)
      drawn(tape).runBackward(x, dOutputs, tape, threads: threads, dParameters: dWeights)
      weightForm.addGradients(dWeights, to: dParameters, tape.recordedNoise)
    } else {
      runBackward(x, dOutputs, tape, threads: threads, dParameters: dParameters)
    }

    tape.isRecorded = false
    tape.x = nil
    tape.initialState = nil
    tape.lengths = nil
    return InputGradients(x: tape.dx, initialState: tape.dState)
  }

  /// Runs the recorded pass backwards from a gradient on the final state alone.
  ///
  /// - Parameters:
  ///   - dFinalState: `∂L/∂finalState`, `[N, H]` each.
  ///   - tape: the recording; it is spent by this call.
  ///   - threads: how many threads the call may use, the caller's among them; nil means one for each
  ///     processor. The results do not depend on it.
  ///   - gradients: the gradients of the parameters are *added* to these.
  /// - Returns: the gradients of the inputs and of the initial state.
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
    let gateWidth = gateStorage.blocks * hiddenSize
    let initial = tape.initialState?.pointers
    let dState = tape.dState.pointers
    let allowed = allowedThreads(threads)
    let weights = backwardWeights(
      tape.products, threads: allowed)
    let (split, threads) = split(
      weights, steps: x.steps, batch: x.batch, threads: allowed, forced: tape.workSplit)
    let chunks = TimeChunks(
      steps: x.steps, batch: x.batch, bytesPerRow: gateWidth * MemoryLayout<Scalar>.stride,
      forced: tape.chunkLength)
    let scratchCount =
      weights.U.isPacked
      ? GradientSpan<Scalar>.scratchCount(
        rows: chunks.length * x.batch, gateWidth: gateWidth, features: max(inputSize, hiddenSize))
      : 0
    withPointers(to: tape.lengths, tape.recordedNoise) { lengths, noise in
      let pass = BackwardPass(
        layer: self, weights: weights, batch: x.batch,
        chunks: chunks,
        split: split, x: x.pointer(atStep: 0), dx: tape.dx.pointer(atStep: 0),
        outputs: tape.outputs.pointer(atStep: 0), dOutputs: dOutputs?.pointer(atStep: 0),
        gates: tape.gates.pointer, cells: tape.cells.map { UnsafePointer($0.pointer) },
        initialHidden: initial.map { UnsafePointer($0.hidden) },
        initialCell: initial.flatMap { $0.cell }.map { UnsafePointer($0) },
        dHidden: dState.hidden, dCell: dState.cell, scratch: tape.scratch.pointer,
        dParameters: dParameters,
        productScratch: weights.U.isPacked
          ? tape.productScratch(count: threads * scratchCount) : nil,
        productScratchCount: scratchCount, lengths: lengths, noise: noise)
      ThreadTeam.shared.run(threads: threads, pass)
    }
    withExtendedLifetime((x, dOutputs, tape)) {}
  }
}
