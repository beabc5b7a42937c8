import ArgumentParser
import Charts
import LinAlg

/// Measures a server's view: many streams that step independently.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Many streams stepping independently: steps per second and how long each waits.",
    discussion: """
      Streams of one LSTM, each of which asks for its next step when the one before is answered, after --think \
      milliseconds on average. Three ways, by turns: every stream a session of its own, stepped in turn without any \
      queue; a queue that does one step after the other (with more threads, as many queues); a StreamBatcher, whose \
      batches use all threads. Waiting is from asking to the answer. In each row one stream is held, bit for bit, \
      against a session of its own.

      × in turn: steps per second over those of the sessions. ÷ batch: the waiting of 99 in 100 steps over what a \
      batch of all that fit takes by itself.

      EXAMPLES
        Bench serve
        Bench serve --streams 64 --threads 2 --min-time 2
        Bench serve --streams 64,256,1000 --think 20 --json
      """)

  @OptionGroup var measuring: MeasuringOptions

  @Option(help: ArgumentHelp("How many streams, one table row group each.", valueName: "list"))
  var streams = "1,4,16,64,256,1000"

  @Option(help: ArgumentHelp("Units of the LSTM, and inputs.", valueName: "count"))
  var units = 1024

  @Option(help: ArgumentHelp("The most streams that step together.", valueName: "count"))
  var batch = 64

  @Option(
    help: ArgumentHelp(
      "How long a batch waits for those missing. [default: for a sixteenth of the batch before]",
      valueName: "microseconds"))
  var patience: Int?

  @Option(
    help: ArgumentHelp("What a stream waits before its next step, on average.", valueName: "ms"))
  var think = 0.0

  @Option(help: ArgumentHelp("How often each way is measured.", valueName: "count"))
  var turns = 3

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  func validate() throws {
    guard (1...8192).contains(units), (1...100_000).contains(batch), (1...1000).contains(turns)
    else {
      throw ValidationError(
        "--units must be from 1 to 8192, --batch from 1 to 100000, --turns from 1 to 1000")
    }
    guard (0...1_000_000).contains(patience ?? 0), think.isFinite, (0...60_000).contains(think)
    else {
      throw ValidationError(
        "--patience must be from 0 to 1000000 microseconds, --think from 0 to 60000 ms")
    }
    guard Self.counts(streams) != nil else {
      throw ValidationError("--streams must be numbers from 1 to 100000, not '\(streams)'")
    }
  }

  private static func counts(_ text: String) -> [Int]? {
    let counts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let valid = counts.compactMap { $0 }.filter { (1...100_000).contains($0) }
    return valid.count == counts.count ? valid : nil
  }

  func run() throws {
    try measuring.prepareProcess()
    let progress = Progress(quiet: measuring.quiet)
    var rng = SeededGenerator(seed: measuring.seed)
    let measurement = ServeMeasurement(
      inputs: units, units: units, maximumBatch: batch,
      patience: patience.map { .microseconds($0) },
      think: think * 1e-3, seconds: measuring.minTime, using: &rng)
    var rows: [ServeRow] = []
    for count in Self.counts(streams) ?? [] {
      progress.note("\(count) streams")
      rows += try measurement.rows(streams: count, threads: measuring.threads, turns: turns)
    }
    let result = ServeResult(
      cpu: CPU.current.model, isa: InstructionSet.current.description, units: units,
      maximumBatch: batch, patienceMicroseconds: patience, thinkMilliseconds: think, rows: rows,
      warnings: Machine.warnings(measuring.settings(contestants: [])))
    StandardOutput.write(json ? try JSONReport.encode(result) : result.render())
  }
}
