/// GFLOP/s over arithmetic intensity, below the roof that memory bandwidth and SGEMM peak make
/// (Williams, Waterman & Patterson, 2009).
///
/// The intensity counts the recurrent weights once for each step and everything else once: a point
/// above the slope has its weights in a cache.
enum RooflineChart {
  private static let width = 960.0
  private static let height = 470.0
  private static let left = 62.0
  private static let right = 24.0
  private static let top = 22.0
  private static let bottom = 52.0

  static func svg(_ report: Report) -> SVG {
    let peak = report.header.peak.sgemmGflops.median
    let bandwidth = report.header.peak.memoryGBPerSecond.median
    let ridge = peak / bandwidth
    let points = report.rows.map { (row: $0, intensity: intensity($0)) }
    let x = ChartScale.logarithmic(
      points.map(\.intensity) + [ridge / 4, ridge * 8], from: left, to: width - right)
    let y = ChartScale.logarithmic(
      points.map(\.row.gflops) + [peak * 1.3, peak / 20], from: height - bottom, to: top)

    var svg = SVG(width: width, height: height, label: "Roofline plot of every row")
    drawAxes(&svg, x, y)
    drawRoof(&svg, x, y, peak: peak, bandwidth: bandwidth)
    for contestant in report.contestants {
      for point in points where point.row.contestant == contestant {
        svg.mark(
          point.row.cell, x.position(point.intensity), y.position(point.row.gflops), size: 5,
          class: "mark \(ReportCharts.style(contestant))",
          title: ReportCharts.title(point.row)
            + ", \(Format.significant(point.intensity)) FLOP per byte")
      }
    }
    return svg
  }

  static func intensity(_ row: Report.Row) -> Double {
    row.benchCase.flops / row.benchCase.streamedBytes
  }

  private static func drawAxes(_ svg: inout SVG, _ x: ChartScale, _ y: ChartScale) {
    for tick in x.ticks {
      let position = x.position(tick)
      svg.line(position, top, position, height - bottom, class: "grid")
      svg.text(
        position, height - bottom + 16, ChartScale.label(tick), anchor: .middle, class: "tick")
    }
    for tick in y.ticks {
      let position = y.position(tick)
      svg.line(left, position, width - right, position, class: "grid")
      svg.text(left - 8, position + 4, ChartScale.label(tick), anchor: .end, class: "tick")
    }
    svg.text(
      (left + width - right) / 2, height - 12,
      "FLOP per byte (recurrent weights read once per step)", anchor: .middle)
    svg.text(left, top - 8, "GFLOP/s", anchor: .middle, class: "tick")
  }

  private static func drawRoof(
    _ svg: inout SVG, _ x: ChartScale, _ y: ChartScale, peak: Double, bandwidth: Double
  ) {
    let ridge = peak / bandwidth
    let lowest = max(x.range.lowerBound, y.range.lowerBound / bandwidth)
    svg.polyline(
      [
        (x.position(lowest), y.position(lowest * bandwidth)),
        (x.position(ridge), y.position(peak)),
        (x.position(x.range.upperBound), y.position(peak)),
      ], class: "roof")
    svg.text(
      x.position(ridge) + 4, y.position(peak) - 8,
      "SGEMM peak \(Format.significant(peak)) GFLOP/s", class: "label halo")
    let middle = (lowest * ridge).squareRoot()
    svg.text(
      x.position(middle) + 10, y.position(middle * bandwidth) + 16,
      "memory \(Format.significant(bandwidth)) GB/s", class: "label halo")
  }
}
