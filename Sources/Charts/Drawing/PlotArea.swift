/// Two axes and what lies between them.
package struct PlotArea {
  /// From left to right.
  package var x: ChartScale
  /// From the bottom to the top.
  package var y: ChartScale

  package init(x: ChartScale, y: ChartScale) {
    self.x = x
    self.y = y
  }

  /// Draws the lines of both axes and their numbers.
  package func drawAxes(_ svg: inout SVG) {
    let (left, right) = x.positions
    let (bottom, top) = y.positions
    for tick in x.ticks {
      let position = x.position(tick)
      svg.line(position, top, position, bottom, class: "grid")
      svg.text(position, bottom + 16, x.label(tick), anchor: .middle, class: "tick")
    }
    for tick in y.ticks {
      let position = y.position(tick)
      svg.line(left, position, right, position, class: "grid")
      svg.text(left - 8, position + 4, y.label(tick), anchor: .end, class: "tick")
    }
  }
}
