import ArgumentParser
import Charts
import Foundation

/// Fails when the engine got slower than another revision of it.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Fail when, and only when, the engine got slower than another revision of it.",
    discussion: """
      Builds that revision beside this program, once for each commit, and runs the two by turns on the same \
      core: every kernel, every kind of layer, each row in pairs of short turns, in several launches of both. \
      What the machine does meanwhile it does to both, so the answer is the same on another machine. A row is \
      slower when the median of its launches' ratios is above the tolerance and chance does not explain it; \
      it must be so in new launches, too. Rows that one of the two lacks are listed and not judged.

      Without a revision it is the merge base with the default branch, or the first parent where that is \
      HEAD itself.

      A stored baseline (--baseline) is for one machine: its costs are in units of a loop that only \
      multiplies and adds, and what neighbours take of everything else changes them.

      EXIT CODES
        0 not slower    1 a layer computes something wrong    2 slower
        4 too noisy to tell, or nothing to compare with

      EXAMPLES
        Bench check                                against what this is a change of
        Bench check --against v1.2                 against a tag, a branch or a commit
        Bench check --against v1.2 --shapes my.layers      my layers at my shapes
        Bench check --baseline b.json --record     store what rows cost on this machine
        Bench check --against HEAD --inject-slowdown 15%   see that the gate fails
      """)

  @OptionGroup var measuring: MeasuringOptions

  @Option(
    defaultAsFlag: "",
    help: ArgumentHelp(
      "A git revision of this package, or the path of another Bench program.",
      valueName: "revision"))
  var against: String?

  @Option(
    help: ArgumentHelp(
      "A file of lines 'layers modes shape'; only these are measured. Default: every kernel and "
        + "Benchmarks/check.layers.", valueName: "file"))
  var shapes: String?

  @Option(help: ArgumentHelp("Only rows whose names contain this.", valueName: "text"))
  var rows: String?

  @Option(help: ArgumentHelp("Compare with this file of this machine's costs.", valueName: "file"))
  var baseline: String?

  @Flag(help: "Measure what the rows cost on this machine and store it in the file of --baseline.")
  var record = false

  @Option(help: ArgumentHelp("The slowdown that is let pass.", valueName: "percent"))
  var tolerance = Percentage(share: 0.05)

  @Option(
    name: .customLong("inject-slowdown"),
    help: ArgumentHelp(
      "Count this program's times as that much longer, to see that the gate fails.",
      valueName: "percent"))
  var injectedSlowdown = Percentage(share: 0)

  func validate() throws {
    guard tolerance.share > 0, tolerance.share < 1 else {
      throw ValidationError("--tolerance must be above 0% and below 100%")
    }
    guard against == nil || baseline == nil else {
      throw ValidationError("--against and --baseline exclude each other")
    }
    guard !record || baseline != nil else {
      throw ValidationError("--record needs --baseline and the file to write")
    }
    guard !record || (injectedSlowdown.share == 0 && measuring.injectedError == 0) else {
      throw ValidationError("--record does not go with planted slowdowns or errors")
    }
  }

  func run() throws {
    let cases = try ShapeFile.readLayers(path: try shapes ?? Self.defaultShapes())
    if record, let baseline { try OutputFile.checkWritable(path: baseline) }
    let stored = record ? nil : try baseline.map(readBaseline)
    try measuring.prepareProcess()

    guard let program = PackageDirectory.executablePath else {
      throw BenchError.failure("this program's own file was not found")
    }
    var environment = ProcessInfo.processInfo.environment
    if !measuring.keepCoreType { environment[Relaunch.coreTypeVariable] = nil }
    let session = CheckSession(
      cases: cases, includesKernels: shapes == nil, filter: rows,
      settings: measuring.settings(contestants: [.packed]), quiet: measuring.quiet,
      environment: environment, injectedSlowdown: injectedSlowdown.share, program: program)
    if record, let baseline {
      try store(try session.record(), in: baseline)
    } else if let stored {
      StandardError.line(
        "Bench: a stored baseline is for one machine, \(stored.machine); its neighbours count, too")
      try conclude(
        try session.check(against: stored, tolerance: tolerance.share),
        other: "the baseline of \(stored.date)")
    } else {
      let (path, name) = try other(program)
      try conclude(try session.check(against: path, tolerance: tolerance.share), other: name)
    }
  }

  private static func defaultShapes() throws -> String {
    guard let folder = PackageDirectory.benchmarks else {
      throw BenchError.usage(
        "no folder 'Benchmarks' found beside the package; give --shapes a file")
    }
    return folder.appendingPathComponent("check.layers").path
  }

  private func readBaseline(_ path: String) throws -> Baseline {
    let stored = try Baseline.read(path: path)
    guard stored.machine == Baseline.thisMachine else {
      throw BenchError(
        code: .couldNotMeasure,
        message: "\(path): is for another machine, \(stored.machine), and this is "
          + "\(Baseline.thisMachine); use --against, or --record a baseline here")
    }
    return stored
  }

  private func store(_ costs: [String: Interval], in path: String) throws {
    let stored = Baseline(
      machine: Baseline.thisMachine, date: Date().formatted(.iso8601), commit: SystemState.commit,
      costs: costs)
    try OutputFile.write(try JSONReport.encode(stored), to: path)
    StandardError.line(
      "Bench: recorded \(costs.count) rows in \(path), for this machine alone: \(stored.machine)")
  }

  /// The program to compare with, and what to call it.
  private func other(_ program: String) throws -> (path: String, name: String) {
    var isFolder: ObjCBool = false
    if let against, against.contains("/"),
      FileManager.default.fileExists(atPath: against, isDirectory: &isFolder), !isFolder.boolValue,
      FileManager.default.isExecutableFile(atPath: against)
    {
      return (against, against)
    }
    guard let root = PackageDirectory.root else {
      throw BenchError.usage("the package was not found; give --against the path of another Bench")
    }
    let revision = try Revision.find(against == "" ? nil : against) {
      Subprocess.output(["git", "-C", root.path] + $0)
    }
    let build = RevisionBuild(
      root: root, folder: RevisionBuild.folder(executable: program, root: root),
      quiet: measuring.quiet)
    return (try build.program(of: revision), revision.description)
  }

  private func conclude(_ findings: [GateFinding], other: String) throws {
    StandardOutput.write(
      GateReport.render(findings, other: other, tolerance: tolerance.share))
    func names(_ verdict: GateVerdict) -> String {
      findings.filter { $0.verdict == verdict }.map(\.name).joined(separator: "; ")
    }
    switch findings.failure {
    case nil: return
    case .regression?:
      throw BenchError(
        code: .regression, message: "slower than \(other): \(names(.slower))")
    default:
      let noisy = names(.noisy)
      throw BenchError(
        code: .couldNotMeasure,
        message: noisy.isEmpty
          ? "there is no row that both have" : "too noisy to tell, try again: \(noisy)")
    }
  }
}
