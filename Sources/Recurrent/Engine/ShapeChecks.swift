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

extension RecurrentState {
  /// Replaces the contents by those of `source`, or by zeros where it is nil, in the sizes of the plan.
  mutating func assign(_ source: Self?, batch: Int, _ plan: CellPlan) {
    assign(
      source, batch: batch, hiddenSize: plan.outputSize, cellSize: plan.cellSize,
      unitSize: plan.hiddenSize)
  }
}

extension SequenceBatch {
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
