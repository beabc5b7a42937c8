import ArgumentParser
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
      are compared with those of the same layer in Double with OpenBLAS's products.

      EXAMPLES
        Bench knobs
        Bench knobs --shape T50xN32xD256xH256 --rounds 60
      """)

  @OptionGroup var measuring: MeasuringOptions

  @Option(help: "The shape, as T50xN32xD256xH256.")
  var shape = "T50xN32xD256xH256"

  @Option(help: "How often every layer takes its turn, besides two turns to warm up.")
  var turns = 30

  func run() throws {
    try measuring.prepareProcess()
    let shape: Shape
    do { shape = try Shape(parsing: self.shape) } catch { throw BenchError.usage(error.reason) }
    let progress = Progress(quiet: measuring.quiet)
    var subjects: [KnobSubject] = []
    for knob in Knob.all {
      progress.note("verifying \(knob.name)")
      let subject = try KnobSubject(knob, shape)
      guard subject.error <= KnobSubject.largestError else {
        throw BenchError.failure(
          "\(knob.name): relative error \(Format.significant(subject.error)), "
            + "expected at most \(KnobSubject.largestError)")
      }
      subjects.append(subject)
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
    StandardOutput.write(Self.table(subjects, seconds, shape))
  }

  private static func table(
    _ subjects: [KnobSubject], _ seconds: [[Double]], _ shape: Shape
  ) -> String {
    var lines = [
      "Training time over the plain layer's, \(shape.spaced), one thread, float32, "
        + "\(InstructionSet.current.description):", "",
      "| knob | time | allowed | products | error |", "|---|---|---|---|---|",
    ]
    for (i, subject) in subjects.enumerated() {
      guard let plain = subjects.firstIndex(where: { $0.knob.name == subject.knob.cell.rawValue })
      else { continue }
      let ratios = zip(seconds[i], seconds[plain]).map { $0 / $1 }
      guard let ratio = Statistics.median(ratios), let own = Statistics.median(seconds[i]) else {
        continue
      }
      let products = subject.multiplications / subjects[plain].multiplications
      let allowed = subject.knob.limit * (subject.knob.countsProducts ? products : 1)
      let time =
        i == plain
        ? "\(Format.significant(own * 1e3)) ms"
        : Format.fixed(ratio, 2) + (ratio > allowed ? " **over**" : "")
      lines.append(
        "| \(subject.knob.name) | \(time) | \(i == plain ? "" : Format.fixed(allowed, 2)) | "
          + "\(Format.fixed(products, 2)) | \(i == plain ? "" : Format.scientific(subject.error)) |"
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
