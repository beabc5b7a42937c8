import LinAlg
import Testing

@testable import ModelFiles

@Suite struct StridedCopyTests {
  /// More than a square of the walk in both directions.
  static let (rows, columns) = (70, 45)

  static func check<Element: BitwiseCopyable & Equatable>(_ element: (Int) -> Element) {
    let (R, C) = (rows, columns)
    let source = (0..<R * C + 9).map(element)
    // Dense, transposed at one side or the other, and within wider rows.
    let forms: [((first: Int, row: Int, column: Int), (first: Int, row: Int, column: Int))] = [
      ((3, C, 1), (5, C, 1)), ((3, 1, R), (0, C, 1)), ((0, C, 1), (2, 1, R)),
      ((1, C, 1), (4, 2 * C, 1)), ((1, C, 1), (4, 2 * C, 2)), ((9, 1, R), (7, 1, R)),
    ]
    for (from, to) in forms {
      let untouched = element(1_000_000)
      var target = [Element](repeating: untouched, count: 2 * R * C + 9)
      source.withUnsafeBufferPointer { source in
        target.withUnsafeMutableBufferPointer { target in
          StridedCopy(rows: R, columns: C, source: from, target: to)(from: source, to: target)
        }
      }
      var expected = [Element](repeating: untouched, count: target.count)
      for row in 0..<R {
        for column in 0..<C {
          expected[to.first + row * to.row + column * to.column] =
            source[from.first + row * from.row + column * from.column]
        }
      }
      #expect(target == expected, "\(from) to \(to)")
    }
  }

  @Test func `elements of every size`() {
    Self.check { Float($0) }
    Self.check { Double($0) }
    Self.check { UInt16(truncatingIfNeeded: $0) }
  }

  @Test func `beyond either side it traps`() async {
    await #expect(processExitsWith: .failure) {
      let source = [Float](repeating: 0, count: 11)
      var target = source
      source.withUnsafeBufferPointer { source in
        target.withUnsafeMutableBufferPointer { target in
          StridedCopy(rows: 3, columns: 4, source: (0, 4, 1), target: (0, 1, 3))(
            from: source, to: target)
        }
      }
    }
  }
}
