import Foundation
import Testing

@testable import Charts

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// The elements of a picture, read by an XML parser.
private final class Elements: NSObject, XMLParserDelegate {
  var attributes: [(name: String, values: [String: String])] = []
  var texts: [String: [String]] = [:]
  private var open: [String] = []

  init?(_ markup: String) {
    super.init()
    let parser = XMLParser(data: Data(markup.utf8))
    parser.delegate = self
    guard parser.parse() else { return nil }
  }

  func parser(
    _: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes values: [String: String]
  ) {
    attributes.append((name, values))
    texts[name, default: []].append("")
    open.append(name)
  }

  func parser(
    _: XMLParser, didEndElement: String, namespaceURI: String?, qualifiedName: String?
  ) { open.removeLast() }

  func parser(_: XMLParser, foundCharacters text: String) {
    guard let name = open.last, let last = texts[name]?.indices.last else { return }
    texts[name]?[last] += text
  }

  /// Every coordinate that is written anywhere.
  var numbers: [Double] {
    attributes.flatMap { element in
      ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height"].compactMap {
        element.values[$0].map { Double($0) ?? .nan }
      }
        + (element.values["points"] ?? "").split { $0 == " " || $0 == "," }.map {
          Double($0) ?? .nan
        }
    }
  }

  func count(_ name: String, class style: String) -> Int {
    attributes.count { $0.name == name && ($0.values["class"] ?? "").contains(style) }
  }
}

struct PlotTests {
  private func chart(_ series: [LineChart.Series], logarithmic: Bool = false) -> SVG {
    LineChart(
      label: "Loss & <more>", x: .init("update", isLogarithmic: logarithmic),
      y: .init("loss", isLogarithmic: logarithmic), series: series,
      references: [(0.5, "target")]
    ).svg()
  }

  private let two = [
    LineChart.Series(name: "training", points: (1...30).map { (Double($0), 5 / Double($0)) }),
    LineChart.Series(name: "\"held\" out", points: [(1, 6), (30, 0.6)], isDashed: true),
  ]

  @Test(arguments: [false, true])
  func linesAreDrawnNamedAndInside(_ logarithmic: Bool) throws {
    let svg = chart(two, logarithmic: logarithmic)
    let elements = try #require(Elements(svg.markup))
    // Each line, and its piece in the legend.
    #expect(elements.count("polyline", class: "s-0") == 2)
    #expect(elements.count("polyline", class: "dashed") == 2)
    #expect(elements.count("circle", class: "s-0") == 30)
    #expect(elements.count("line", class: "reference") == 1)
    #expect(elements.texts["text"]?.contains("\"held\" out") == true)
    #expect(elements.texts["title"]?.first == "Loss & <more>")
    #expect(
      elements.texts["desc"]?.first?.contains("training: from 5 at 1 to 0.1667 at 30") == true)
    #expect(elements.numbers.allSatisfy { (0...960).contains($0) })
  }

  /// What an axis has no place for leaves a gap, and a point that is alone is a mark.
  @Test func gapsBreakLines() throws {
    let points: [(x: Double, y: Double)] = [
      (0, 1), (1, 2), (2, .nan), (3, 3), (4, .infinity), (5, 1), (6, 2), (7, -1),
    ]
    let linear = try #require(Elements(chart([.init(name: "a", points: points)]).markup))
    #expect(linear.count("polyline", class: "s-0") == 1 + 2)
    #expect(linear.count("circle", class: "s-0") == 6)
    let logarithmic = try #require(
      Elements(chart([.init(name: "a", points: points)], logarithmic: true).markup))
    #expect(logarithmic.count("polyline", class: "s-0") == 1 + 1)
    #expect(logarithmic.count("circle", class: "s-0") == 4)
    for points: [(x: Double, y: Double)] in [[], [(0, .nan)], [(3, 3)]] {
      #expect(Elements(chart([.init(name: "a", points: points)]).markup) != nil)
    }
  }

  /// A long curve keeps its extremes and its ends in a bounded number of points.
  @Test func longLinesAreThinned() {
    var points = (0..<100_000).map { (x: Double($0) * 0.008, y: Double($0 % 7)) }
    points[54_321].y = -50
    points[12_345].y = 99
    let thinned = LineChart.thinned(points)
    #expect(thinned.count <= 4 * 801)
    #expect(thinned.map(\.y).min() == -50 && thinned.map(\.y).max() == 99)
    #expect(thinned.first?.x == 0 && thinned.last?.x == points.last?.x)
    #expect(zip(thinned, thinned.dropFirst()).allSatisfy { $0.x < $1.x })
  }

  @Test func aFileStandsAlone() throws {
    let document = chart(two).document
    #expect(Elements(document) != nil)
    #expect(document.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
    #expect(document.contains("prefers-color-scheme: dark") && document.contains(".s-7"))
    for forbidden in ["<script", "@import", "url(", "href"] {
      #expect(!document.contains(forbidden), "\(forbidden)")
    }
  }

  @Test func everyCellOfAHeatMapIsShadedByItsValue() throws {
    let map = HeatMap(
      label: "Alignment", axes: ("output", "input"), rows: ["a", "<b>"],
      columns: ["one", "two", "eighteen"], values: [[0, 0.5, 1], [.nan, -0.25, 2]], fullScale: 1)
    let elements = try #require(Elements(map.svg().markup))
    let cells = elements.attributes.filter { $0.name == "rect" }.prefix(6)
    #expect(cells.map { $0.values["fill-opacity"] } == ["0", "0.5", "1", nil, "0.25", "1"])
    #expect(
      cells.map { $0.values["class"] } == ["heat", "heat", "heat", "missing", "cold", "heat"])
    #expect(elements.texts["title"]?.contains("<b>, eighteen: 2") == true)
    #expect(elements.texts["desc"]?.first?.contains("a: eighteen, <b>: eighteen") == true)
    #expect(elements.texts["text"]?.contains("two") == true)
  }

  /// Large, wide, tall, empty and in signs that are wider than letters.
  @Test(arguments: [(1, 1), (3, 200), (120, 5), (40, 40), (0, 3), (2, 0)])
  func heatMapsOfAnySizeFit(_ rows: Int, _ columns: Int) throws {
    let map = HeatMap(
      label: "Aufmerksamkeit", axes: ("output", "input"),
      rows: (0..<rows).map { "行\($0)" },
      columns: (0..<columns).map { String(repeating: "列", count: $0 % 40) },
      values: (0..<rows).map { row in (0..<columns).map { Double(row * $0) } })
    let svg = map.svg()
    let elements = try #require(Elements(svg.document))
    let widest = max(svg.width, svg.height)
    #expect(elements.numbers.allSatisfy { (0...widest).contains($0) })
    #expect(elements.attributes.count { $0.values["class"] == "heat" } >= rows * columns)
  }
}
