import Foundation

extension Report {
  /// The report of what was measured.
  ///
  /// - Returns: `nil` when nothing was.
  init?(_ measurement: SuiteMeasurement, header: Header, threads: Int) {
    guard let peak = measurement.sgemmGflops else { return nil }
    var header = header
    header.peak.sgemmGflops = peak
    header.load.end = SystemState.loadAverage
    header.peakResidentBytes = SystemState.peakResidentBytes
    header.warnings += measurement.notes
    self.init(header: header, rows: measurement.cases.flatMap { $0.rows(threads: threads) })
  }
}

extension CaseMeasurement {
  /// The SGEMM peak between this case's own samples, GFLOP/s.
  var peakGflops: Double {
    peakFlops * 1e-9 / (Statistics.median(peak.all) ?? .infinity)
  }

  /// One row for each contestant.
  func rows(threads: Int) -> [Report.Row] {
    contestants.compactMap { row($0, threads: threads) }
  }

  private func row(_ entry: Entry, threads: Int) -> Report.Row? {
    guard let seconds = entry.samples.seconds else { return nil }
    let shape = benchCase.shape
    let gflops = benchCase.flops * 1e-9 / seconds.median
    return Report.Row(
      cell: benchCase.cell, mode: benchCase.mode, T: shape.T, N: shape.N, D: shape.D, H: shape.H,
      threads: threads, contestant: entry.kind.name, seconds: seconds,
      samples: entry.samples.all.count, gflops: gflops,
      tokensPerSecond: benchCase.tokens / seconds.median, peakShare: gflops / peakGflops,
      speedup: Report.Speedup(
        naive: speedup(of: seconds, over: ContestantKind.naive.name),
        perGate: speedup(of: seconds, over: ContestantKind.perGate.name),
        fused: speedup(of: seconds, over: ContestantKind.fused.name)),
      maxError: entry.outcome.maxError, errorBound: entry.outcome.bound,
      verified: Report.Verified(steps: plan.steps, sequences: plan.sequences.count),
      allocationsPerCall: entry.allocationsPerCall, scaledFromSteps: entry.scaledFromSteps,
      tapeBytes: entry.tapeBytes, window: Statistics.median(window))
  }

  private func speedup(of seconds: Interval, over name: String) -> Double? {
    samples(of: name)?.seconds.map { $0.median / seconds.median }
  }
}
