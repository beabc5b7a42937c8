import ArgumentParser

/// The forms that a report can take.
enum ReportFormat: String, CaseIterable, ExpressibleByArgument {
  case text, json, html, markdown

  /// The form that a file's ending asks for.
  init?(path: String) {
    switch path.split(separator: ".").last?.lowercased() {
    case "txt", "text": self = .text
    case "json": self = .json
    case "html", "htm": self = .html
    case "md", "markdown": self = .markdown
    default: return nil
    }
  }

  /// The report in this form.
  func render(_ record: ExperimentRecord) throws -> String {
    switch self {
    case .text: TextReport.render(record)
    case .json: try JSONReport.render(record)
    case .html: HTMLReport.render(record)
    case .markdown: MarkdownReport.render(record)
    }
  }
}
