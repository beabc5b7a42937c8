import CKernels
import CTestSupport
import LinAlg
import Testing

/// Sums over rows on every instruction set that this machine has, with guard pages at the operands.
@Suite struct ColumnSumTests {

  /// Fills `count` floats and gives them back.
  func draw(
    _ memory: GuardedFloats, _ count: Int, at edge: GuardedFloats.Edge,
    using rng: inout SeededGenerator
  ) -> UnsafeMutablePointer<Float> {
    let floats = memory.floats(count, at: edge)
    for i in 0..<count { floats[i] = .random(in: -1...1, using: &rng) }
    return floats
  }

  /// Three roundings: two in a group of four rows, one at the end, and what doubles lose.
  @Test(arguments: TestedSet.all)
  func `every remainder, to three roundings for any number of rows`(set: TestedSet) throws {
    let k = set.f32
    let memory = try #require(GuardedFloats(capacity: 1 << 18))
    let sums = try #require(GuardedFloats(capacity: 1 << 12))
    var rng = SeededGenerator(seed: 61)
    let cases =
      (Array(0...67) + [128, 129, 1023, 1024, 1025, 2051]).flatMap { M in
        (0...13).filter { ($0 + M) % 3 == 0 || M < 20 }.map { (rows: $0, M: M) }
      } + [(rows: 4003, M: 19)]
    for (rows, M) in cases {
      for edge in GuardedFloats.Edge.allCases {
        let gap = (rows + M) % 5
        let count = rows == 0 || M == 0 ? 0 : (rows - 1) * (M + gap) + M
        let x = draw(memory, count, at: edge, using: &rng)
        let y = draw(sums, M, at: edge, using: &rng)
        let start = Array(UnsafeBufferPointer(start: y, count: M))
        k.column_sums(rows, M, x, M + gap, y)
        let error = ct_column_sum_error(rows, M, x, M + gap, start, y)
        #expect(error <= 3.001, "\(set) \(rows) × \(M), \(edge): \(error)")
      }
    }
  }

  @Test(arguments: TestedSet.all)
  func `a column does not depend on the others`(set: TestedSet) throws {
    let k = set.f32
    var rng = SeededGenerator(seed: 62)
    let (rows, M) = (203, 301)
    let x = (0..<rows * M).map { _ in Float.random(in: -1...1, using: &rng) }
    let start = (0..<M).map { _ in Float.random(in: -1...1, using: &rng) }
    var whole = start
    k.column_sums(rows, M, x, M, &whole)
    for part in [1, 3, 8, 17, 150, 256] {
      var sums = start
      x.withUnsafeBufferPointer { x in
        sums.withUnsafeMutableBufferPointer { sums in
          guard let x = x.baseAddress, let sums = sums.baseAddress else { return }
          for j in stride(from: 0, to: M, by: part) {
            k.column_sums(rows, min(part, M - j), x + j, M, sums + j)
          }
        }
      }
      #expect(sums == whole, "\(part) columns at a time")
    }
  }

  @Test(arguments: TestedSet.all)
  func `rows with places are summed as if the others were zero`(set: TestedSet) {
    let k = set.f32
    var rng = SeededGenerator(seed: 64)
    for (count, M) in [(1, 3), (5, 16), (8, 1), (23, 67), (64, 1029), (203, 31)] {
      for share in [0.0, 0.3, 0.8, 1] {
        let first = Int64.random(in: 0...9, using: &rng)
        let places = (0..<count).filter { _ in Double.random(in: 0..<1, using: &rng) < share }
        let start = (0..<M).map { _ in Float.random(in: -1...1, using: &rng) }
        var padded = [Float](repeating: 0, count: count * M)
        var rows: [Float] = []
        for place in places {
          for j in 0..<M {
            rows.append(.random(in: -1...1, using: &rng))
            padded[place * M + j] = rows[rows.count - 1]
          }
        }
        var (expected, sums) = (start, start)
        k.column_sums(count, M, padded, M, &expected)
        k.placed_column_sums(
          places.count, M, rows, M, places.map { first + Int64($0) }, first, count, &sums)
        #expect(sums == expected, "\(places.count) of \(count) rows, \(M) columns")

        // Without a list the rows are the first ones.
        let some = places.count
        for i in some * M..<count * M { padded[i] = 0 }
        for i in 0..<some * M { padded[i] = rows[i] }
        (expected, sums) = (start, start)
        k.column_sums(count, M, padded, M, &expected)
        k.placed_column_sums(some, M, rows, M, nil, 0, count, &sums)
        #expect(sums == expected, "the first \(some) of \(count) rows, \(M) columns")
      }
    }
  }

  @Test(arguments: TestedSet.all)
  func `NaN and infinity stay in their columns`(set: TestedSet) throws {
    let k = set.f32
    let (rows, M) = (11, 21)
    var x = [Float](repeating: 1, count: rows * M)
    x[5 * M + 3] = .nan
    x[10 * M + 4] = -.infinity
    var sums = [Float](repeating: 2, count: M)
    k.column_sums(rows, M, x, M, &sums)
    for j in 0..<M where j != 3 && j != 4 { #expect(sums[j] == 13) }
    #expect(sums[3].isNaN)
    #expect(sums[4] == -.infinity)
  }

  @Test func `in double precision`() {
    let k = ck_instruction_set_best().pointee.f64.pointee
    var rng = SeededGenerator(seed: 63)
    for (rows, M) in [(0, 3), (1, 1), (7, 5), (13, 67), (4, 256), (9, 1027), (4003, 3)] {
      let x = (0..<rows * (M + 2)).map { _ in Double.random(in: -1...1, using: &rng) }
      let start = (0..<M).map { _ in Double.random(in: -1...1, using: &rng) }
      var sums = start
      k.column_sums(rows, M, x, M + 2, &sums)
      for j in 0..<M {
        // The sum with its rounding errors added up apart: exact to the last digit here.
        var (sum, lost, magnitude) = (start[j], 0.0, abs(start[j]))
        for r in 0..<rows {
          let term = x[r * (M + 2) + j]
          let next = sum + term
          let b = next - sum
          lost += (sum - (next - b)) + (term - b)
          sum = next
          magnitude += abs(term)
        }
        let difference = abs(sums[j] - (sum + lost))
        #expect(difference <= 4 * 0x1p-53 * magnitude, "\(rows) × \(M), column \(j)")
      }
    }
  }
}
