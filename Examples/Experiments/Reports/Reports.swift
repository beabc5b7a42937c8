import Foundation

/// Results as JSON: `{"schema": 1, "results": […], "figures": […]}`.
enum JSONReport {
  static func render(_ record: ExperimentRecord) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(record), as: UTF8.self) + "\n"
  }
}

/// Results as a table in Markdown.
enum MarkdownReport {
  static func render(_ record: ExperimentRecord) -> String {
    var lines = [
      "| experiment | what | measured | target | met | seed | time | parameters | commit |",
      "|---|---|---:|---:|---|---:|---:|---:|---|",
    ]
    for result in record.results {
      let cells = ResultCells(result)
      lines.append(
        "| `\(result.experiment)` | \(cells.what) | \(cells.measured) | \(cells.target) | "
          + "\(cells.met) | \(result.seed) | \(cells.time) | \(cells.parameters) | "
          + "\(result.commit) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// What reports print of a result.
struct ResultCells {
  var what, measured, target, met, time, parameters: String

  init(_ result: ExperimentResult) {
    what = result.name + (result.note.map { " (\($0))" } ?? "")
    measured = Number.text(result.measured)
    target = result.target.map { "\($0.comparison) \(Number.text($0.bound))" } ?? ""
    met = result.isMet.map { $0 ? "yes" : "**no**" } ?? ""
    time = Number.duration(result.seconds)
    parameters = result.parameters.map(String.init) ?? ""
  }
}
