import LinAlg

extension SequenceBatch {
  /// No steps of no sequences: a buffer before its first use.
  static var empty: SequenceBatch { SequenceBatch(uninitializedSteps: 0, batch: 0, features: 0) }

  /// Traps unless this has the shape of the outputs that it is the gradient of.
  func checkIsGradient(of outputs: SequenceBatch) {
    require(
      hasShape(of: outputs),
      "dOutputs has shape \(shape), expected [T, N, F] = \(outputs.shape)")
  }
}

extension SequenceRecording {
  /// Traps unless a forward pass has been recorded and not yet been used.
  func checkRecorded() {
    require(
      isRecorded,
      "the tape holds no recording: backward needs one, and each serves once")
  }

  /// Traps unless the last pass recorded is the one with the given number: the recordings inside
  /// another one can be reached, and then hold what their new owner recorded.
  func checkIsPass(_ number: Int, _ what: @autoclosure () -> String) {
    require(
      recordedPasses == number,
      """
      \(what()) holds pass \(recordedPasses), expected pass \(number): \
      it has been recorded anew since the pass of the whole layer
      """)
  }
}
