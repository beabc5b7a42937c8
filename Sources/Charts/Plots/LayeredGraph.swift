/// What is made of what: nodes in layers, each below those that lead to it (Sugiyama et al. 1981).
package struct LayeredGraph {
  /// What a node is, which its colour shows.
  package enum Kind: Sendable {
    /// What is given.
    case source
    /// A number that is learnt, or a product with such.
    case parameter
    /// Something computed.
    case value
    /// What comes of it.
    case result
  }

  private struct Node {
    var label: String
    var kind: Kind
    var title: String
  }

  /// What the picture shows; its heading.
  package var label: String
  private var nodes: [Node] = []
  private var edges: [(from: Int, to: Int)] = []

  package init(label: String) { self.label = label }

  /// Adds a node.
  ///
  /// - Returns: its number, for ``connect(_:to:)``.
  package mutating func add(_ label: String, _ kind: Kind, title: String) -> Int {
    nodes.append(Node(label: label, kind: kind, title: title))
    return nodes.count - 1
  }

  /// A line from one node to another; there is no way back.
  package mutating func connect(_ from: Int, to: Int) { edges.append((from, to)) }

  private static let layerHeight = 54.0
  private static let nodeHeight = 24.0
  private static let gap = 14.0
  private static let head = 48.0

  package func svg() -> SVG {
    let layout = Layout(self)
    let width = max(280, layout.width + 32)
    let left = (width - layout.width) / 2
    var svg = SVG(
      width: width, height: Self.head + Double(layout.rows.count) * Self.layerHeight, label: label,
      description: "\(nodes.count) nodes in \(layout.rows.count) layers")
    svg.text(12, 20, label, class: "heading")
    func centre(_ point: Int) -> (x: Double, y: Double) {
      (
        left + layout.x[point],
        Self.head + Double(layout.layer[point]) * Self.layerHeight + Self.nodeHeight / 2
      )
    }
    for way in layout.ways {
      let colour = nodes[way[0]].kind == .source ? "s-0" : "s-2"
      svg.polyline(way.map { centre($0) }, class: "series \(colour)")
    }
    for (i, node) in nodes.enumerated() {
      let (x, y) = centre(i)
      let w = Self.width(node)
      func box(_ style: String, opacity: Double? = nil) {
        svg.rectangle(
          x - w / 2, y - Self.nodeHeight / 2, width: w, height: Self.nodeHeight, class: style,
          opacity: opacity, title: node.title)
      }
      box("back")
      switch node.kind {
      case .source: box("heat", opacity: 0.3)
      case .result: box("cold", opacity: 0.3)
      case .parameter: box("heat", opacity: 0.1)
      case .value: break
      }
      box("frame")
      svg.text(x, y + 4, node.label, anchor: .middle)
    }
    return svg
  }

  private static func width(_ node: Node) -> Double {
    max(28, TextWidth.estimate(node.label) + 14)
  }

  /// Where nodes stand: their layers, their order in them, and their places from the left. Lines over several
  /// layers pass through points of their own, which have numbers behind those of the nodes.
  private struct Layout {
    var layer: [Int]
    var x: [Double] = []
    /// The points of each layer from left to right.
    var rows: [[Int]] = []
    /// The points of each line.
    var ways: [[Int]] = []
    var width = 0.0

    init(_ graph: LayeredGraph) {
      let count = graph.nodes.count
      layer = [Int](repeating: 0, count: count)
      // As often as there are layers; a circle would go on for ever.
      for _ in 0..<count {
        var changed = false
        for (from, to) in graph.edges where layer[to] <= layer[from] {
          layer[to] = layer[from] + 1
          changed = true
        }
        if !changed { break }
      }
      // What is read by one layer alone stands right above it.
      for i in 0..<count where !graph.edges.contains(where: { $0.to == i }) {
        guard graph.nodes[i].kind != .source else { continue }
        let below = graph.edges.filter { $0.from == i }.map { layer[$0.to] }.min()
        layer[i] = max((below ?? 1) - 1, 0)
      }
      let last = layer.max() ?? 0
      for i in 0..<count where graph.nodes[i].kind == .result { layer[i] = last }
      rows = [[Int]](repeating: [], count: last + 1)
      for i in 0..<count { rows[layer[i]].append(i) }
      var widths = graph.nodes.map { LayeredGraph.width($0) }
      var above = [[Int]](repeating: [], count: count)
      var below = above
      for (from, to) in graph.edges {
        var way = [from]
        for between in layer[from] + 1..<max(layer[to], layer[from] + 1) {
          let point = widths.count
          layer.append(between)
          widths.append(4)
          rows[between].append(point)
          (above, below) = (above + [[]], below + [[]])
          way.append(point)
        }
        way.append(to)
        ways.append(way)
        for (a, b) in zip(way, way.dropFirst()) {
          below[a].append(b)
          above[b].append(a)
        }
      }
      order(above, below)
      place(widths, above, below)
    }

    /// Each layer in the order of the mean places of its neighbours, downwards and upwards in turns.
    private mutating func order(_ above: [[Int]], _ below: [[Int]]) {
      var rank = [Double](repeating: 0, count: layer.count)
      for row in rows { for (i, point) in row.enumerated() { rank[point] = Double(i) } }
      for sweep in 0..<12 {
        let neighbours = sweep % 2 == 0 ? above : below
        for r in sweep % 2 == 0 ? Array(rows.indices) : rows.indices.reversed() {
          let wanted = rows[r].map { point in
            let around = neighbours[point]
            return around.isEmpty
              ? rank[point] : around.reduce(0) { $0 + rank[$1] } / Double(around.count)
          }
          rows[r] = zip(wanted, rows[r]).enumerated()
            .sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }
            .map(\.element.1)
          for (i, point) in rows[r].enumerated() { rank[point] = Double(i) }
        }
      }
    }

    /// Each point near the mean of its neighbours, and no two of a layer over each other.
    private mutating func place(_ widths: [Double], _ above: [[Int]], _ below: [[Int]]) {
      x = [Double](repeating: 0, count: layer.count)
      func distance(_ a: Int, _ b: Int) -> Double {
        (widths[a] + widths[b]) / 2 + LayeredGraph.gap
      }
      for row in rows {
        for (a, b) in zip(row, row.dropFirst()) { x[b] = x[a] + distance(a, b) }
      }
      for _ in 0..<60 {
        for row in rows {
          for point in row {
            let around = above[point] + below[point]
            if around.isEmpty { continue }
            x[point] = around.reduce(0) { $0 + x[$1] } / Double(around.count)
          }
          // Apart from the middle on, so that a row does not drift to one side.
          let middle = row.count / 2
          for i in stride(from: middle + 1, to: row.count, by: 1) {
            x[row[i]] = max(x[row[i]], x[row[i - 1]] + distance(row[i - 1], row[i]))
          }
          for i in stride(from: middle - 1, through: 0, by: -1) {
            x[row[i]] = min(x[row[i]], x[row[i + 1]] - distance(row[i], row[i + 1]))
          }
        }
      }
      let left = x.indices.map { x[$0] - widths[$0] / 2 }.min() ?? 0
      let right = x.indices.map { x[$0] + widths[$0] / 2 }.max() ?? 0
      for i in x.indices { x[i] -= left }
      width = right - left
    }
  }
}
