import ArgumentParser
import Charts
import LinAlg

/// Measures what more threads bring whole training steps, and stacks of layers.
struct StepsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "steps",
    abstract: "What more threads bring whole training steps and stacks, beside as many processes.",
    discussion: """
      Each subject is run by turns on one thread, on --threads (2 where that is 1), and in as many processes of one \
      thread at the same time. gain: one thread's time over that of all. processes': how many times as much as one \
      the processes do together, which is what the machine has to give. "of 2" is the first in units of the second, \
      times the number of threads. Before anything is timed, the losses and weights (or outputs and gradients) of ten \
      steps must have the same bits on one thread and on all. --min-time is that of a way in a turn.

      SUBJECTS
        \(StepsSubject.allCases.map { "\($0.rawValue): \($0.what)" }.joined(separator: "\n        "))

      EXAMPLES
        Bench steps
        Bench steps --subjects character,tagger --turns 21
        Bench steps --subjects stack-128 --layers apart
      """)

  @OptionGroup var measuring: MeasuringOptions

  @Option(help: ArgumentHelp("Only these.", valueName: "list"))
  var subjects: String?

  @Option(help: ArgumentHelp("How often each way is measured.", valueName: "count"))
  var turns = 11

  @Option(help: "Layers of a stack: automatic, together or apart.")
  var layers = "automatic"

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  func validate() throws {
    guard (1...10_000).contains(turns) else {
      throw ValidationError("--turns must be from 1 to 10000, not \(turns)")
    }
    guard StepsLayers(rawValue: layers) != nil else {
      throw ValidationError("--layers must be automatic, together or apart, not '\(layers)'")
    }
    let hasStack = try chosen().contains { $0.isStack }
    guard hasStack || layers == StepsLayers.automatic.rawValue else {
      throw ValidationError("--layers goes with a stack among --subjects")
    }
  }

  private func chosen() throws -> [StepsSubject] {
    guard let subjects else { return StepsSubject.allCases }
    do throws(ParseError) {
      return try ShapeFile.parseList(subjects, what: "subject")
    } catch {
      throw ValidationError("--subjects: \(error.reason)")
    }
  }

  func run() throws {
    try measuring.prepareProcess()
    let progress = Progress(quiet: measuring.quiet)
    let layers = StepsLayers(rawValue: layers) ?? .automatic
    let rows = try chosen().map { subject in
      progress.note(subject.rawValue)
      return try StepsMeasurement(
        subject: subject, threads: max(2, measuring.threads), seed: measuring.seed, layers: layers,
        seconds: measuring.minTime, turns: turns, plantedError: measuring.injectedError
      ).row()
    }
    let result = StepsResult(
      cpu: CPU.current.model, isa: InstructionSet.current.description, layers: layers, rows: rows,
      warnings: Machine.warnings(measuring.settings(contestants: [])))
    StandardOutput.write(json ? try JSONReport.encode(result) : result.render())
  }
}

/// One of the processes of ``StepsCommand``.
struct StepsProcessCommand: ParsableCommand {
  static let name = "steps-process"
  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "Run a subject of 'Bench steps' as standard input says, until it ends.",
    shouldDisplay: false)

  @Option var subject: String
  @Option var threads = 1
  @Option var seed: UInt64 = 1
  @Option var layers = "automatic"
  @Option(name: .customLong("inject-error")) var injectedError = 0.0

  func run() throws {
    guard let subject = StepsSubject(rawValue: subject), let layers = StepsLayers(rawValue: layers),
      (1...1024).contains(threads)
    else { throw BenchError.usage("\(Self.name): no such subject, layers or threads") }
    OpenBLASThreads.use(1)
    let steps = subject.make(threads: threads, seed: seed, together: layers.together)
    while let line = readLine() {
      let words = line.split(separator: " ")
      guard words.count == 2, ["run", "digest"].contains(words[0]), let count = Int(words[1]),
        count > 0
      else {
        throw BenchError.usage("\(Self.name): '\(line)' is no request")
      }
      let start = Stopwatch.now()
      for _ in 0..<count { try steps.step() }
      let nanoseconds = Double(Stopwatch.now() - start) / Double(count)
      StandardOutput.write(
        (words[0] == "digest"
          ? "\(steps.digest(plantedError: Float(injectedError)))" : "\(nanoseconds)") + "\n")
    }
  }
}
