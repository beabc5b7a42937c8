import Foundation
import LinAlg

/// Shapes that nobody has chosen: drawn from a seed, so that whoever names it measures the same ones.
///
/// Each size is drawn log-uniformly. A draw is thrown away whole where its input or hidden size fills every
/// vector register, where both are equal, or where a pass forward of an LSTM takes more than
/// ``largestFlops``. A longer list begins with the shorter one of the same seed.
enum RandomShapes {
  /// What `--suite` calls it.
  static let suiteName = "random"
  static let defaultCount = 24
  static let largestCount = 10_000

  static let steps = 5...200
  static let batches = 1...256
  static let widths = 8...1024
  /// No width is a multiple of it: the widest register, in floats.
  static let avoidedDivisor = 16
  static let largestFlops = 5e9

  /// The layers and modes that every shape is measured in: those that other libraries have, too.
  static let cells: [CellKind] = [.lstm, .gru]

  static func draw(seed: UInt64, count: Int) -> [Shape] {
    var random = SeededGenerator(seed: seed)
    var shapes: [Shape] = []
    while shapes.count < count {
      let shape = Shape(
        T: logUniform(in: steps, using: &random), N: logUniform(in: batches, using: &random),
        D: logUniform(in: widths, using: &random), H: logUniform(in: widths, using: &random))
      if isAllowed(shape) && !shapes.contains(shape) { shapes.append(shape) }
    }
    return shapes
  }

  static func isAllowed(_ shape: Shape) -> Bool {
    shape.D % avoidedDivisor != 0 && shape.H % avoidedDivisor != 0 && shape.D != shape.H
      && BenchCase.flops(.lstm, .inference, shape) <= largestFlops
  }

  /// A whole number whose logarithm is uniform, up to rounding.
  private static func logUniform(
    in range: ClosedRange<Int>, using random: inout SeededGenerator
  ) -> Int {
    let (low, high) = (log(Double(range.lowerBound)), log(Double(range.upperBound + 1)))
    let value = exp(Double.random(in: low..<high, using: &random))
    return min(max(Int(value), range.lowerBound), range.upperBound)
  }
}

extension Suite {
  /// LSTM and GRU in every mode at shapes that are drawn from a seed.
  static func random(seed: UInt64, count: Int) -> Suite {
    let cases = RandomShapes.draw(seed: seed, count: count).flatMap { shape in
      RandomShapes.cells.flatMap { cell in
        Mode.allCases.map { BenchCase(cell: cell, mode: $0, shape: shape) }
      }
    }
    return Suite(name: "\(RandomShapes.suiteName), seed \(seed)", path: "", cases: cases)
  }
}
