import Foundation
import LinAlg

/// Measures for the gate: against another program, against a stored baseline, or to store one.
struct CheckSession {
  /// The layers that are measured, at which shapes.
  var cases: [LayerCase]
  /// Whether the kernels are measured too; they run on one thread.
  var includesKernels: Bool
  /// Only rows whose names contain this; nil means all.
  var filter: String?
  var settings: MeasurementSettings
  var quiet: Bool
  /// Of the processes that are started.
  var environment: [String: String]
  var injectedSlowdown = 0.0
  /// The running program.
  var program: String

  /// The launches of a recording.
  static let recordedLaunches = 12

  /// The present program compared with the one at `path`.
  ///
  /// - Throws: ``BenchError`` when the engine gives a wrong answer, or a program fails.
  func check(against path: String, tolerance: Double) throws -> [GateFinding] {
    try withRows { rows in
      var lacking: [GateFinding] = []
      let findings = try run(rows, tolerance: tolerance, other: path) { launch in
        // The same in every launch.
        lacking =
          launch.onlyHere.map { GateFinding(name: $0, verdict: .onlyHere) }
          + launch.onlyThere.map { GateFinding(name: $0, verdict: .onlyThere) }
      }
      return findings + lacking.sorted { $0.name < $1.name }
    }
  }

  /// The present program's costs compared with stored ones.
  func check(against baseline: Baseline, tolerance: Double) throws -> [GateFinding] {
    try withRows { rows in
      let known = rows.filter { baseline.costs[$0.name] != nil }
      let names = Set(rows.map(\.name))
      let findings = try run(known, tolerance: tolerance, baseline: baseline.costs)
      let stored = baseline.costs.keys.filter { isWanted($0) && !names.contains($0) }
      return findings
        + rows.filter { baseline.costs[$0.name] == nil }
        .map { GateFinding(name: $0.name, verdict: .onlyHere) }
        + stored.sorted().map { GateFinding(name: $0, verdict: .onlyThere) }
    }
  }

  /// The costs of the present program's rows, in units of the yardstick.
  func record() throws -> [String: Interval] {
    try withRows { rows in
      var timer = timer(other: nil)
      var costs: [String: [Double]] = [:]
      for number in 0..<Self.recordedLaunches {
        progress.note("launch \(number + 1) of \(Self.recordedLaunches)")
        for (name, cost) in try timer.launch(number, rows).ratios {
          costs[name, default: []].append(cost)
        }
      }
      return costs.compactMapValues { Statistics.medianInterval($0) }
    }
  }

  private var progress: Progress { Progress(quiet: quiet) }

  private func isWanted(_ name: String) -> Bool { filter.map { name.contains($0) } ?? true }

  private func run(
    _ rows: [GateRow], tolerance: Double, other: String? = nil, baseline: [String: Interval] = [:],
    onLaunch: (PairedTimer.Launch) -> Void = { _ in }
  ) throws -> [GateFinding] {
    guard !rows.isEmpty else { return [] }
    var timer = timer(other: other)
    var number = 0
    return try withoutActuallyEscaping(onLaunch) { onLaunch in
      var gate = GateRun(tolerance: tolerance, references: baseline) { names, launches in
        let wanted = names.map { names in rows.filter { names.contains($0.name) } } ?? rows
        var ratios: [String: [Double]] = [:]
        for _ in 0..<launches {
          let launch = try timer.launch(number, wanted)
          if names == nil { onLaunch(launch) }
          number += 1
          for (name, ratio) in launch.ratios {
            ratios[name, default: []].append(ratio / (baseline[name]?.median ?? 1))
          }
          progress.note("launch \(number): \(wanted.count) rows")
        }
        return ratios
      }
      gate.onSuspects = { progress.note("measuring again: \($0.joined(separator: "; "))") }
      return try gate.run()
    }
  }

  private func timer(other: String?) -> PairedTimer {
    var timer = PairedTimer(
      present: program, other: other ?? program,
      otherRow: other == nil ? GateRow(what: .kernel(KernelRows.yardstick)) : nil,
      environment: environment, threads: settings.threads)
    timer.injectedSlowdown = injectedSlowdown
    return timer
  }

  /// The rows, their layers verified and their numbers in files that go afterwards.
  private func withRows<Result>(_ body: ([GateRow]) throws -> Result) throws -> Result {
    for warning in Machine.warnings(settings) {
      progress.note("warning: \(warning)")
    }
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("bench-check-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }

    var rows: [GateRow] = []
    if includesKernels, settings.threads == 1 {
      rows = KernelRows.names.filter { $0 != KernelRows.yardstick && isWanted($0) }
        .map { GateRow(what: .kernel($0)) }
    }
    for (index, item) in cases.enumerated() where isWanted(item.description) {
      var data: String?
      if let benchCase = item.benchCase {
        let workload = Workload(benchCase, seed: settings.seed, threads: settings.threads)
        _ = try Verifier(benchCase, workload: workload, plan: .make(benchCase))
          .verify(.packed, plantedError: settings.injectedError)
        let path = folder.appendingPathComponent("\(index).f32").path
        do throws(PeerError) {
          try PeerData.write(workload, to: path)
        } catch {
          throw BenchError.cannotWrite(error.message)
        }
        data = path
      } else {
        let verifier = LayerVerifier(item, threads: settings.threads)
        try verifier.verify { $0.plant(relativeError: settings.injectedError) }
      }
      rows.append(GateRow(what: .layer(item, data: data), threads: settings.threads))
    }
    return try body(rows)
  }
}
