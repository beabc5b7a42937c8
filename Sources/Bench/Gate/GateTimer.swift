import CMachineProbe

/// Times rows between calls of a yardstick: a loop of multiply–adds in registers, which takes as long as the
/// core's clock and whoever else uses the core allow, and nothing else.
struct GateTimer {
  var clock: Stopwatch.Clock
  /// A share of a row's time that is waited in addition; for testing the gate.
  var injectedSlowdown = 0.0

  /// About how long a sample of the yardstick takes, in seconds.
  static let yardstickSeconds = 0.2e-3
  /// The shortest sample of a row.
  static let shortestSample = 0.6e-3

  /// Takes `2·rounds` samples of each row, and returns half of them, the rows in turns, each between two samples of the yardstick.
  func measure(_ rows: [GateRow], rounds: Int) -> [GateSample] {
    let iterations = calibratedIterations()
    let calls = rows.map(callsPerSample)
    var costs = rows.map { _ in [(cost: Double, rate: Double)]() }
    var before = flopsPerSecond(iterations)
    for round in 0..<2 * rounds {
      for turn in rows.indices {
        let index = (turn + round) % rows.count
        let seconds = sample(rows[index], calls: calls[index])
        let after = flopsPerSecond(iterations)
        let rate = (before + after) / 2
        costs[index].append((seconds * rate, rate))
        before = after
      }
    }
    return zip(rows, costs).map { row, costs in
      GateSample(name: row.name, group: row.group, costs: Self.undisturbed(costs))
    }
  }

  /// The costs of the half of the samples around which the yardstick was fastest: where a neighbour slows
  /// it down, it slows the row down by another factor.
  static func undisturbed(_ samples: [(cost: Double, rate: Double)]) -> [Double] {
    samples.sorted { $0.rate > $1.rate }.prefix((samples.count + 1) / 2).map(\.cost)
  }

  /// The yardstick's rate.
  func flopsPerSecond(_ iterations: Int) -> Double {
    let start = Stopwatch.now(clock)
    let flops = machine_probe_fma(iterations)
    return flops / max(Stopwatch.seconds(since: start, clock), 1e-9)
  }

  /// How many iterations of the yardstick take ``yardstickSeconds``.
  func calibratedIterations() -> Int {
    let probe = 20_000
    let best = (0..<5).map { _ in
      Stopwatch.seconds(clock) { _ = machine_probe_fma(probe) }
    }.min()
    return max(1, Int(Double(probe) * Self.yardstickSeconds / max(best ?? 1, 1e-7)))
  }

  private func callsPerSample(_ row: GateRow) -> Int {
    row.call(1)
    var calls = 1
    while calls < 1 << 20 {
      let seconds = Stopwatch.seconds(clock) { row.call(calls) }
      if seconds >= Self.shortestSample { break }
      calls = max(
        calls + 1,
        min(calls * 8, Int(1.2 * Double(calls) * Self.shortestSample / max(seconds, 1e-7))))
    }
    return calls
  }

  /// Seconds per call. The first calls, which fetch what other rows have displaced, are not timed.
  private func sample(_ row: GateRow, calls: Int) -> Double {
    row.call(max(1, calls / 8))
    let start = Stopwatch.now(clock)
    row.call(calls)
    if injectedSlowdown > 0 {
      Stopwatch.busyWait(
        seconds: Stopwatch.seconds(since: start, clock) * injectedSlowdown, clock)
    }
    return Stopwatch.seconds(since: start, clock) / Double(calls)
  }
}
