/// Small pictures of pixels in rows and columns, each with a word below it.
package struct PictureSheet {
  /// What the sheet shows; its heading.
  package var label: String
  /// The pixels of a row and of a column of each picture.
  package var width: Int
  package var height: Int
  /// How many pictures stand side by side.
  package var columns: Int
  package var panels: [Panel]

  /// A picture and the word below it.
  package struct Panel {
    package var label: String
    /// Row by row.
    package var colours: [SVG.Colour]

    package init(label: String, colours: [SVG.Colour]) {
      (self.label, self.colours) = (label, colours)
    }
  }

  package init(label: String, width: Int, height: Int, columns: Int, panels: [Panel]) {
    precondition(
      columns > 0 && panels.allSatisfy { $0.colours.count == width * height },
      "PictureSheet: \(columns) columns of pictures of \(width) × \(height) pixels with "
        + "\(panels.map(\.colours.count))")
    self.label = label
    (self.width, self.height, self.columns) = (width, height, columns)
    self.panels = panels
  }

  private static let (margin, head, gap, line) = (12.0, 32.0, 10.0, 20.0)

  package func svg() -> SVG {
    // Pictures of some 100 points.
    let scale = max(1, (100 / Double(max(width, height, 1))).rounded())
    let step = (
      x: Double(width) * scale + Self.gap, y: Double(height) * scale + Self.line + Self.gap
    )
    let rows = (panels.count + columns - 1) / columns
    let across = Double(min(columns, max(panels.count, 1))) * step.x - Self.gap
    var svg = SVG(
      width: max(across, TextWidth.estimate(label) * 1.3) + 2 * Self.margin,
      height: Self.head + Double(rows) * step.y, label: label,
      description: "Pictures for: "
        + panels.map(\.label).filter { !$0.isEmpty }
        .joined(separator: ", ") + ".")
    svg.text(Self.margin, 20, label, class: "heading")
    for (k, panel) in panels.enumerated() {
      let x = Self.margin + Double(k % columns) * step.x
      let y = Self.head + Double(k / columns) * step.y
      svg.pixels(x, y, scale: scale, width: width, panel.colours)
      svg.text(
        x + Double(width) * scale / 2, y + Double(height) * scale + 15, panel.label,
        anchor: .middle)
    }
    return svg
  }
}
