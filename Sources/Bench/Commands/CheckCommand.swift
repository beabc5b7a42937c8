import ArgumentParser
import Foundation
import LinAlg

/// Fails when the engine got slower than its baseline.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Fail when, and only when, the engine got slower than a recorded baseline.",
    discussion: """
      Every kernel of the engine is timed on operands in the core's own caches, and the engine on the cases \
      of a suite, each between samples of a loop that only multiplies and adds: what a row costs in units \
      of that loop does not depend on the clock, nor on who else uses the core. Rows that share a kernel \
      are judged together. Slower is what costs more than the baseline of this kind of machine \
      (instruction set and OpenBLAS core type) by more than the tolerance, in two measurements. With one \
      thread, processor time is counted and not wall time.

      EXIT CODES
        0 not slower    2 slower    4 too noisy to tell, or no baseline for this machine

      EXAMPLES
        Bench check
        Bench check --record                       measure and store this machine's baseline
        Bench check --inject-slowdown 15%          see that the gate fails
      """)

  @OptionGroup var what: CaseOptions
  @OptionGroup var measuring: MeasuringOptions

  @Option(
    help: ArgumentHelp(
      "The baseline file. Default: Benchmarks/baseline.json in the package.", valueName: "file"))
  var baseline: String?

  @Option(help: ArgumentHelp("The slowdown that is let pass.", valueName: "percent"))
  var tolerance = Percentage(share: 0.08)

  @Flag(help: "Measure several times and store the result as this machine's baseline.")
  var record = false

  @Option(
    name: .customLong("inject-slowdown"),
    help: ArgumentHelp(
      "Plant a slowdown in the engine's calls, to see that the gate finds it.", valueName: "percent"
    ))
  var injectedSlowdown = Percentage(share: 0)

  /// How many times a recording measures the suite.
  static let recordedPasses = 5

  func validate() throws {
    guard tolerance.share > 0, tolerance.share < 1 else {
      throw ValidationError("--tolerance must be above 0% and below 100%")
    }
    guard !record || (injectedSlowdown.share == 0 && measuring.injectedError == 0) else {
      throw ValidationError("--record does not go with planted slowdowns or errors")
    }
  }

  func run() throws {
    let (_, cases) = try what.cases(defaultSuite: "check")
    let path = try baselinePath()
    var known = Baseline(entries: [:])
    if FileManager.default.fileExists(atPath: path) {
      known = try Baseline.read(path: path)
    } else if !record {
      throw BenchError.data("\(path): no such file; \(Self.hint)")
    }
    if record { try OutputFile.checkWritable(path: path) }
    try measuring.prepareProcess()

    var settings = measuring.settings(contestants: [.packed])
    settings.injectedSlowdown = injectedSlowdown.share
    settings.clock = settings.threads == 1 ? .processor : .wall
    let key = Baseline.key(isa: InstructionSet.current.description, coreType: OpenBLAS.coreType)
    let session = CheckSession(settings: settings, quiet: measuring.quiet)
    if record {
      known.entries[key] = try session.record(cases, passes: Self.recordedPasses)
      try OutputFile.write(try JSONReport.encode(known), to: path)
      StandardError.line(
        "Bench: recorded \(known.entries[key]?.costs.count ?? 0) rows for \(key) in \(path)")
      return
    }
    let entry = try find(key, in: known, path: path)
    let findings = try session.check(cases, against: entry, tolerance: tolerance.share)
    StandardOutput.write(GateReport.render(findings, tolerance: tolerance.share))
    try conclude(findings)
  }

  private func baselinePath() throws -> String {
    if let baseline { return baseline }
    guard let folder = PackageDirectory.benchmarks else {
      throw BenchError.usage(
        "no folder 'Benchmarks' found beside the package; give --baseline a path")
    }
    return folder.appendingPathComponent("baseline.json").path
  }

  private static let hint = "'Bench check --record' measures and stores one"

  private func find(_ key: String, in known: Baseline, path: String) throws -> BaselineEntry {
    guard let entry = known.entries[key] else {
      let keys = known.entries.keys.sorted().joined(separator: ", ")
      throw BenchError(
        code: .couldNotMeasure,
        message: "\(path) has no baseline for \(key) (it has: \(keys.isEmpty ? "none" : keys)); "
          + Self.hint)
    }
    guard entry.threads == measuring.threads else {
      throw BenchError(
        code: .couldNotMeasure,
        message: "\(path): the baseline for \(key) is for \(entry.threads) threads, "
          + "not \(measuring.threads); \(Self.hint)")
    }
    return entry
  }

  private func conclude(_ findings: [GateFinding]) throws {
    let slower = findings.filter { $0.verdict == .slower }.map(\.name)
    switch findings.failure {
    case nil: return
    case .regression:
      throw BenchError(
        code: .regression, message: "the engine got slower: \(slower.joined(separator: "; "))")
    default:
      let cause =
        findings.contains { $0.verdict == .noisy }
        ? "the machine is too noisy or too loaded to tell; try again when it is quiet"
        : "the baseline has none of these rows; 'Bench check --record' stores them"
      throw BenchError(code: .couldNotMeasure, message: cause)
    }
  }
}
