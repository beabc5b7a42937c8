import Foundation
import LinAlg

/// Measures for the gate: once for a check, several times for a recording.
struct CheckSession {
  var suite: String
  var settings: MeasurementSettings
  var quiet: Bool
  private let peak = PeakProbe()

  init(suite: String, settings: MeasurementSettings, quiet: Bool) {
    self.suite = suite
    self.settings = settings
    self.quiet = quiet
  }

  /// What the cases say against a baseline.
  func check(
    _ cases: [BenchCase], against entry: BaselineEntry, tolerance: Double
  ) throws -> [GateFinding] {
    let progress = Progress(quiet: quiet)
    warn(progress)
    var gate = GateRun(baseline: entry, tolerance: tolerance) { cases, attempt in
      try measure(cases, attempt: attempt, progress)
    }
    gate.onSuspects = { names in
      progress.note("measuring again: \(names.joined(separator: "; "))")
    }
    return try gate.run(cases)
  }

  /// The ratios of this machine, from several passes over the cases.
  func record(_ cases: [BenchCase], passes: Int) throws -> BaselineEntry {
    let progress = Progress(quiet: quiet)
    warn(progress)
    var samples: [String: [GateSample]] = [:]
    for pass in 1...passes {
      progress.note("pass \(pass) of \(passes)")
      for sample in try measure(cases, attempt: 1, progress) {
        samples[sample.benchCase.description, default: []].append(sample)
      }
    }
    return BaselineEntry(
      cpu: CPU.current.model, openblas: OpenBLAS.version, commit: SystemState.commit,
      date: Date().formatted(.iso8601), threads: settings.threads,
      cases: samples.mapValues(BaselineCase.combining))
  }

  /// One measurement; those after the first take twice the rounds and the time.
  private func measure(
    _ cases: [BenchCase], attempt: Int, _ progress: Progress
  ) throws -> [GateSample] {
    var settings = settings
    if attempt > 1 {
      settings.rounds *= 2
      settings.minTime *= 2
    }
    let measurement = try SuiteRunner(settings: settings, progress: progress)
      .measure(cases, peak: peak)
    for note in measurement.notes { progress.note("warning: \(note)") }
    return measurement.cases.map(\.gateSample)
  }

  private func warn(_ progress: Progress) {
    for warning in Machine.warnings(settings) { progress.note("warning: \(warning)") }
  }
}
