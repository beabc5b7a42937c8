import CKernels
import LinAlg

extension RecurrentLayer {
  /// Runs the layer over a batch of sequences: inference.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`.
  ///   - state: the state before the first step, `[N, H]` each; nil means zeros, exactly.
  ///   - lengths: how many steps of each sequence count, in any order, zero allowed; nil means all.
  ///     Each sequence gets what it would get alone; its padded outputs are zero.
  ///   - threads: how many threads the call may use, the caller's among them; nil means one for each
  ///     processor. The results do not depend on it.
  ///   - workspace: buffers to reuse; with them, a repeated call allocates nothing.
  /// - Returns: every hidden state, `[T, N, H]`, and each sequence's state after its last step.
  /// - Precondition: `x.features == inputSize`, the state is `[N, H]`, lengths are in `0...T`.
  /// - Complexity: one `(T·N)×D×GH` product in chunks of time and `T` products `N×H×GH`.
  public func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, workspace: Workspace<State>? = nil
  ) -> RecurrentOutput<State> {
    checkInput(x, state, lengths)
    let workspace = workspace ?? Workspace()
    let (steps, batch) = (x.steps, x.batch)
    workspace.outputs.renew(steps: steps, batch: batch, features: outputSize)
    // c lives in the final state from the first step on; h joins it at the end.
    workspace.finalState.assign(
      state, batch: batch, hiddenSize: outputSize, cellSize: cellSize)
    workspace.finalState.unitSize = hiddenSize

    let gateWidth = gateStorage.blocks * hiddenSize
    let chunks = TimeChunks(
      steps: steps, batch: batch, bytesPerRow: gateWidth * MemoryLayout<Scalar>.stride,
      forced: workspace.chunkLength)
    let sharesOutputs = gateStorage.forwardSharesOutputs
    let outputs = workspace.outputs.pointer(atStep: 0)
    let cell = workspace.finalState.pointers.cell
    let allowed = allowedThreads(threads)
    let weights = forwardWeights(
      workspace.products, threads: allowed)
    let (split, threads) = split(
      weights, steps: steps, batch: batch, threads: allowed, forced: workspace.workSplit)
    withOptionalPointer(to: lengths) { lengths in
      ThreadTeam.shared.run(
        threads: threads,
        ForwardPass(
          layer: self, weights: weights, steps: steps, batch: batch, chunks: chunks, split: split,
          x: x.pointer(atStep: 0), outputs: outputs,
          gates: sharesOutputs
            ? outputs : workspace.gates(count: chunks.length * batch * gateWidth),
          gateSteps: sharesOutputs ? max(steps, 1) : chunks.length, cells: cell, cellSteps: 1,
          initialHidden: state.map { UnsafePointer($0.pointers.hidden) },
          initialCell: state == nil ? nil : cell.map { UnsafePointer($0) },
          lengths: lengths, noise: nil))
    }
    withExtendedLifetime((x, state)) {}
    finish(&workspace.finalState, outputs: workspace.outputs, lengths: lengths)
    return RecurrentOutput(outputs: workspace.outputs, finalState: workspace.finalState)
  }

  /// Runs the layer over a batch of sequences and records what the backward pass needs.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`; the tape keeps a reference until its backward pass.
  ///   - state: the state before the first step, `[N, H]` each; nil means zeros, exactly.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - threads: how many threads the call may use, the caller's among them; nil means one for each
  ///     processor. The results do not depend on it.
  ///   - tape: is overwritten; a recording that it still holds is lost.
  /// - Returns: every hidden state, `[T, N, H]`, and each sequence's state after its last step.
  /// - Precondition: the tape was made by a layer of the same sizes and has room for `T` steps of `N`
  ///   sequences; `x.features == inputSize`, the state is `[N, H]`, lengths are in `0...T`.
  /// - Complexity: as inference; allocates nothing in steady state, see ``Tape``.
  @discardableResult
  public func forward(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, recording tape: Tape<State>
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
    tape.discard()
    tape.keep(x, lengths)
    tape.initialState = state
    tape.lengths = lengths
    tape.beginPass(batch: batch)
    let layer = drawingWeights(of: tape)
    tape.outputs.renew(steps: steps, batch: batch, features: outputSize)

    let gateWidth = gateStorage.blocks * hiddenSize
    let chunks = TimeChunks(
      steps: steps, batch: batch, bytesPerRow: gateWidth * MemoryLayout<Scalar>.stride,
      forced: tape.chunkLength)
    let outputs = tape.outputs.pointer(atStep: 0)
    let cells = tape.cells?.pointer
    let initial = state?.pointers
    let allowed = allowedThreads(threads)
    let weights = layer.forwardWeights(tape.products, threads: allowed)
    let (split, threads) = split(
      weights, steps: steps, batch: batch, threads: allowed, forced: tape.workSplit)
    withPointers(to: lengths, tape.recordedNoise) { lengths, noise in
      ThreadTeam.shared.run(
        threads: threads,
        ForwardPass(
          layer: layer, weights: weights, steps: steps, batch: batch, chunks: chunks, split: split,
          x: (tape.x ?? x).pointer(atStep: 0), outputs: outputs,
          gates: gateStorage.forwardSharesOutputs ? outputs : tape.gates.pointer,
          gateSteps: max(steps, 1), cells: cells, cellSteps: max(steps, 1),
          initialHidden: initial.map { UnsafePointer($0.hidden) },
          initialCell: initial.flatMap { $0.cell }.map { UnsafePointer($0) }, lengths: lengths,
          noise: noise))
    }
    withExtendedLifetime((x, state)) {}

    tape.finalState.assign(
      state, batch: batch, hiddenSize: outputSize, cellSize: cellSize)
    if let cells, let finalCell = tape.finalState.pointers.cell {
      gatherLast(
        cells, width: cellSize, steps: steps, batch: batch, lengths: lengths, into: finalCell)
    }
    finish(&tape.finalState, outputs: tape.outputs, lengths: lengths)
    tape.isRecorded = true
    return RecurrentOutput(outputs: tape.outputs, finalState: tape.finalState)
  }

  /// This layer with the weights that the pass of the tape draws, or as it is.
  private func drawingWeights(of tape: Tape<State>) -> Self {
    guard let weightForm, weightForm.isRandom, let noise = tape.recordedNoise else { return self }
    let weights = tape.passWeights as? PassWeights<Scalar> ?? PassWeights(weightForm)
    tape.passWeights = weights
    weights.draw(weightForm, from: parameters.block.pointer, noise)
    return with(weights)
  }

  /// This layer with the weights that the pass of the tape has drawn, or as it is.
  func drawn(_ tape: Tape<State>) -> Self {
    guard weightForm?.isRandom == true, tape.recordedNoise != nil,
      let weights = tape.passWeights as? PassWeights<Scalar>
    else { return self }
    return with(weights)
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
    Tape(
      steps: steps, batch: batch, inputSize: inputSize, hiddenSize: hiddenSize,
      outputSize: outputSize, cellSize: cellSize, gateStorage: gateStorage, products: products)
  }

  /// Empty buffers for inference; they grow to what their first call needs.
  public func makeWorkspace(products: ProductStrategy = .automatic) -> Workspace<State> {
    Workspace(products: products)
  }

  /// How many steps of `batch` sequences one product over time spans.
  public func stepsPerProduct(batch: Int) -> Int {
    TimeChunks(
      steps: .max, batch: batch,
      bytesPerRow: gateStorage.blocks * hiddenSize * MemoryLayout<Scalar>.stride
    ).length
  }

  /// Completes a final state whose cell part is done and whose hidden part holds the initial state.
  private func finish(
    _ final: inout State, outputs: SequenceBatch<Scalar>, lengths: [Int]?
  ) {
    gatherLast(
      outputs.pointer(atStep: 0), width: outputSize, steps: outputs.steps, batch: outputs.batch,
      lengths: lengths, into: final.pointers.hidden)
  }

  /// Copies each sequence's row of its last step from `[T, N, width]` to `[N, width]`; leaves the rows
  /// of empty sequences as they are.
  private func gatherLast(
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
