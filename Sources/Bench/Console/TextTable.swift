/// Columns of text, padded so that they align.
struct TextTable {
  enum Alignment { case left, right }

  struct Column {
    var title: String
    var alignment: Alignment = .right
  }

  var columns: [Column]
  var rows: [[String]] = []
  /// What stands between two columns.
  var gap = "  "

  /// The lines of the table, header and rule first, without spaces at their ends.
  func lines() -> [String] {
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
