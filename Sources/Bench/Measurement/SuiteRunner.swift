import Charts
import Foundation

/// Measures a list of cases and makes their report.
struct SuiteRunner {
  var settings: MeasurementSettings
  var progress: Progress

  /// The measurements of `cases`, in order. Cases that need more memory than the machine has are left
  /// out, with a line that says so.
  ///
  /// - Throws: ``BenchError`` when a contestant gives a wrong answer.
  func measure(_ cases: [BenchCase], peak: PeakProbe) throws -> SuiteMeasurement {
    var result = SuiteMeasurement()
    progress.begin(total: cases.count)
    let (wallStart, processorStart) = (Stopwatch.now(.wall), Stopwatch.now(.processor))
    for (index, benchCase) in cases.enumerated() {
      if let available = SystemState.availableMemory, benchCase.workingBytes > 0.9 * available {
        let note =
          "\(benchCase) left out: it needs about \(Format.bytes(benchCase.workingBytes)), "
          + "\(Format.bytes(available)) are free"
        result.notes.append(note)
        progress.note(note)
        continue
      }
      let name = benchCase.description
      progress.row(index + 1, name, phase: "preparing")
      var runner = CaseRunner(settings: settings, peak: peak)
      runner.onPhase = { progress.row(index + 1, name, phase: $0) }
      let lengths = try benchCase.lengths?.draw(benchCase.shape, seed: settings.seed)
      let workload = Workload(
        benchCase, seed: settings.seed, threads: settings.threads, lengths: lengths)
      result.cases.append(try runner.run(benchCase, workload: workload))
      progress.finishRow(index + 1, name)
    }
    progress.end()
    let share =
      Stopwatch.seconds(since: processorStart, .processor)
      / Stopwatch.seconds(since: wallStart, .wall)
    // With several threads, waiting ones spin and count as busy; then the share says nothing.
    if settings.threads == 1, share < 0.9 {
      result.notes.append(
        "this run got \(Format.percent(share)) of one core: other processes took the rest, "
          + "and times are too long")
    }
    return result
  }
}

/// The measurements of a suite.
struct SuiteMeasurement {
  var cases: [CaseMeasurement] = []
  /// What a reader should know, such as cases that were left out.
  var notes: [String] = []

  /// The SGEMM peak over all of them, GFLOP/s.
  var sgemmGflops: Interval? {
    guard let flops = cases.first?.peakFlops else { return nil }
    return Statistics.medianInterval(cases.flatMap(\.peak.all))?.dividing(flops * 1e-9)
  }
}

extension BenchCase {
  /// About how much memory the contestants of this case take together, in bytes.
  var workingBytes: Double {
    let (T, N, D, H) = (
      Double(shape.T), Double(shape.N), Double(shape.D), Double(shape.H)
    )
    let G = Double(cell.gates)
    let parameters = G * H * (D + H)
    var scalars = 6 * parameters + 2 * T * N * D + 2 * T * N * H
    if mode != .inference { scalars += T * N * H * (2 * G + 4) }
    if mode.includesBackward { scalars += 2 * T * N * (D + H) + 4 * parameters }
    return 4 * scalars
  }
}
