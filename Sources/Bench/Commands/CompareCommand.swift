import ArgumentParser

/// Compares two reports.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare two reports written with --format json.",
    discussion: """
      Says for each row how many times as fast B is, in time and in share of each run's own SGEMM peak. \
      The exit code is 0 whatever the outcome; 'Bench check' is what fails.

      EXAMPLES
        Bench compare before.json after.json
        Bench compare before.json after.json --json
      """)

  @Argument(help: ArgumentHelp("The earlier report.", valueName: "A.json"))
  var a: String

  @Argument(help: ArgumentHelp("The later report.", valueName: "B.json"))
  var b: String

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  func run() throws {
    let comparison = Comparison(try Report.read(path: a), try Report.read(path: b))
    guard !comparison.lines.isEmpty else {
      throw BenchError.data("\(b): has no row in common with \(a)")
    }
    StandardOutput.write(json ? try JSONReport.encode(comparison) : comparison.text())
  }
}

extension Report {
  static let largestByteCount = 64 << 20

  /// Reads a report in its JSON form.
  ///
  /// - Throws: ``BenchError`` (exit 65) that names file and line.
  static func read(path: String) throws -> Report {
    let report = try InputFile.decode(
      Report.self, path: path, atMost: largestByteCount, what: "a report of Bench")
    guard report.schema == currentSchema else {
      throw BenchError.data(
        "\(path): schema \(report.schema), this Bench reads \(currentSchema)")
    }
    return report
  }
}
