import CMachineProbe

/// How many instructions the core holds in flight: a sign of whether somebody else uses it too.
///
/// A processor that runs two hardware threads on a core divides its window of instructions between them
/// while both work, and on a cloud machine the second thread belongs to somebody else. A loop of
/// multiply–adds in registers does not feel that; what leans on the window, such as pointwise kernels,
/// takes up to half as long again. So two runs compare where their windows do.
///
/// Measured by rounds that have a chain of multiplications each, which depend on no other round: they take
/// as long as a chain, divided by how many rounds the window holds. No memory is touched, and the clock's
/// rate cancels.
enum InstructionWindow {
  /// What a sample takes: tens of microseconds.
  private static let rounds = 2000

  /// The window at this moment, in instructions; nil where there is no loop to measure it by.
  static func sample() -> Double? {
    let perRound = machine_probe_rounds(rounds / 10)
    guard perRound > 0 else { return nil }
    let chain = Stopwatch.seconds { machine_probe_chains(rounds) }
    let round = Stopwatch.seconds { _ = machine_probe_rounds(rounds) }
    // The chains once more, since the processor may be taken away in between.
    let again = Stopwatch.seconds { machine_probe_chains(rounds) }
    guard round > 0 else { return nil }
    return min(chain, again) / round * Double(perRound)
  }

  /// The median of some samples, and its interval.
  static func measure(samples: Int = 41) -> Interval? {
    Statistics.medianInterval((0..<samples).compactMap { _ in sample() })
  }
}
