/// Rates over arithmetic intensity, below the roof that memory bandwidth and peak make (Williams,
/// Waterman & Patterson, 2009).
package struct RooflineChart {
  package struct Point {
    /// Operations for each byte.
    package var intensity: Double
    /// 10⁹ operations a second.
    package var rate: Double
    package var mark: SVG.Mark
    /// The class of its colour.
    package var style: String
    /// What hovering shows.
    package var title: String

    package init(intensity: Double, rate: Double, mark: SVG.Mark, style: String, title: String) {
      self.intensity = intensity
      self.rate = rate
      self.mark = mark
      self.style = style
      self.title = title
    }
  }

  package var label: String
  package var xAxis: String
  package var yAxis: String
  /// The height of the roof, and what is written at it.
  package var peak: (rate: Double, text: String)
  /// The slope of the roof, 10⁹ bytes a second, and what is written at it.
  package var bandwidth: (rate: Double, text: String)
  /// In the order in which they are drawn.
  package var points: [Point]

  package init(
    label: String, xAxis: String, yAxis: String, peak: (rate: Double, text: String),
    bandwidth: (rate: Double, text: String), points: [Point]
  ) {
    self.label = label
    self.xAxis = xAxis
    self.yAxis = yAxis
    self.peak = peak
    self.bandwidth = bandwidth
    self.points = points
  }

  private static let width = 960.0
  private static let height = 470.0
  private static let left = 62.0
  private static let right = 24.0
  private static let top = 22.0
  private static let bottom = 52.0

  package func svg() -> SVG {
    let ridge = peak.rate / bandwidth.rate
    let area = PlotArea(
      x: .logarithmic(
        points.map(\.intensity) + [ridge / 4, ridge * 8], from: Self.left,
        to: Self.width - Self.right),
      y: .logarithmic(
        points.map(\.rate) + [peak.rate * 1.3, peak.rate / 20], from: Self.height - Self.bottom,
        to: Self.top))

    var svg = SVG(width: Self.width, height: Self.height, label: label)
    area.drawAxes(&svg)
    svg.text(
      (Self.left + Self.width - Self.right) / 2, Self.height - 12, xAxis, anchor: .middle)
    svg.text(Self.left, Self.top - 8, yAxis, anchor: .middle, class: "tick")
    drawRoof(&svg, area.x, area.y)
    for point in points {
      svg.mark(
        point.mark, area.x.position(point.intensity), area.y.position(point.rate), size: 5,
        class: "mark \(point.style)", title: point.title)
    }
    return svg
  }

  private func drawRoof(_ svg: inout SVG, _ x: ChartScale, _ y: ChartScale) {
    let (peak, bandwidth) = (peak.rate, bandwidth.rate)
    let ridge = peak / bandwidth
    let lowest = max(x.range.lowerBound, y.range.lowerBound / bandwidth)
    svg.polyline(
      [
        (x.position(lowest), y.position(lowest * bandwidth)),
        (x.position(ridge), y.position(peak)),
        (x.position(x.range.upperBound), y.position(peak)),
      ], class: "roof")
    svg.text(x.position(ridge) + 4, y.position(peak) - 8, self.peak.text, class: "label halo")
    let middle = (lowest * ridge).squareRoot()
    svg.text(
      x.position(middle) + 10, y.position(middle * bandwidth) + 16, self.bandwidth.text,
      class: "label halo")
  }
}
