import LinAlg

// A wrong shape is an error in the caller's code: it traps with what was given and what was expected.
extension RecurrentLayer {
  func checkInput(_ x: SequenceBatch<Scalar>, _ state: State?, _ lengths: [Int]?) {
    require(
      x.features == inputSize,
      "x has shape [T, N, D] = \(x.shape), expected D = \(inputSize) input features")
    state?.checkShape(
      batch: x.batch, hiddenSize: hiddenSize, cellSize: cellSize, "initial state")
    x.checkLengths(lengths)
  }

  func checkTape(_ tape: Tape<State>) {
    require(
      tape.inputSize == inputSize && tape.hiddenSize == hiddenSize && tape.cellSize == cellSize
        && tape.gateStorage == gateStorage,
      """
      the tape was made for D, H = \(tape.inputSize), \(tape.hiddenSize); \
      this layer has \(inputSize), \(hiddenSize)
      """)
  }

  func checkGradients(_ gradients: Parameters) {
    require(
      gradients.block.count == parameters.block.count,
      """
      gradients hold \(gradients.block.count) scalars, \
      the parameters \(parameters.block.count)
      """)
  }
}

extension SequenceBatch {
  /// Traps unless there is a length in `0...T` for every sequence, or none at all.
  func checkLengths(_ lengths: [Int]?) {
    guard let lengths else { return }
    require(lengths.count == batch, "\(lengths.count) lengths given for a batch of \(batch)")
    for (n, length) in lengths.enumerated() {
      require(
        length >= 0 && length <= steps,
        "sequence \(n) has length \(length), expected 0...\(steps)")
    }
  }

  /// A copy with zeros after the end of each sequence, so that nothing found there, not even a NaN,
  /// reaches a product over all steps.
  func zeroingPadding(after lengths: [Int]) -> SequenceBatch {
    guard lengths.contains(where: { $0 < steps }) else { return self }
    var result = self
    let (batch, features) = (batch, features)
    result.withUnsafeMutableBufferPointer { buffer in
      for (n, length) in lengths.enumerated() {
        for t in length..<steps {
          let start = (t * batch + n) * features
          buffer[start..<start + features].update(repeating: 0)
        }
      }
    }
    return result
  }
}
