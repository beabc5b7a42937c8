import Foundation
import LinAlg

/// Measures for the gate: once for a check, several times for a recording.
struct CheckSession {
  var settings: MeasurementSettings
  var quiet: Bool

  /// The least rounds of a measurement; its interval's ends are then well inside the samples.
  static let fewestRounds = 24
  /// How often operands are allocated anew within a measurement: where they lie in memory changes how
  /// well the caches hold them, for as long as they lie there.
  static let blocks = 4

  /// What the rows say against a baseline.
  ///
  /// - Throws: ``BenchError`` when the engine gives a wrong answer.
  func check(
    _ cases: [BenchCase], against entry: BaselineEntry, tolerance: Double
  ) throws -> [GateFinding] {
    let progress = Progress(quiet: quiet)
    warn(progress)
    let workloads = try verified(cases)
    var gate = GateRun(baseline: entry, tolerance: tolerance) { attempt in
      measure(workloads, attempt: attempt)
    }
    gate.onSuspects = { names in
      progress.note("measuring again: \(names.joined(separator: "; "))")
    }
    return gate.run()
  }

  /// The costs of this machine, from several passes.
  ///
  /// - Throws: ``BenchError`` when the engine gives a wrong answer.
  func record(_ cases: [BenchCase], passes: Int) throws -> BaselineEntry {
    let progress = Progress(quiet: quiet)
    warn(progress)
    let workloads = try verified(cases)
    var samples: [String: [GateSample]] = [:]
    for pass in 1...passes {
      progress.note("pass \(pass) of \(passes)")
      for sample in measure(workloads, attempt: 1) {
        samples[sample.name, default: []].append(sample)
      }
    }
    return BaselineEntry(
      cpu: CPU.current.model, openblas: OpenBLAS.version, commit: SystemState.commit,
      date: Date().formatted(.iso8601), threads: settings.threads,
      costs: samples.compactMapValues(BaselineEntry.combining))
  }

  /// One measurement of all rows; those after the first take twice the rounds.
  private func measure(_ workloads: [(BenchCase, Workload)], attempt: Int) -> [GateSample] {
    let timer = GateTimer(clock: settings.clock, injectedSlowdown: settings.injectedSlowdown)
    let rounds = max(
      Self.fewestRounds, Int(settings.minTime / GateTimer.shortestSample / Double(Self.blocks)) / 4)
    // Kept until the end, so that each block gets memory of its own.
    var blocks: [[GateRow]] = []
    var merged: [GateSample] = []
    for _ in 0..<Self.blocks * (attempt == 1 ? 1 : 2) {
      let rows = self.rows(workloads)
      blocks.append(rows)
      let samples = timer.measure(rows, rounds: rounds)
      if merged.isEmpty {
        merged = samples
      } else {
        for index in merged.indices { merged[index].costs += samples[index].costs }
      }
    }
    return withExtendedLifetime(blocks) { merged }
  }

  /// The kernels run on one thread; with more, only the engine is measured.
  private func rows(_ workloads: [(BenchCase, Workload)]) -> [GateRow] {
    (settings.threads == 1 ? GateRow.kernels() : [])
      + workloads.map { GateRow.engine($0, workload: $1) }
  }

  private func verified(_ cases: [BenchCase]) throws -> [(BenchCase, Workload)] {
    try cases.map { benchCase in
      let workload = Workload(benchCase, seed: settings.seed, threads: settings.threads)
      let plan = VerificationPlan.make(benchCase)
      _ = try Verifier(benchCase, workload: workload, plan: plan)
        .verify(.packed, plantedError: settings.injectedError)
      return (benchCase, workload)
    }
  }

  private func warn(_ progress: Progress) {
    for warning in Machine.warnings(settings) { progress.note("warning: \(warning)") }
  }
}
