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
    // Steps that do not count are no work.
    let gflops = meanLengthShare * benchCase.flops * 1e-9 / seconds.median
    return Report.Row(
      cell: benchCase.cell, mode: benchCase.mode, T: shape.T, N: shape.N, D: shape.D, H: shape.H,
      threads: threads, contestant: entry.kind.name, seconds: seconds,
      samples: entry.samples.all.count, gflops: gflops,
      tokensPerSecond: meanLengthShare * benchCase.tokens / seconds.median,
      peakShare: gflops / peakGflops,
      speedup: Report.Speedup(
        naive: speedup(of: seconds, over: ContestantKind.naive.name),
        perGate: speedup(of: seconds, over: ContestantKind.perGate.name),
        fused: speedup(of: seconds, over: ContestantKind.fused.name)),
      maxError: entry.outcome.maxError, errorBound: entry.outcome.bound,
      verified: Report.Verified(steps: plan.steps, sequences: plan.sequences.count),
      allocationsPerCall: entry.allocationsPerCall, scaledFromSteps: entry.scaledFromSteps,
      tapeBytes: entry.tapeBytes, window: Statistics.median(window), lengths: benchCase.lengths,
      meanLengthShare: benchCase.lengths == nil ? nil : meanLengthShare,
      shareOfPadded: shareOfPadded(entry))
  }

  private func shareOfPadded(_ entry: Entry) -> Interval? {
    guard entry.kind.name != ContestantKind.padded.name else { return nil }
    return samples(of: ContestantKind.padded.name).flatMap {
      Statistics.medianInterval($0.speedups(over: entry.samples))
    }
  }

  private func speedup(of seconds: Interval, over name: String) -> Double? {
    samples(of: name)?.seconds.map { $0.median / seconds.median }
  }
}
