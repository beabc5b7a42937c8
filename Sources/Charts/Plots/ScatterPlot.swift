/// Points in a plane, each with its name: which are near each other.
package struct ScatterPlot {
  package struct Point {
    package var name: String
    package var x: Double
    package var y: Double
    /// Points of one group have one colour.
    package var group: Int

    package init(name: String, x: Double, y: Double, group: Int = 0) {
      self.name = name
      self.x = x
      self.y = y
      self.group = group
    }
  }

  /// What the picture shows; its heading.
  package var label: String
  /// What the axes are.
  package var x: String
  package var y: String
  /// One that has no place, because a coordinate is not finite, is left out.
  package var points: [Point]

  package init(label: String, x: String, y: String, points: [Point]) {
    self.label = label
    self.x = x
    self.y = y
    self.points = points
  }

  private static let width = 960.0
  private static let left = 70.0
  private static let right = 110.0
  private static let top = 48.0
  private static let plotHeight = 620.0
  /// Names wider than that are cut.
  private static let widestName = 160.0

  package func svg() -> SVG {
    let bottom = Self.top + Self.plotHeight
    let area = PlotArea(
      x: .linear(points.map(\.x), from: Self.left, to: Self.width - Self.right),
      y: .linear(points.map(\.y), from: bottom, to: Self.top))
    let shown = points.filter { area.x.shows($0.x) && area.y.shows($0.y) }
    var svg = SVG(
      width: Self.width, height: bottom + 44, label: label,
      description: "\(shown.count) points: \(y) over \(x).")
    svg.text(Self.left, 18, label, class: "heading")
    area.drawAxes(&svg)
    svg.text(12, Self.top - 10, y, class: "tick")
    svg.text((Self.left + Self.width - Self.right) / 2, bottom + 36, x, anchor: .middle)
    for point in shown {
      let (left, up) = (area.x.position(point.x), area.y.position(point.y))
      svg.mark(
        .circle, left, up, size: 3, class: "point s-\(abs(point.group) % ChartStyle.seriesCount)",
        title: "\(point.name): \(Format.shortest(point.x)), \(Format.shortest(point.y))")
    }
    // Above all points, so that none hides a name.
    for point in shown {
      svg.text(
        area.x.position(point.x) + 6, area.y.position(point.y) + 4,
        TextWidth.clipped(point.name, to: Self.widestName), class: "label halo")
    }
    return svg
  }
}
