import CMachineProbe

/// A loop of multiply–adds in registers: what a core can do at best, and what the costs of a stored
/// baseline are measured in.
enum Yardstick {
  /// About how long ``iterations`` take, in seconds.
  static let seconds = 0.2e-3

  /// How many iterations take ``seconds``.
  static let iterations: Int = {
    let probe = 20_000
    let best = (0..<5).map { _ in Stopwatch.seconds { _ = machine_probe_fma(probe) } }.min()
    return max(1, Int(Double(probe) * seconds / max(best ?? 1, 1e-7)))
  }()
}
