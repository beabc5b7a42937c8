import Autodiff
import LinAlg
import RealModule
import SequenceModels

/// Handwritten digits of one part of a split, to be put on canvases.
struct PlacedDigits {
  /// The names of the digits.
  static let names = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
  ]
  /// How many values a pixel of a canvas can have.
  static let levels = 17

  private let digits: Digits
  private let numbers: [Int]

  /// - Parameter numbers: which of the digits.
  init(_ digits: Digits, _ numbers: [Int]) { (self.digits, self.numbers) = (digits, numbers) }

  /// A digit somebody wrote.
  struct Digit {
    let name: String
    /// 8 × 8 pixels of 0 to 1.
    let pixels: [Float]
  }

  /// Any of them.
  ///
  /// - Parameter isDistorted: whether it is turned by up to 12 degrees and its height and width are changed by up
  ///   to a tenth, as if somebody had written it once more.
  func draw(isDistorted: Bool, using rng: inout SeededGenerator) -> Digit {
    let number = numbers[Int.random(in: 0..<numbers.count, using: &rng)]
    let picture = digits.pictures[number]
    return Digit(
      name: Self.names[digits.labels[number]],
      pixels: isDistorted ? Self.distort(picture, using: &rng) : picture)
  }

  private static func distort(_ picture: [Float], using rng: inout SeededGenerator) -> [Float] {
    let angle = Float.random(in: -0.21...0.21, using: &rng)
    let (across, down) = (
      Float.random(in: 0.9...1.1, using: &rng), Float.random(in: 0.9...1.1, using: &rng)
    )
    let (side, middle) = (Digits.side, Float(Digits.side - 1) / 2)
    func pixel(_ row: Int, _ column: Int) -> Float {
      (0..<side).contains(row) && (0..<side).contains(column) ? picture[row * side + column] : 0
    }
    return (0..<side * side).map { i in
      let (y, x) = (Float(i / side) - middle, Float(i % side) - middle)
      let row = (x * .sin(angle) + y * .cos(angle)) / down + middle
      let column = (x * .cos(angle) - y * .sin(angle)) / across + middle
      // Between the four pixels around.
      let (top, left) = (row.rounded(.down), column.rounded(.down))
      let (v, u) = (row - top, column - left)
      let (r, c) = (Int(top), Int(left))
      return (1 - v) * ((1 - u) * pixel(r, c) + u * pixel(r, c + 1))
        + v * ((1 - u) * pixel(r + 1, c) + u * pixel(r + 1, c + 1))
    }
  }
}

/// A dark square that digits are put on.
struct Canvas {
  let side: Int
  /// Row by row.
  private(set) var values: [Token]

  init(side: Int) {
    self.side = side
    values = [Token](repeating: 0, count: side * side)
  }

  /// Puts a digit where its left upper corner is given; where two meet, the lighter pixel is seen.
  mutating func put(_ digit: PlacedDigits.Digit, row: Int, column: Int) {
    for i in 0..<Digits.side {
      for j in 0..<Digits.side {
        let value = Token((digit.pixels[i * Digits.side + j] * 16).rounded())
        let place = (row + i) * side + column + j
        values[place] = max(values[place], value)
      }
    }
  }
}
