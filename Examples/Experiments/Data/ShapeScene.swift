import Autodiff
import LinAlg
import SequenceModels

/// A picture of some coloured shapes, and what it shows from left to right.
struct ShapeScene {
  enum Shape: String, CaseIterable {
    case square, circle, triangle, cross, ring, diamond

    /// Whether a pixel of a box of `size` belongs to the shape.
    func covers(_ row: Int, _ column: Int, size: Int) -> Bool {
      let middle = Double(size - 1) / 2
      let (y, x) = (Double(row) - middle, Double(column) - middle)
      let radius = Double(size) / 2
      switch self {
      case .square: return true
      case .circle: return x * x + y * y <= radius * radius
      case .triangle: return abs(x) <= Double(row + 1) / 2
      case .cross: return abs(x) <= 1 || abs(y) <= 1
      case .ring:
        let inner = radius - 2
        return x * x + y * y <= radius * radius && x * x + y * y > inner * inner
      case .diamond: return abs(x) + abs(y) <= middle
      }
    }
  }

  enum Colour: String, CaseIterable {
    case red, green, blue, yellow, purple, turquoise, white

    /// Which of red, green and blue shine.
    var channels: [Bool] {
      switch self {
      case .red: [true, false, false]
      case .green: [false, true, false]
      case .blue: [false, false, true]
      case .yellow: [true, true, false]
      case .purple: [true, false, true]
      case .turquoise: [false, true, true]
      case .white: [true, true, true]
      }
    }
  }

  struct Kind: Hashable {
    var colour: Colour
    var shape: Shape

    static let all = Colour.allCases.flatMap { colour in
      Shape.allCases.map { Kind(colour: colour, shape: $0) }
    }
  }

  struct Thing {
    var kind: Kind
    var top: Int
    var left: Int
    var size: Int

    /// Whether the middle of some rows and columns lies in the shape's box.
    func holds(middleOf rows: Range<Int>, _ columns: Range<Int>) -> Bool {
      let (y, x) = (
        rows.lowerBound + rows.upperBound - 1, columns.lowerBound + columns.upperBound - 1
      )
      return (2 * top...2 * (top + size - 1)).contains(y)
        && (2 * left...2 * (left + size - 1)).contains(x)
    }

    func overlaps(_ other: Thing) -> Bool {
      // With a line of background between them.
      left <= other.left + other.size && other.left <= left + size
        && top <= other.top + other.size && other.top <= top + size
    }
  }

  static let (side, levels) = (32, 256)
  /// By how many half pixels the middles of two shapes differ at least, from left to right.
  private static let distance = 6

  /// From left to right.
  let things: [Thing]
  /// Channel by channel, row by row.
  let pixels: [Token]

  /// A scene with those shapes, in random places and of random sizes.
  init(_ kinds: [Kind], using rng: inout SeededGenerator) {
    var things: [Thing] = []
    repeat {
      things = kinds.map { kind in
        let size = Int.random(in: 7...10, using: &rng)
        return Thing(
          kind: kind, top: Int.random(in: 0...Self.side - size, using: &rng),
          left: Int.random(in: 0...Self.side - size, using: &rng), size: size)
      }.sorted { 2 * $0.left + $0.size < 2 * $1.left + $1.size }
    } while !Self.fit(things)
    self.things = things
    pixels = Self.paint(things, using: &rng)
  }

  private static func fit(_ things: [Thing]) -> Bool {
    for i in things.indices {
      for k in 0..<i where things[i].overlaps(things[k]) { return false }
      if i == 0 { continue }
      let (a, b) = (things[i - 1], things[i])
      if 2 * b.left + b.size < 2 * a.left + a.size + distance { return false }
    }
    return true
  }

  /// Shapes, each in a shade of its colour, on a dark background, both with noise.
  private static func paint(_ things: [Thing], using rng: inout SeededGenerator) -> [Token] {
    let area = side * side
    var light = [Int](repeating: 24, count: 3 * area)
    for thing in things {
      let shade = thing.kind.colour.channels.map {
        $0 ? Int.random(in: 140...240, using: &rng) : Int.random(in: 16...90, using: &rng)
      }
      for i in 0..<thing.size {
        for j in 0..<thing.size where thing.kind.shape.covers(i, j, size: thing.size) {
          let place = (thing.top + i) * side + thing.left + j
          for c in 0..<3 { light[c * area + place] = shade[c] }
        }
      }
    }
    return light.map { Token(min(max($0 + Int.random(in: -16...16, using: &rng), 0), levels - 1)) }
  }

  /// `a red circle left of a blue square`.
  var sentence: [String] {
    Array(
      things.map { ["a", $0.kind.colour.rawValue, $0.kind.shape.rawValue] }
        .joined(separator: ["left", "of"]))
  }

  static let words =
    ["a", "left", "of"] + Colour.allCases.map(\.rawValue) + Shape.allCases.map(\.rawValue)
}
