/// Horizontal bars in groups, one group for each case.
package struct BarChart {
  package struct Bar {
    package var value: Double
    /// Where the whisker goes, if there is one.
    package var interval: ClosedRange<Double>?
    /// The class of its colour.
    package var style: String
    /// The number at its end.
    package var text: String
    /// What hovering shows.
    package var title: String

    package init(
      value: Double, interval: ClosedRange<Double>? = nil, style: String, text: String,
      title: String
    ) {
      self.value = value
      self.interval = interval
      self.style = style
      self.text = text
      self.title = title
    }
  }

  package struct Group {
    package var name: String
    package var bars: [Bar]

    package init(name: String, bars: [Bar]) {
      self.name = name
      self.bars = bars
    }
  }

  package var label: String
  package var axis: String
  package var groups: [Group]
  package var isLogarithmic = false
  /// A value that is marked with a line across all bars.
  package var reference: (value: Double, text: String)?

  package init(
    label: String, axis: String, groups: [Group], isLogarithmic: Bool = false,
    reference: (value: Double, text: String)? = nil
  ) {
    self.label = label
    self.axis = axis
    self.groups = groups
    self.isLogarithmic = isLogarithmic
    self.reference = reference
  }

  private static let width = 960.0
  private static let left = 232.0
  private static let right = 70.0
  private static let barHeight = 11.0
  private static let barGap = 2.0
  private static let groupGap = 10.0
  private static let top = 34.0

  package func svg() -> SVG {
    let barCount = groups.reduce(0) { $0 + $1.bars.count }
    let height =
      Self.top + Double(barCount) * (Self.barHeight + Self.barGap)
      + Double(groups.count) * Self.groupGap + 14
    var svg = SVG(width: Self.width, height: height, label: label)
    let scale = scale()
    drawAxis(&svg, scale, bottom: height - 10)
    var y = Self.top + Self.groupGap / 2
    for group in groups {
      let start = y
      for bar in group.bars {
        draw(bar, &svg, scale, y: y)
        y += Self.barHeight + Self.barGap
      }
      svg.text(Self.left - 10, (start + y) / 2 + 3, group.name, anchor: .end)
      y += Self.groupGap
    }
    return svg
  }

  private func scale() -> ChartScale {
    let values = groups.flatMap { $0.bars.map(\.value) } + (reference.map { [$0.value] } ?? [])
    let to = Self.width - Self.right
    guard isLogarithmic else {
      return .linear(upTo: values.max() ?? 1, from: Self.left, to: to)
    }
    return .logarithmic(values + [1], from: Self.left, to: to)
  }

  private func drawAxis(_ svg: inout SVG, _ scale: ChartScale, bottom: Double) {
    for tick in scale.ticks {
      let x = scale.position(tick)
      svg.line(x, Self.top - 4, x, bottom, class: "grid")
      svg.text(x, Self.top - 8, scale.label(tick), anchor: .middle, class: "tick")
    }
    svg.text(Self.left - 10, Self.top - 8, axis, anchor: .end, class: "tick")
    if let reference {
      let x = scale.position(reference.value)
      svg.line(x, Self.top - 16, x, bottom, class: "reference")
      svg.text(x, Self.top - 20, reference.text, anchor: .middle, class: "tick")
    }
  }

  private func draw(_ bar: Bar, _ svg: inout SVG, _ scale: ChartScale, y: Double) {
    let start = scale.positions.from
    let end = scale.position(bar.value)
    svg.rectangle(
      start, y, width: max(end - start, 1), height: Self.barHeight, class: bar.style,
      title: bar.title)
    var textStart = end
    if let interval = bar.interval {
      let (low, high) = (
        scale.position(interval.lowerBound), scale.position(interval.upperBound)
      )
      if high - low > 2 {
        let middle = y + Self.barHeight / 2
        svg.line(low, middle, high, middle, class: "whisker")
        for x in [low, high] { svg.line(x, middle - 3, x, middle + 3, class: "whisker") }
        textStart = max(textStart, high)
      }
    }
    svg.text(textStart + 5, y + Self.barHeight - 2, bar.text, class: "value")
  }
}
