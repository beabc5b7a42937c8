import ArgumentParser
import Foundation

/// The forms that a report can take.
enum ReportFormat: String, CaseIterable, ExpressibleByArgument {
  case text, json, markdown, github, html

  /// The form that a file's ending asks for.
  init?(pathExtension: String) {
    switch pathExtension.lowercased() {
    case "txt", "text": self = .text
    case "json": self = .json
    case "md", "markdown": self = .markdown
    case "html", "htm": self = .html
    default: return nil
    }
  }
}

/// Where a report goes, and in which form.
struct OutputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "text, json, markdown, github (for github-action-benchmark) or html. "
        + "Default: what --output's ending says, else text."))
  var format: ReportFormat?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write the report to this file, whole or not at all; the table still goes to standard output.",
      valueName: "file"))
  var output: String?

  /// Fails before anything is measured when the file cannot be written.
  func check() throws {
    if let output { try OutputFile.checkWritable(path: output) }
  }

  func write(_ report: Report) throws {
    let format =
      format
      ?? output.flatMap { ReportFormat(pathExtension: URL(fileURLWithPath: $0).pathExtension) }
      ?? .text
    let text = try render(report, format)
    guard let output else {
      StandardOutput.write(text)
      return
    }
    try OutputFile.write(text, to: output)
    StandardOutput.write(TextReport.render(report))
  }

  private func render(_ report: Report, _ format: ReportFormat) throws -> String {
    switch format {
    case .text: TextReport.render(report)
    case .json: try JSONReport.encode(report)
    case .markdown: MarkdownReport.render(report)
    case .github: try GitHubReport.render(report)
    case .html: HTMLReport.render(report)
    }
  }
}

/// Standard output, where reports go.
enum StandardOutput {
  static func write(_ text: String) {
    FileHandle.standardOutput.write(Data(text.utf8))
  }
}
