import ArgumentParser

/// Measures a suite and reports it.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Measure LSTM, GRU and RNN layers (the default).",
    discussion: """
      Every row is first compared with scalar loops in double precision; a wrong answer ends the run \
      with exit code 1. Then the contestants take turns, between samples of the machine's own matrix \
      product, and medians with 95% intervals are reported. Baselines whose calls take too long are \
      timed on fewer steps and marked with ~. Where sequences have different lengths, the engine is compared \
      with itself without them.

      EXAMPLES
        Bench --suite quick
        Bench --cell lstm --mode training --shape T50xN32xD256xH256
        Bench --suite standard --threads 2 --output report.html
        Bench --neighbour                           beside a process that streams memory
        Bench --suite random --seed 7 --count 10 --contestants fused,packed
        Bench --suite ragged --threads 2
        Bench --suite deepbench --cell gru --format json --output deepbench.json
        Bench --suite narrow --mode inference --contestants packed,float16,int8,int8-dynamic
      """)

  @OptionGroup var what: CaseOptions
  @OptionGroup var measuring: MeasuringOptions
  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "Who takes part: naive, perGate, fused, packed, where sequences have lengths padded, and in "
        + "inference alone float16, bfloat16, int8, int8-dynamic, separated by commas.",
      valueName: "list"))
  var contestants = ContestantKind.all.map(\.name).joined(separator: ",")

  @Flag(
    help:
      "Measure beside a process that streams memory on one processor, the last where there are several."
  )
  var neighbour = false

  func run() throws {
    let kinds = try ContestantKind.named(list: contestants)
    let (name, cases) = try what.cases(defaultSuite: "quick", seed: measuring.seed)
    if let idle = cases.first(where: { item in !kinds.contains { $0.takesPart(in: item) } }) {
      throw BenchError.usage(
        "--contestants: none of them takes part in \(idle)"
          + (idle.lengths == nil ? "; add '--mode inference'" : ""))
    }
    try output.check()
    try measuring.prepareProcess()
    let beside = neighbour ? try Neighbour() : nil

    let settings = measuring.settings(contestants: kinds)
    let peak = PeakProbe()
    var header = try Machine.probe(suite: name, settings: settings, peak: peak)
    if beside != nil {
      header.warnings.append("a process streams memory beside this one (--neighbour)")
    }
    let progress = Progress(quiet: measuring.quiet)
    for warning in header.warnings { progress.note("warning: \(warning)") }
    let measurement = try SuiteRunner(settings: settings, progress: progress)
      .measure(cases, peak: peak)
    withExtendedLifetime(beside) {}
    guard let report = Report(measurement, header: header, threads: settings.threads) else {
      throw BenchError.failure("nothing was measured: every case was left out")
    }
    try output.write(report)
  }
}
