import Foundation
import Testing

@testable import Charts

@Suite struct LayeredGraphTests {
  /// Where the rectangles of nodes stand, by their titles.
  private func places(_ svg: SVG) throws -> [String: (x: Double, y: Double, width: Double)] {
    var places: [String: (x: Double, y: Double, width: Double)] = [:]
    let boxes = svg.markup.matches(
      of: /<rect x="([0-9.-]+)" y="([0-9.-]+)" width="([0-9.]+)"[^>]*><title>([^<]*)</)
    for box in boxes {
      let (x, y, width) = (Double(box.1), Double(box.2), Double(box.3))
      places[String(box.4)] = (try #require(x), try #require(y), try #require(width))
    }
    return places
  }

  @Test func nodesStandBelowWhatLeadsToThem() throws {
    var graph = LayeredGraph(label: "a <b>")
    let x = graph.add("x", .source, title: "x")
    let b = graph.add("b", .parameter, title: "b")
    let f = graph.add("f", .value, title: "f")
    let g = graph.add("g", .value, title: "g")
    let y = graph.add("y", .result, title: "y")
    for (from, to) in [(x, f), (f, g), (b, g), (x, g), (g, y)] { graph.connect(from, to: to) }
    let svg = graph.svg()
    let at = try places(svg)
    func height(_ name: String) throws -> Double { try #require(at[name]).y }
    #expect(at.count == 5)
    for (above, below) in [("x", "f"), ("f", "g"), ("b", "g"), ("g", "y")] {
      #expect(try height(above) < height(below), "\(above) above \(below)")
    }
    // What is read by one alone stands right above it.
    #expect(try height("b") == height("f"))
    // Lines over several layers bend; the heading is escaped.
    #expect(svg.markup.components(separatedBy: "<polyline").count == 6)
    #expect(svg.document.contains("a &lt;b&gt;"))
  }

  @Test func noTwoNodesStandOverEachOther() throws {
    // Many nodes that want the same place.
    var graph = LayeredGraph(label: "wide")
    let x = graph.add("x", .source, title: "x")
    let y = graph.add("y", .value, title: "y")
    for i in 0..<9 {
      let node = graph.add(String(repeating: "m", count: i + 1), .value, title: "n\(i)")
      graph.connect(x, to: node)
      graph.connect(node, to: y)
    }
    let svg = graph.svg()
    let row = try places(svg).filter { $0.key.hasPrefix("n") }.values.sorted { $0.x < $1.x }
    #expect(row.count == 9)
    for (a, b) in zip(row, row.dropFirst()) { #expect(a.x + a.width < b.x) }
    #expect(row.allSatisfy { $0.x >= 0 && $0.x + $0.width <= svg.width })
  }

  @Test func aCircleEnds() {
    var graph = LayeredGraph(label: "circle")
    let (a, b) = (graph.add("a", .value, title: "a"), graph.add("b", .value, title: "b"))
    graph.connect(a, to: b)
    graph.connect(b, to: a)
    #expect(graph.svg().markup.contains("<title>a</title>"))
  }
}
