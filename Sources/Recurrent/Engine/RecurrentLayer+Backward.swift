import LinAlg

extension RecurrentLayer {
  /// Runs the recorded pass backwards (backpropagation through time).
  ///
  /// - Parameters:
  ///   - dOutputs: `∂L/∂outputs`, `[T, N, H]`, or nil when the loss sees only the final state. Padded
  ///     steps are ignored.
  ///   - dFinalState: `∂L/∂finalState`, `[N, H]` each; nil means zeros.
  ///   - tape: the recording; it is spent by this call.
  ///   - gradients: the gradients of the parameters are *added* to these.
  /// - Returns: the gradients of the inputs and of the initial state. They share the tape's memory;
  ///   drop them before the next step and that step allocates nothing.
  /// - Precondition: the tape holds a recording made with these parameters; shapes as stated.
  /// - Complexity: `T` products `N×GH×H`, and per chunk of time the products for `dx`, `dW`, `dU`.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State? = nil,
    through tape: Tape<State>, accumulatingInto gradients: inout Parameters
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
    dFinalState?.checkShape(batch: batch, hiddenSize: hiddenSize, "dFinalState")
    checkGradients(gradients)

    tape.dx.renew(steps: steps, batch: batch, features: inputSize)
    tape.dState.assign(dFinalState, batch: batch, hiddenSize: hiddenSize)
    runBackward(x, dOutputs, tape, dParameters: gradients.uniquePointer())

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
  ///   - gradients: the gradients of the parameters are *added* to these.
  /// - Returns: the gradients of the inputs and of the initial state.
  @discardableResult
  public func backward(
    finalState dFinalState: State, through tape: Tape<State>,
    accumulatingInto gradients: inout Parameters
  ) -> InputGradients<State> {
    backward(nil, finalState: dFinalState, through: tape, accumulatingInto: &gradients)
  }

  /// The time loop of the backward pass: step back through a chunk, then form its large products.
  private func runBackward(
    _ x: SequenceBatch<Scalar>, _ dOutputs: SequenceBatch<Scalar>?, _ tape: Tape<State>,
    dParameters: UnsafeMutablePointer<Scalar>
  ) {
    let (batch, outputs) = (x.batch, tape.outputs)
    let (rowCount, gateWidth) = (batch * hiddenSize, gateStorage.blocks * hiddenSize)
    let chunks = TimeChunks(
      steps: x.steps, batch: batch, bytesPerRow: gateWidth * MemoryLayout<Scalar>.stride,
      forced: tape.chunkLength)
    let initial = tape.initialState?.pointers
    let dState = tape.dState.pointers
    let cells = tape.cells?.pointer
    let weights = backwardWeights(tape.products)
    withOptionalPointer(to: tape.lengths) { lengths in
      // stride and not reversed(), whose iterator allocates in unoptimised builds.
      for chunk in stride(from: chunks.count - 1, through: 0, by: -1) {
        let steps = chunks[chunk]
        for t in stride(from: steps.upperBound - 1, through: steps.lowerBound, by: -1) {
          let previousHidden = t == 0 ? initial?.hidden : outputs.pointer(atStep: t - 1)
          let previousCell = t == 0 ? initial?.cell : cells.map { $0 + (t - 1) * rowCount }
          backwardStep(
            BackwardStep(
              time: t, batch: batch, gates: tape.gates.pointer + t * batch * gateWidth,
              previousHidden: previousHidden.map { UnsafePointer($0) },
              hidden: outputs.pointer(atStep: t),
              previousCell: previousCell.map { UnsafePointer($0) },
              cell: cells.map { UnsafePointer($0 + t * rowCount) },
              dOutput: dOutputs.map { UnsafePointer($0.pointer(atStep: t)) },
              dHidden: dState.hidden, dCell: dState.cell, scratch: tape.scratch.pointer,
              dParameters: dParameters, lengths: lengths), weights)
        }
        let first = steps.lowerBound
        accumulateGradients(
          GradientSpan(
            rows: steps.count * batch, dGates: tape.gates.pointer + first * batch * gateWidth,
            x: x.pointer(atStep: first), dx: tape.dx.pointer(atStep: first),
            initialRows: first == 0 ? batch : 0,
            initialHidden: initial.map { UnsafePointer($0.hidden) },
            previousHidden: outputs.pointer(atStep: max(first - 1, 0)),
            dParameters: dParameters), weights)
      }
    }
    withExtendedLifetime((x, dOutputs, tape)) {}
  }
}
