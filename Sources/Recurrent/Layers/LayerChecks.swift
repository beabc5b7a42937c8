import LinAlg

extension SequenceRecording {
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
