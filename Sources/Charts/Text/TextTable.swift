/// Columns of text, padded so that they align.
package struct TextTable {
  package enum Alignment { case left, right }

  package struct Column {
    package var title: String
    package var alignment: Alignment

    package init(title: String, alignment: Alignment = .right) {
      self.title = title
      self.alignment = alignment
    }
  }

  package var columns: [Column]
  package var rows: [[String]]
  /// What stands between two columns.
  package var gap: String

  package init(columns: [Column], rows: [[String]] = [], gap: String = "  ") {
    self.columns = columns
    self.rows = rows
    self.gap = gap
  }

  /// The lines of the table, header and rule first, without spaces at their ends.
  package func lines() -> [String] {
    let widths = columns.indices.map { index in
      rows.reduce(columns[index].title.count) { max($0, $1[index].count) }
    }
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: gap)
    return [line(columns.map(\.title), widths), rule] + rows.map { line($0, widths) }
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    let padded = cells.indices.map { index in
      let padding = String(repeating: " ", count: widths[index] - cells[index].count)
      return columns[index].alignment == .left ? cells[index] + padding : padding + cells[index]
    }
    var line = padded.joined(separator: gap)
    while line.last == " " { line.removeLast() }
    return line
  }
}
