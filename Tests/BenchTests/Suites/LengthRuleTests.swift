import LinAlg
import Testing

@testable import Bench

/// The lengths of a batch, and the table that real ones are drawn from.
struct LengthRuleTests {
  @Test(arguments: LengthRule.allCases)
  func aBatchIsAsLongAsItsLongestSequence(_ rule: LengthRule) throws {
    for (T, N) in [(1, 1), (3, 4), (50, 1), (60, 200)] {
      let shape = Shape(T: T, N: N, D: 1, H: 1)
      for seed: UInt64 in 1...5 {
        let lengths = try rule.draw(shape, seed: seed)
        #expect(try lengths == rule.draw(shape, seed: seed))
        #expect(lengths.count == N && lengths.max() == T)
        #expect(lengths.allSatisfy { $0 >= (rule == .uniform ? min(5, T) : 1) })
      }
    }
  }

  @Test func uniformLengthsFillTheirRange() throws {
    let lengths = try LengthRule.uniform.draw(Shape(T: 30, N: 5000, D: 1, H: 1), seed: 3)
    #expect(Set(lengths) == Set(5...30))
    let mean = Double(lengths.reduce(0, +)) / 5000
    #expect(abs(mean - 17.5) < 0.5, "\(mean)")
  }

  @Test func sentencesHaveTheLengthsOfVerses() throws {
    let lengths = try LengthRule.sentences.draw(Shape(T: 60, N: 5000, D: 1, H: 1), seed: 4)
    let mean = Double(lengths.reduce(0, +)) / 5000
    #expect(abs(mean - 25.4) < 0.5, "\(mean)")
  }

  @Test func lengthsAreDrawnAsOftenAsTheyOccur() throws {
    let table = try LengthTable(parsing: "# two\n3 1\n\n7  9 # most\n", path: "t")
    var random = SeededGenerator(seed: 5)
    let drawn = (0..<10_000).map { _ in table.draw(using: &random) }
    #expect(Set(drawn) == [3, 7])
    #expect((800..<1200).contains(drawn.filter { $0 == 3 }.count))
  }

  @Test(arguments: [
    ("3 1\n3 2", 2, "longer than the one before"), ("1", 1, "its count"), ("0 5", 1, "a length"),
    ("5 0", 1, "its count"), ("4 x", 1, "its count"), ("1 2 3", 1, "its count"),
    ("99999999999999999999 1", 1, "a length"),
  ])
  func aMalformedTableIsRefusedWithItsLine(_ text: String, line: Int, reason: String) {
    let error = #expect(throws: BenchError.self) { try LengthTable(parsing: text, path: "t") }
    #expect(error?.code == .data)
    #expect(error?.message.hasPrefix("t:\(line): ") == true, "\(error?.message ?? "")")
    #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    #expect(throws: BenchError.self) { try LengthTable(parsing: "# nothing\n", path: "t") }
  }
}
