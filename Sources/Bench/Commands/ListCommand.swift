import ArgumentParser
import Charts
import LinAlg

/// Shows what can be measured.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Show the suites and contestants, or the cases of one suite.",
    discussion: """
      EXAMPLES
        Bench list
        Bench list --suite deepbench --cell gru
        Bench list --suite random --seed 7 --count 10 --plain > mine.shapes
      """)

  @OptionGroup var what: CaseOptions

  @Option(help: ArgumentHelp("The seed of the shapes of '--suite random'.", valueName: "number"))
  var seed: UInt64 = 1

  @Flag(help: "Print the cases as a .shapes file has them.")
  var plain = false

  func run() throws {
    if !plain, what.suite == nil, what.shape.isEmpty, what.cell == nil, what.mode == nil {
      StandardOutput.write(try overview())
      return
    }
    let (name, cases) = try what.cases(defaultSuite: "quick", seed: seed)
    StandardOutput.write(plain ? ShapeFile.text(cases) : Self.table(suite: name, cases))
  }

  private func overview() throws -> String {
    var suites = TextTable(columns: [
      .init(title: "suite", alignment: .left), .init(title: "cases"), .init(title: "TFLOP"),
    ])
    for name in Suite.available() {
      let cases = try Suite.named(name).cases
      suites.rows.append([
        name, String(cases.count),
        Format.significant(cases.reduce(0) { $0 + $1.flops } * 1e-12),
      ])
    }
    suites.rows.append([RandomShapes.suiteName, "any", ""])
    var contestants = TextTable(columns: [
      .init(title: "contestant", alignment: .left), .init(title: "what it is", alignment: .left),
    ])
    contestants.rows = ContestantKind.known.map { [$0.name, $0.summary] }
    let kernels = Machine.kernels(InstructionSet.current.description, builtFor: Machine.builtFor)
    return
      (suites.lines() + [""] + contestants.lines() + ["", "engine kernels: \(kernels)"])
      .joined(separator: "\n") + "\n"
  }

  /// The cases of a suite with the work of one call.
  static func table(suite: String, _ cases: [BenchCase]) -> String {
    var table = TextTable(columns: [
      .init(title: "cell", alignment: .left), .init(title: "mode", alignment: .left),
      .init(title: "shape", alignment: .left), .init(title: "GFLOP"), .init(title: "memory"),
    ])
    table.rows = cases.map {
      [
        $0.cell.rawValue, $0.mode.rawValue,
        $0.shape.description + ($0.lengths.map { " \($0.rawValue)" } ?? ""),
        Format.significant($0.flops * 1e-9), Format.bytes($0.workingBytes),
      ]
    }
    return (["suite \(suite), \(cases.count) cases", ""] + table.lines())
      .joined(separator: "\n") + "\n"
  }
}
