import Foundation

/// Builds the text of an SVG picture. Colours come from classes: those of the page it stands in, or, where
/// it is a file of its own, those of ``ChartStyle/drawing``.
package struct SVG {
  package var width: Double
  package var height: Double
  /// What the picture shows, for readers who do not see it.
  package var label: String
  /// What can be learnt from the picture, for the same readers; `nil` for none.
  package var description: String?
  private var body: [String] = []

  package init(width: Double, height: Double, label: String, description: String? = nil) {
    self.width = width
    self.height = height
    self.label = label
    self.description = description
  }

  package enum Anchor: String { case start, middle, end }

  /// The form of a point.
  package enum Mark: CaseIterable { case circle, square, triangle }

  package mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class style: String
  ) {
    body.append(
      "<line x1=\"\(n(x1))\" y1=\"\(n(y1))\" x2=\"\(n(x2))\" y2=\"\(n(y2))\" class=\"\(style)\"/>")
  }

  /// - Parameter opacity: how much of the colour is seen, from 0 to 1.
  package mutating func rectangle(
    _ x: Double, _ y: Double, width: Double, height: Double, class style: String,
    opacity: Double? = nil, title: String
  ) {
    let shade = opacity.map { " fill-opacity=\"\(n($0))\"" } ?? ""
    body.append(
      "<rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(max(width, 0)))\" height=\"\(n(height))\" "
        + "rx=\"1.5\" class=\"\(style)\"\(shade)><title>\(Markup.escape(title))</title></rect>")
  }

  package mutating func polyline(_ points: [(x: Double, y: Double)], class style: String) {
    let list = points.map { "\(n($0.x)),\(n($0.y))" }.joined(separator: " ")
    body.append("<polyline points=\"\(list)\" class=\"\(style)\"/>")
  }

  /// - Parameter angle: by how many degrees the text is turned about its anchor, with the clock.
  package mutating func text(
    _ x: Double, _ y: Double, _ text: String, anchor: Anchor = .start,
    class style: String = "label", angle: Double = 0
  ) {
    let turn = angle == 0 ? "" : " transform=\"rotate(\(n(angle)) \(n(x)) \(n(y)))\""
    body.append(
      "<text x=\"\(n(x))\" y=\"\(n(y))\" text-anchor=\"\(anchor.rawValue)\" class=\"\(style)\"\(turn)>"
        + "\(Markup.escape(text))</text>")
  }

  /// A colour that is the picture's own, light or dark whoever looks at it.
  package struct Colour: Hashable {
    package var red: UInt8
    package var green: UInt8
    package var blue: UInt8

    package init(red: UInt8, green: UInt8, blue: UInt8) {
      (self.red, self.green, self.blue) = (red, green, blue)
    }

    /// `#rrggbb`.
    fileprivate var code: String {
      "#"
        + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        .joined()
    }
  }

  /// Pixels row by row, squares of side `scale`: one path for each colour, of the runs of pixels that have it.
  package mutating func pixels(
    _ x: Double, _ y: Double, scale: Double, width: Int, _ colours: [Colour]
  ) {
    var (order, runs) = ([Colour](), [Colour: String]())
    var start = 0
    while start < colours.count {
      let (colour, column) = (colours[start], start % width)
      var length = 1
      while column + length < width, start + length < colours.count,
        colours[start + length] == colour
      { length += 1 }
      if runs[colour] == nil { order.append(colour) }
      runs[colour, default: ""] += "M\(column) \(start / width)h\(length)v1h-\(length)z"
      start += length
    }
    body.append(
      "<g transform=\"translate(\(n(x)) \(n(y))) scale(\(n(scale)))\" "
        + "shape-rendering=\"crispEdges\">")
    for colour in order {
      body.append("<path fill=\"\(colour.code)\" d=\"\(runs[colour] ?? "")\"/>")
    }
    body.append("</g>")
  }

  /// A point of a plot.
  package mutating func mark(
    _ mark: Mark, _ x: Double, _ y: Double, size: Double, class style: String, title: String
  ) {
    let r = size
    let form =
      switch mark {
      case .circle: "<circle cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(r))\""
      case .square:
        "<rect x=\"\(n(x - 0.9 * r))\" y=\"\(n(y - 0.9 * r))\" width=\"\(n(1.8 * r))\" "
          + "height=\"\(n(1.8 * r))\""
      case .triangle:
        "<polygon points=\"\(n(x)),\(n(y - 1.2 * r)) \(n(x + 1.1 * r)),\(n(y + 0.8 * r)) "
          + "\(n(x - 1.1 * r)),\(n(y + 0.8 * r))\""
      }
    body.append(
      "\(form) class=\"\(style)\"><title>\(Markup.escape(title))</title></\(tag(mark))>")
  }

  /// The element, inside a page.
  package var markup: String { element(attributes: "", first: []) }

  /// The picture as a file of its own, light or dark as whoever looks at it prefers.
  package var document: String {
    element(
      attributes: "xmlns=\"http://www.w3.org/2000/svg\" width=\"\(n(width))\" "
        + "height=\"\(n(height))\" ",
      first: [
        "<style>\n\(ChartStyle.drawing)\n</style>",
        "<rect width=\"\(n(width))\" height=\"\(n(height))\" class=\"back\"/>",
      ]) + "\n"
  }

  private func element(attributes: String, first: [String]) -> String {
    let named = description.map {
      ["<title>\(Markup.escape(label))</title>", "<desc>\(Markup.escape($0))</desc>"]
    }
    return "<svg \(attributes)viewBox=\"0 0 \(n(width)) \(n(height))\" role=\"img\" "
      + "aria-label=\"\(Markup.escape(label))\">\n"
      + ((named ?? []) + first + body).joined(separator: "\n") + "\n</svg>"
  }

  private func tag(_ mark: Mark) -> String {
    switch mark {
    case .circle: "circle"
    case .square: "rect"
    case .triangle: "polygon"
    }
  }

  /// A coordinate with at most two digits after the point.
  private func n(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
  }
}
