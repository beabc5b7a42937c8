/// Lines over a common axis: what several quantities do as one grows.
package struct LineChart {
  package struct Series {
    package var name: String
    /// In the order in which the line goes. A point that an axis has no place for (not finite, or not
    /// positive on a logarithmic axis) leaves a gap.
    package var points: [(x: Double, y: Double)]
    /// Whether the line is dashed: what was predicted, or measured rarely.
    package var isDashed: Bool

    package init(name: String, points: [(x: Double, y: Double)], isDashed: Bool = false) {
      self.name = name
      self.points = points
      self.isDashed = isDashed
    }
  }

  package struct Axis {
    package var name: String
    package var isLogarithmic: Bool

    package init(_ name: String, isLogarithmic: Bool = false) {
      self.name = name
      self.isLogarithmic = isLogarithmic
    }
  }

  /// What the picture shows; its heading.
  package var label: String
  package var x: Axis
  package var y: Axis
  package var series: [Series]
  /// Values that are marked with a line from left to right.
  package var references: [(value: Double, text: String)]

  package init(
    label: String, x: Axis, y: Axis, series: [Series],
    references: [(value: Double, text: String)] = []
  ) {
    self.label = label
    self.x = x
    self.y = y
    self.series = series
    self.references = references
  }

  private static let width = 960.0
  private static let left = 70.0
  private static let right = 24.0
  private static let plotHeight = 340.0
  /// Up to so many points of a line are marked, so that hovering shows their numbers.
  private static let markedPoints = 40

  package func svg() -> SVG {
    let legend = legendPlaces()
    let top = 40 + Double(legend.rows) * 18
    let area = PlotArea(
      x: scale(
        x, series.flatMap { $0.points.map(\.x) }, from: Self.left, to: Self.width - Self.right),
      y: scale(
        y, series.flatMap { $0.points.map(\.y) } + references.map(\.value),
        from: top + Self.plotHeight, to: top))
    var svg = SVG(
      width: Self.width, height: top + Self.plotHeight + 44, label: label,
      description: description(area))
    svg.text(Self.left, 18, label, class: "heading")
    drawLegend(&svg, legend.places)
    area.drawAxes(&svg)
    svg.text(12, top - 10, y.name, class: "tick")
    svg.text(
      (Self.left + Self.width - Self.right) / 2, top + Self.plotHeight + 36, x.name,
      anchor: .middle)
    for reference in references where area.y.shows(reference.value) {
      let position = area.y.position(reference.value)
      svg.line(Self.left, position, Self.width - Self.right, position, class: "reference")
      svg.text(
        Self.width - Self.right - 4, position - 5, reference.text, anchor: .end,
        class: "tick halo")
    }
    for (index, line) in series.enumerated() { draw(line, index, &svg, area) }
    return svg
  }

  private func scale(_ axis: Axis, _ values: [Double], from: Double, to: Double) -> ChartScale {
    axis.isLogarithmic
      ? .logarithmic(values, from: from, to: to) : .linear(values, from: from, to: to)
  }

  private func style(_ index: Int) -> String { "s-\(index % ChartStyle.seriesCount)" }

  private func draw(_ line: Series, _ index: Int, _ svg: inout SVG, _ area: PlotArea) {
    let runs = line.points.split { !area.x.shows($0.x) || !area.y.shows($0.y) }
    let marks = line.points.count <= Self.markedPoints
    for run in runs {
      let positions = run.map { (x: area.x.position($0.x), y: area.y.position($0.y)) }
      if positions.count > 1 {
        svg.polyline(
          Self.thinned(positions),
          class: "series \(style(index))" + (line.isDashed ? " dashed" : ""))
      }
      // A point alone is no line, and would not be seen.
      guard marks || positions.count == 1 else { continue }
      for (point, position) in zip(run, positions) {
        svg.mark(
          .circle, position.x, position.y, size: 3, class: "point \(style(index))",
          title: "\(line.name): \(number(point.y)) at \(number(point.x))")
      }
    }
  }

  /// The same line with at most four points for each unit of width: the first, the lowest, the highest
  /// and the last there.
  static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    guard points.count > Int(width) * 2 else { return points }
    var result: [(x: Double, y: Double)] = []
    var start = 0
    while start < points.count {
      let column = points[start].x.rounded(.down)
      var (end, low, high) = (start, start, start)
      while end + 1 < points.count, points[end + 1].x.rounded(.down) == column {
        end += 1
        if points[end].y < points[low].y { low = end }
        if points[end].y > points[high].y { high = end }
      }
      for index in Set([start, low, high, end]).sorted() { result.append(points[index]) }
      start = end + 1
    }
    return result
  }

  /// Where each name of the legend begins; as many rows as they need.
  private func legendPlaces() -> (places: [(x: Double, y: Double)], rows: Int) {
    var places: [(x: Double, y: Double)] = []
    var (position, row) = (Self.left, 0)
    for line in series {
      let needed = 34 + TextWidth.estimate(line.name) + 18
      if position > Self.left && position + needed > Self.width - Self.right {
        (position, row) = (Self.left, row + 1)
      }
      places.append((position, 38 + Double(row) * 18))
      position += needed
    }
    return (places, series.isEmpty ? 0 : row + 1)
  }

  private func drawLegend(_ svg: inout SVG, _ places: [(x: Double, y: Double)]) {
    for (index, (line, place)) in zip(series, places).enumerated() {
      svg.polyline(
        [(place.x, place.y - 4), (place.x + 26, place.y - 4)],
        class: "series \(style(index))" + (line.isDashed ? " dashed" : ""))
      svg.text(place.x + 34, place.y, line.name)
    }
  }

  /// What a reader of the picture would learn first.
  private func description(_ area: PlotArea) -> String {
    let lines = series.map { line in
      let seen = line.points.filter { area.x.shows($0.x) && area.y.shows($0.y) }
      guard let first = seen.first, let last = seen.last,
        let low = seen.min(by: { $0.y < $1.y }), let high = seen.max(by: { $0.y < $1.y })
      else { return "\(line.name): no points." }
      return "\(line.name): from \(number(first.y)) at \(number(first.x)) to \(number(last.y)) at "
        + "\(number(last.x)); lowest \(number(low.y)) at \(number(low.x)), highest "
        + "\(number(high.y)) at \(number(high.x))."
    }
    return (["\(y.name) over \(x.name)."] + lines).joined(separator: " ")
  }

  private func number(_ value: Double) -> String { Format.shortest(value) }
}
