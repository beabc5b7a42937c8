import ArgumentParser

/// Says where and how much two files of arrays differ.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Say where and how much two files or folders differ.",
    discussion: """
      Arrays are compared by name, files of folders by file name, and two files of one array each whatever \
      it is called. Numbers a and b are the same where |a − b| ≤ tolerance + relative · |b|, and NaN is \
      the same as NaN. Types need not be the same, shapes must. Names, shapes and numbers that differ give \
      exit code 1.

      The table lists arrays with any difference: how many numbers differ by more than is allowed, the \
      largest difference, where it is, and the two numbers there.

      EXAMPLES
        recurrent compare before.safetensors after.safetensors
        recurrent compare results expected --tolerance 1e-5
        recurrent compare scores.npy expected.npz --tolerance 1e-6 --relative 1e-5
      """)

  @Argument(help: ArgumentHelp("A file or a folder.", valueName: "A"), completion: .file())
  var a: String

  @Argument(
    help: ArgumentHelp("A file or a folder, to compare with.", valueName: "B"), completion: .file())
  var b: String

  @Option(help: ArgumentHelp("The distance at which numbers count as the same.", valueName: "x"))
  var tolerance = 0.0

  @Option(
    help: ArgumentHelp("The distance as a share of the number in B, besides.", valueName: "x"))
  var relative = 0.0

  @Flag(name: .shortAndLong, help: "Print nothing; the exit code tells.")
  var quiet = false

  func validate() throws {
    for (name, value) in [("--tolerance", tolerance), ("--relative", relative)] {
      guard value.isFinite, value >= 0 else {
        throw ValidationError("\(name) is \(value), expected zero or more.")
      }
    }
  }

  func run() throws {
    let comparison = try FileComparison(
      a, b, Tolerance(absolute: tolerance, relative: relative), Progress())
    if !quiet { try StandardOutput.write(lines: comparison.lines) }
    if comparison.differs { throw ToolError(code: .different, message: "") }
  }
}
