/// Numbers in rows and columns as shades: what attention looks at, or which class is taken for which.
package struct HeatMap {
  /// What the picture shows; its heading.
  package var label: String
  /// What a row and what a column is.
  package var axes: (row: String, column: String)
  package var rows: [String]
  package var columns: [String]
  /// `values[row][column]`; one that is not finite is left open. Below zero has a colour of its own.
  package var values: [[Double]]
  /// The size at which the colour is full; `nil`: the largest that occurs.
  package var fullScale: Double?

  package init(
    label: String, axes: (row: String, column: String), rows: [String], columns: [String],
    values: [[Double]], fullScale: Double? = nil
  ) {
    precondition(
      values.count == rows.count && values.allSatisfy { $0.count == columns.count },
      "HeatMap: \(rows.count) × \(columns.count) labels for \(values.count) rows of "
        + "\(values.map(\.count)) values")
    self.label = label
    self.axes = axes
    self.rows = rows
    self.columns = columns
    self.values = values
    self.fullScale = fullScale
  }

  /// Above the labels of columns, for the heading; below the cells, for the scale.
  private static let head = 48.0
  private static let foot = 52.0
  /// Labels wider than that are cut.
  private static let widestLabel = 220.0
  /// Between the lines of two labels at least.
  private static let labelHeight = 12.0

  package func svg() -> SVG {
    let places = Places(self)
    let full = fullSize
    var svg = SVG(
      width: places.width, height: places.bottom + Self.foot, label: label,
      description: description)
    svg.text(12, 18, label, class: "heading")
    svg.text(12, 36, "\(axes.row) ↓  \(axes.column) →", class: "tick")
    drawLabels(&svg, places)
    for (row, line) in values.enumerated() {
      for (column, value) in line.enumerated() {
        draw(value, full, &svg, places, row, column)
      }
    }
    drawScale(&svg, places, full)
    return svg
  }

  /// Where things stand.
  private struct Places {
    var left: Double
    var top: Double
    /// The side of a cell.
    var side: Double
    var width: Double
    var bottom: Double
    var columnsAreTurned: Bool

    init(_ map: HeatMap) {
      let widestRow = map.rows.map(TextWidth.estimate).max() ?? 0
      let widestColumn = min(
        map.columns.map(TextWidth.estimate).max() ?? 0, HeatMap.widestLabel)
      left = 24 + min(widestRow, HeatMap.widestLabel)
      side = min(28, max(6, (960 - left - 60) / Double(max(1, map.columns.count))))
      columnsAreTurned = widestColumn > side - 2
      top = HeatMap.head + (columnsAreTurned ? widestColumn * 0.87 + 8 : HeatMap.labelHeight + 6)
      // The last label leans out by half its length.
      let lean = columnsAreTurned ? widestColumn / 2 : 0
      width = max(420, left + side * Double(map.columns.count) + max(24, lean + 12))
      bottom = top + side * Double(map.rows.count)
    }

    func x(_ column: Int) -> Double { left + side * Double(column) }
    func y(_ row: Int) -> Double { top + side * Double(row) }
  }

  private var finite: [Double] { values.flatMap { $0.filter(\.isFinite) } }

  private var fullSize: Double {
    let largest = fullScale ?? finite.map(abs).max() ?? 1
    return largest > 0 && largest.isFinite ? largest : 1
  }

  private func drawLabels(_ svg: inout SVG, _ places: Places) {
    let every = max(1, Int((Self.labelHeight / places.side).rounded(.up)))
    for row in stride(from: 0, to: rows.count, by: every) {
      svg.text(
        places.left - 8, places.y(row) + places.side / 2 + 4,
        TextWidth.clipped(rows[row], to: Self.widestLabel), anchor: .end)
    }
    for column in stride(from: 0, to: columns.count, by: every) {
      let text = TextWidth.clipped(columns[column], to: Self.widestLabel)
      let middle = places.x(column) + places.side / 2
      if places.columnsAreTurned {
        svg.text(middle + 4, places.top - 6, text, angle: -60)
      } else {
        svg.text(middle, places.top - 6, text, anchor: .middle)
      }
    }
  }

  private func draw(
    _ value: Double, _ full: Double, _ svg: inout SVG, _ places: Places, _ row: Int, _ column: Int
  ) {
    let inset = places.side >= 12 ? 0.5 : 0
    let side = places.side - 2 * inset
    svg.rectangle(
      places.x(column) + inset, places.y(row) + inset, width: side, height: side,
      class: value.isFinite ? (value < 0 ? "cold" : "heat") : "missing",
      opacity: value.isFinite ? min(1, abs(value) / full) : nil,
      title: "\(rows[row]), \(columns[column]): \(Format.shortest(value))")
  }

  /// A strip of all shades, with its ends' numbers.
  private func drawScale(_ svg: inout SVG, _ places: Places, _ full: Double) {
    let signed = finite.contains { $0 < 0 }
    let shades = (0...20).map { (i: Int) -> Double in
      signed ? Double(i - 10) / 10 : Double(i) / 20
    }
    let y = places.bottom + 22
    let start = places.left
    for (index, shade) in shades.enumerated() {
      svg.rectangle(
        start + Double(index) * 8, y, width: 8, height: 12, class: shade < 0 ? "cold" : "heat",
        opacity: abs(shade), title: Format.shortest(shade * full))
    }
    svg.text(
      start - 6, y + 10, Format.shortest((shades.first ?? 0) * full), anchor: .end, class: "tick")
    svg.text(
      start + Double(shades.count) * 8 + 6, y + 10, Format.shortest(full), class: "tick")
  }

  /// What a reader of the picture would learn first.
  private var description: String {
    var text = "\(rows.count) rows (\(axes.row)) and \(columns.count) columns (\(axes.column))"
    if let low = finite.min(), let high = finite.max() {
      text += ", values from \(Format.shortest(low)) to \(Format.shortest(high))"
    }
    let strongest = zip(rows, values).compactMap { name, line -> String? in
      let seen = line.indices.filter { line[$0].isFinite }
      guard let column = seen.max(by: { line[$0] < line[$1] }) else { return nil }
      return "\(name): \(columns[column])"
    }
    return text + ". Largest in each row: " + strongest.joined(separator: ", ") + "."
  }
}
