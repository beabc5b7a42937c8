import Charts

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
        "| `\(result.experiment)` | \(Markup.escapeMarkdown(cells.what)) | \(cells.measured) | \(cells.target) | "
          + "\(result.isMet == false ? "**no**" : cells.met) | \(result.seed) | \(cells.time) | "
          + "\(cells.parameters) | \(result.commit) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
