import LinAlg

// A wrong shape is an error in the caller's code: it traps with what was given and what was expected.
extension CellPlan {
  func checkInput<State: RecurrentState>(
    _ x: SequenceBatch<State.Scalar>, _ state: State?, _ lengths: [Int]?
  ) where State.Scalar: RecurrentScalar {
    require(
      x.features == inputSize,
      "x has shape [T, N, D] = \(x.shape), expected D = \(inputSize) input features")
    state?.checkShape(
      batch: x.batch, hiddenSize: outputSize, cellSize: cellSize, "initial state")
    x.checkLengths(lengths)
  }

  func checkTape<State: RecurrentState>(_ tape: Tape<State>) {
    require(
      tape.plan.isInterchangeable(with: self), "the tape is of \(tape.plan), this layer is \(self)")
  }

  /// Traps unless the block has the tensors of this plan: its parameters are the memory of every
  /// product.
  func checkBlock<Scalar>(_ block: ParameterBlock<Scalar>) {
    block.checkLayout(matches: parameterLayout, "the parameters of \(self)")
  }

  func checkGradients<Scalar>(_ block: ParameterBlock<Scalar>) {
    block.checkLayout(matches: parameterLayout, "the gradients of \(self)")
  }
}

extension SequenceRecording {
  /// Traps unless a forward pass has been recorded and not yet been used.
  func checkRecorded() {
    if !isRecorded { failUnrecorded() }
  }
}

/// The trap of a backward pass that has nothing to go back through.
package func failUnrecorded(_ file: StaticString = #fileID, _ line: UInt = #line) -> Never {
  failRequirement(
    """
    the tape holds no recording: backward needs a tape that a forward pass has recorded; \
    each recording serves once
    """, file, line)
}

extension RecurrentState {
  /// Replaces the contents by those of `source`, or by zeros where it is nil, in the sizes of the plan.
  mutating func assign(_ source: Self?, batch: Int, _ plan: CellPlan) {
    assign(
      source, batch: batch, hiddenSize: plan.outputSize, cellSize: plan.cellSize,
      unitSize: plan.hiddenSize)
  }
}

extension SequenceBatch {
  /// No steps of no sequences: a buffer before its first use.
  static var empty: SequenceBatch { SequenceBatch(uninitializedSteps: 0, batch: 0, features: 0) }

  /// Traps unless this has the shape of the outputs that it is the gradient of.
  func checkIsGradient(of outputs: SequenceBatch, _ axes: StaticString = "[T, N, F]") {
    require(
      hasShape(of: outputs), "dOutputs has shape \(shape), expected \(axes) = \(outputs.shape)")
  }

  /// Traps unless there is a length in `0...T` for every sequence, or none at all.
  func checkLengths(_ lengths: [Int]?) {
    guard let lengths else { return }
    require(lengths.count == batch, "\(lengths.count) lengths given for a batch of \(batch)")
    // Not for-in over the array, whose iterator allocates in unoptimised builds.
    for n in 0..<lengths.count {
      require(
        lengths[n] >= 0 && lengths[n] <= steps,
        "sequence \(n) has length \(lengths[n]), expected 0...\(steps)")
    }
  }

  /// Sets what lies after the end of each sequence to zero. The storage is not shared.
  func clearPadding(after lengths: [Int]) {
    for n in 0..<batch {
      for t in lengths[n]..<steps {
        clear(UnsafeMutableRawPointer(pointer(atStep: t)) + n * rowBytes, byteCount: rowBytes)
      }
    }
  }
}
