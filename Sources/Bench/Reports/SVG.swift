import Foundation

/// Builds the text of an inline SVG picture. Colours come from the page's classes.
struct SVG {
  var width: Double
  var height: Double
  /// What the picture shows, for readers who do not see it.
  var label: String
  private var body: [String] = []

  init(width: Double, height: Double, label: String) {
    self.width = width
    self.height = height
    self.label = label
  }

  enum Anchor: String { case start, middle, end }

  mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class style: String
  ) {
    body.append(
      "<line x1=\"\(n(x1))\" y1=\"\(n(y1))\" x2=\"\(n(x2))\" y2=\"\(n(y2))\" class=\"\(style)\"/>")
  }

  mutating func rectangle(
    _ x: Double, _ y: Double, width: Double, height: Double, class style: String, title: String
  ) {
    body.append(
      "<rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(max(width, 0)))\" height=\"\(n(height))\" "
        + "rx=\"1.5\" class=\"\(style)\"><title>\(HTML.escape(title))</title></rect>")
  }

  mutating func polyline(_ points: [(x: Double, y: Double)], class style: String) {
    let list = points.map { "\(n($0.x)),\(n($0.y))" }.joined(separator: " ")
    body.append("<polyline points=\"\(list)\" class=\"\(style)\"/>")
  }

  mutating func text(
    _ x: Double, _ y: Double, _ text: String, anchor: Anchor = .start, class style: String = "label"
  ) {
    body.append(
      "<text x=\"\(n(x))\" y=\"\(n(y))\" text-anchor=\"\(anchor.rawValue)\" class=\"\(style)\">"
        + "\(HTML.escape(text))</text>")
  }

  /// A mark for a point of a scatter plot, one form for each cell.
  mutating func mark(
    _ cell: CellKind, _ x: Double, _ y: Double, size: Double, class style: String, title: String
  ) {
    let r = size
    let form =
      switch cell {
      case .lstm: "<circle cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(r))\""
      case .gru:
        "<rect x=\"\(n(x - 0.9 * r))\" y=\"\(n(y - 0.9 * r))\" width=\"\(n(1.8 * r))\" "
          + "height=\"\(n(1.8 * r))\""
      case .rnn:
        "<polygon points=\"\(n(x)),\(n(y - 1.2 * r)) \(n(x + 1.1 * r)),\(n(y + 0.8 * r)) "
          + "\(n(x - 1.1 * r)),\(n(y + 0.8 * r))\""
      }
    body.append("\(form) class=\"\(style)\"><title>\(HTML.escape(title))</title></\(tag(cell))>")
  }

  /// The element.
  var markup: String {
    "<svg viewBox=\"0 0 \(n(width)) \(n(height))\" role=\"img\" "
      + "aria-label=\"\(HTML.escape(label))\">\n" + body.joined(separator: "\n") + "\n</svg>"
  }

  private func tag(_ cell: CellKind) -> String {
    switch cell {
    case .lstm: "circle"
    case .gru: "rect"
    case .rnn: "polygon"
    }
  }

  /// A coordinate with at most two digits after the point.
  private func n(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
  }
}

/// Text inside a page.
enum HTML {
  static func escape(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;")
      .replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;")
      .replacingOccurrences(of: "\"", with: "&quot;")
  }
}
