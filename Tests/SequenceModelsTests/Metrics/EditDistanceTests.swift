import LinAlg
import SequenceModels
import Testing

@Suite struct EditDistanceTests {
  /// The first is Wagner & Fischer's and every textbook's.
  @Test(arguments: [
    ("kitten", "sitting", 3), ("Saturday", "Sunday", 3), ("intention", "execution", 5),
    ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("flaw", "lawn", 2), ("abc", "abc", 0),
  ])
  func `known distances`(a: String, b: String, distance: Int) {
    #expect(editDistance(a, b) == distance)
    #expect(editDistance(Array(a.utf8), Array(b.utf8)) == distance)
  }

  /// The recurrence as it is written, without memory.
  static func reference(_ a: ArraySlice<Int>, _ b: ArraySlice<Int>) -> Int {
    guard let x = a.last, let y = b.last else { return max(a.count, b.count) }
    return min(
      reference(a.dropLast(), b) + 1, reference(a, b.dropLast()) + 1,
      reference(a.dropLast(), b.dropLast()) + (x == y ? 0 : 1))
  }

  @Test(arguments: 1...50) func `agrees with the recurrence, and is a metric`(seed: UInt64) {
    var rng = SeededGenerator(seed: seed)
    let draw = {
      (0..<Int.random(in: 0...5, using: &rng)).map { _ in Int.random(in: 0..<3, using: &rng) }
    }
    let (a, b, c) = (draw(), draw(), draw())
    #expect(editDistance(a, b) == Self.reference(a[...], b[...]), "seed \(seed): \(a) \(b)")
    #expect(editDistance(a, b) == editDistance(b, a), "seed \(seed)")
    #expect(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c), "seed \(seed)")
  }

  @Test func `error rates by hand`() {
    var rate = ErrorRate()
    // One word replaced, one missing: 2 of 6.
    rate.add(
      ["the", "dog", "sat", "on", "mat"], reference: ["the", "cat", "sat", "on", "the", "mat"])
    #expect(rate == ErrorRate(edits: 2, length: 6))
    rate.add(["a", "b", "c"], reference: ["a"])
    #expect(rate == ErrorRate(edits: 4, length: 7) && rate.value == 4 / 7.0)
    #expect(ErrorRate(edits: 3, length: 2).value == 1.5)
    #expect(ErrorRate().value.isNaN && ErrorRate(edits: 1).value == .infinity)
  }
}
