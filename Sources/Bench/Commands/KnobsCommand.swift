import ArgumentParser
import Charts
import LinAlg
import Recurrent

/// Measures what each option of a layer costs: its training time over that of the plain layer.
struct KnobsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "knobs",
    abstract:
      "What each option of a layer costs, as a multiple of the plain layer's training time.",
    discussion: """
      Every layer takes its turn in every round: a recorded pass forward and a pass backward with all \
      gradients, with weights that are packed anew as after an optimizer step. A figure is the median of its \
      rounds' ratios to the built-in layer of the same cell. Before anything is timed, each layer's results \
      are compared: those of a built-in layer with the scalar loops, those of options with the same layer in \
      Double with OpenBLAS's products.

      What is allowed is 1.20 for everyday options and 1.50 for others, for memory matrices besides their \
      products; a row that costs more is marked, and the exit code is 2.

      EXAMPLES
        Bench knobs
        Bench knobs --shape T50xN32xD256xH256 --turns 60
      """)

  @OptionGroup var measuring: MeasuringOptions

  @Option(help: "The shape, as T50xN32xD256xH256.")
  var shape = "T50xN32xD256xH256"

  @Option(
    help: ArgumentHelp(
      "How often every layer takes its turn, besides two turns to warm up; --min-time is not used.",
      valueName: "count"))
  var turns = 30

  func validate() throws {
    guard (1...10_000).contains(turns) else {
      throw ValidationError("--turns must be from 1 to 10000, not \(turns)")
    }
    do throws(ParseError) {
      _ = try Shape(parsing: shape)
    } catch {
      throw ValidationError("--shape: \(error.reason)")
    }
  }

  func run() throws {
    let shape = try Shape(parsing: self.shape)
    try measuring.prepareProcess()
    let progress = Progress(quiet: measuring.quiet)
    var subjects: [KnobSubject] = []
    for knob in Knob.all {
      progress.note("verifying \(knob.name)")
      subjects.append(
        try KnobSubject(
          knob, shape, threads: measuring.threads, seed: measuring.seed,
          plantedError: measuring.injectedError))
    }
    var seconds = [[Double]](repeating: [], count: subjects.count)
    for round in 0..<turns + 2 {
      progress.note("round \(round + 1) of \(turns + 2)")
      for i in subjects.indices {
        let index = (i + round) % subjects.count
        let time = Stopwatch.seconds(.wall, subjects[index].call)
        if round > 1 { seconds[index].append(time) }
      }
    }
    let table = KnobTable(
      zip(subjects, seconds).map {
        KnobTiming(
          knob: $0.knob, multiplications: $0.multiplications, error: $0.error, seconds: $1)
      })
    StandardOutput.write(
      "Training time over the built-in layer's, \(shape.spaced), \(measuring.threads) "
        + "\(measuring.threads == 1 ? "thread" : "threads"), float32, "
        + "\(InstructionSet.current.description):\n\n" + table.render())
    let over = table.over
    guard over.isEmpty else {
      let rows = over.map {
        "\($0.name) (\(Format.fixed($0.time, 2)), allowed \(Format.fixed($0.allowed ?? 0, 2)))"
      }
      throw BenchError(
        code: .regression, message: "costs more than is allowed: \(rows.joined(separator: "; "))")
    }
  }
}
