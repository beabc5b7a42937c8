/// Results as a table for a terminal.
enum TextReport {
  static func render(_ record: ExperimentRecord) -> String {
    let header = ["experiment", "what", "measured", "target", "met", "time"]
    let rows = record.results.map { result in
      let cells = ResultCells(result)
      let met = result.isMet.map { $0 ? "yes" : "NO" } ?? ""
      return [result.experiment, cells.what, cells.measured, cells.target, met, cells.time]
    }
    let widths = header.indices.map { i in
      rows.reduce(header[i].count) { max($0, $1[i].count) }
    }
    return ([header, widths.map { String(repeating: "─", count: $0) }] + rows).map { cells in
      var line = cells.indices.map { i in
        cells[i] + String(repeating: " ", count: widths[i] - cells[i].count)
      }.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}
