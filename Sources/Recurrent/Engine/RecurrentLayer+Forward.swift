import LinAlg

extension RecurrentLayer {
  /// Runs the layer over a batch of sequences: inference.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`.
  ///   - state: the state before the first step, `[N, H]` each; nil means zeros, exactly.
  ///   - lengths: how many steps of each sequence count, in any order, zero allowed; nil means all.
  ///     Each sequence gets what it would get alone; its padded outputs are zero.
  ///   - workspace: buffers to reuse; with them, a repeated call allocates nothing.
  /// - Returns: every hidden state, `[T, N, H]`, and each sequence's state after its last step.
  /// - Precondition: `x.features == inputSize`, the state is `[N, H]`, lengths are in `0...T`.
  /// - Complexity: one `(T·N)×D×GH` product in chunks of time and `T` products `N×H×GH`.
  public func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    workspace: Workspace<State>? = nil
  ) -> RecurrentOutput<State> {
    checkInput(x, state, lengths)
    let workspace = workspace ?? Workspace()
    let (steps, batch) = (x.steps, x.batch)
    workspace.outputs.renew(steps: steps, batch: batch, features: hiddenSize)
    // c lives in the final state from the first step on; h joins it at the end.
    workspace.finalState.assign(state, batch: batch, hiddenSize: hiddenSize)

    let gateWidth = gateStorage.blocks * hiddenSize
    let chunks = TimeChunks(
      steps: steps, batch: batch, bytesPerRow: gateWidth * MemoryLayout<Scalar>.stride,
      forced: workspace.chunkLength)
    let slab =
      gateStorage.forwardSharesOutputs
      ? workspace.outputs.pointer(atStep: 0)
      : workspace.gates(count: chunks.length * batch * gateWidth)
    let cell = workspace.finalState.pointers.cell
    runForward(
      x, from: state, lengths: lengths, chunks: chunks,
      weights: forwardWeights(workspace.products), outputs: workspace.outputs,
      gates: { t in
        slab + (gateStorage.forwardSharesOutputs ? t : t % chunks.length) * batch * gateWidth
      },
      cell: { t in (t == 0 && state == nil ? nil : cell, cell) })
    finish(&workspace.finalState, outputs: workspace.outputs, lengths: lengths)
    return RecurrentOutput(outputs: workspace.outputs, finalState: workspace.finalState)
  }

  /// Runs the layer over a batch of sequences and records what the backward pass needs.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`; the tape keeps a reference until its backward pass.
  ///   - state: the state before the first step, `[N, H]` each; nil means zeros, exactly.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - tape: is overwritten; a recording that it still holds is lost.
  /// - Returns: every hidden state, `[T, N, H]`, and each sequence's state after its last step.
  /// - Precondition: the tape was made by a layer of the same sizes and has room for `T` steps of `N`
  ///   sequences; `x.features == inputSize`, the state is `[N, H]`, lengths are in `0...T`.
  /// - Complexity: as inference; allocates nothing in steady state, see ``Tape``.
  @discardableResult
  public func forward(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    recording tape: Tape<State>
  ) -> RecurrentOutput<State> {
    checkInput(x, state, lengths)
    checkTape(tape)
    let (steps, batch) = (x.steps, x.batch)
    require(
      steps <= tape.maximumSteps && batch <= tape.maximumBatch,
      """
      input has shape [T, N] = [\(steps), \(batch)], the tape has room for \
      [\(tape.maximumSteps), \(tape.maximumBatch)]
      """)
    tape.isRecorded = false
    tape.x = lengths.map { x.zeroingPadding(after: $0) } ?? x
    tape.initialState = state
    tape.lengths = lengths
    tape.outputs.renew(steps: steps, batch: batch, features: hiddenSize)

    let (rowCount, gateWidth) = (batch * hiddenSize, gateStorage.blocks * hiddenSize)
    let chunks = TimeChunks(
      steps: steps, batch: batch, bytesPerRow: gateWidth * MemoryLayout<Scalar>.stride,
      forced: tape.chunkLength)
    let slab =
      gateStorage.forwardSharesOutputs
      ? tape.outputs.pointer(atStep: 0) : tape.gates.pointer
    let cells = tape.cells?.pointer
    let initialCell = state?.pointers.cell
    runForward(
      x, from: state, lengths: lengths, chunks: chunks,
      weights: forwardWeights(tape.products), outputs: tape.outputs,
      gates: { t in slab + t * batch * gateWidth },
      cell: { t in
        (
          t == 0 ? initialCell : cells.map { $0 + (t - 1) * rowCount },
          cells.map { $0 + t * rowCount }
        )
      })

    tape.finalState.assign(state, batch: batch, hiddenSize: hiddenSize)
    if let cells, let finalCell = tape.finalState.pointers.cell {
      gatherLast(cells, steps: steps, batch: batch, lengths: lengths, into: finalCell)
    }
    finish(&tape.finalState, outputs: tape.outputs, lengths: lengths)
    tape.isRecorded = true
    return RecurrentOutput(outputs: tape.outputs, finalState: tape.finalState)
  }

  /// A tape with room for `steps` steps of `batch` sequences: every buffer, allocated once.
  ///
  /// - Parameters:
  ///   - steps: the largest number of steps.
  ///   - batch: the largest number of sequences.
  ///   - products: who computes the products of the passes that use the tape.
  public func makeTape(
    steps: Int, batch: Int, products: ProductStrategy = .automatic
  ) -> Tape<State> {
    Tape(
      steps: steps, batch: batch, inputSize: inputSize, hiddenSize: hiddenSize,
      gateBlocks: gateStorage.blocks, hasCell: hasCell, products: products)
  }

  var hasCell: Bool { State(zerosForBatch: 0, hiddenSize: 0).pointers.cell != nil }

  /// The time loop of every forward pass: project a chunk of inputs, then step through it.
  private func runForward(
    _ x: SequenceBatch<Scalar>, from state: State?, lengths: [Int]?, chunks: TimeChunks,
    weights: LayerWeights<Scalar>, outputs: SequenceBatch<Scalar>,
    gates: (Int) -> UnsafeMutablePointer<Scalar>,
    cell: (Int) -> (previous: UnsafeMutablePointer<Scalar>?, next: UnsafeMutablePointer<Scalar>?)
  ) {
    let initialHidden = state?.pointers.hidden
    withOptionalPointer(to: lengths) { lengths in
      for chunk in 0..<chunks.count {
        let steps = chunks[chunk]
        project(
          x.pointer(atStep: steps.lowerBound), rows: steps.count * x.batch,
          into: gates(steps.lowerBound), weights)
        for t in steps {
          let (previousCell, nextCell) = cell(t)
          forwardStep(
            ForwardStep(
              time: t, batch: x.batch, gates: gates(t),
              previousHidden: (t == 0 ? initialHidden : outputs.pointer(atStep: t - 1))
                .map { UnsafePointer($0) },
              hidden: outputs.pointer(atStep: t),
              previousCell: previousCell.map { UnsafePointer($0) }, cell: nextCell,
              lengths: lengths), weights)
        }
      }
    }
    withExtendedLifetime((x, state)) {}
  }

  /// Completes a final state whose cell part is done and whose hidden part holds the initial state.
  private func finish(
    _ final: inout State, outputs: SequenceBatch<Scalar>, lengths: [Int]?
  ) {
    gatherLast(
      outputs.pointer(atStep: 0), steps: outputs.steps, batch: outputs.batch, lengths: lengths,
      into: final.pointers.hidden)
  }

  /// Copies each sequence's row of its last step from `[T, N, H]` to `[N, H]`; leaves the rows of
  /// empty sequences as they are.
  private func gatherLast(
    _ source: UnsafeMutablePointer<Scalar>, steps: Int, batch: Int, lengths: [Int]?,
    into rows: UnsafeMutablePointer<Scalar>
  ) {
    for n in 0..<batch {
      let length = lengths?[n] ?? steps
      if length > 0 {
        (rows + n * hiddenSize).update(
          from: source + ((length - 1) * batch + n) * hiddenSize, count: hiddenSize)
      }
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
