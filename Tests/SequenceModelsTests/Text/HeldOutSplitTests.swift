import LinAlg
import SequenceModels
import Testing

@Suite struct HeldOutSplitTests {
  /// A document of lines of random words, out of few enough that short runs recur by chance.
  static func document(lines: Int, seed: UInt64) -> String {
    var rng = SeededGenerator(seed: seed)
    return (0..<lines).map { _ in
      (0..<6).map { _ in "w\(Int.random(in: 0..<60, using: &rng))" }.joined(separator: " ") + "\n"
    }.joined()
  }

  static func words(_ text: String) -> [String] {
    text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
  }

  static func commonRuns(_ a: String, _ b: String, of length: Int) -> Int {
    let (a, b) = (words(a), words(b))
    func runs(_ words: [String]) -> Set<String> {
      guard words.count >= length else { return [] }
      return Set(
        (0...words.count - length).map { words[$0..<$0 + length].joined(separator: " ") })
    }
    return runs(a).intersection(runs(b)).count
  }

  /// Three documents that quote each other, in other lines, cases and punctuation.
  static func family() -> [String] {
    let shared = document(lines: 40, seed: 61)
    let reflowed = shared.uppercased().replacing("\n", with: ",\n\n   ").replacing(" ", with: "\n")
    return [
      document(lines: 100, seed: 62) + shared,
      reflowed + document(lines: 60, seed: 63) + "\n",
      document(lines: 30, seed: 64) + shared + document(lines: 30, seed: 65),
    ]
  }

  @Test(arguments: HeldOutSplit.Place.allCases, [2, 4, 8])
  func `no passage is in both parts`(place: HeldOutSplit.Place, sharedWords: Int) {
    let documents = Self.family()
    let split = HeldOutSplit(documents, fraction: 0.2, at: place, sharedWords: sharedWords)
    #expect(Self.commonRuns(split.training, split.heldOut, of: sharedWords) == 0)
    #expect(split.removedCount > 0)
    let kept = HeldOutSplit(documents, fraction: 0.2, at: place, sharedWords: nil)
    #expect(kept.heldOut == split.heldOut && kept.removedCount == 0)
    #expect(
      Self.commonRuns(kept.training, kept.heldOut, of: sharedWords) > 0,
      "without removal the check must fail")
  }

  @Test(arguments: HeldOutSplit.Place.allCases, [0, 0.05, 0.1, 0.5])
  func `every document gives its share and nothing is lost`(
    place: HeldOutSplit.Place, fraction: Double
  ) {
    let documents = (0..<7).map { Self.document(lines: 50, seed: 70 + $0) }
    let split = HeldOutSplit(documents, fraction: fraction, at: place, sharedWords: nil)
    #expect(
      split.training.count + split.heldOut.count == documents.reduce(0) { $0 + $1.count })
    var rest = split.heldOut[...]
    for document in documents {
      let share = document.split(separator: "\n").count { rest.contains($0) }
      #expect(abs(Double(share) - 50 * fraction) <= 2, "\(share) lines of 50")
    }
    rest = split.training[...]
    #expect(
      rest.split(separator: "\n").allSatisfy { line in
        documents.contains { $0.contains(line) }
      })
  }

  @Test func `the end is the end`() {
    let document = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n"
    let split = HeldOutSplit([document], fraction: 0.3, at: .end)
    #expect(split.heldOut == "nine\nten\n")
    #expect(split.training + split.heldOut == document)
    #expect(HeldOutSplit([], fraction: 0.3).heldOut == "")
    #expect(HeldOutSplit(["no line break"], fraction: 0.3, at: .end).heldOut == "reak")
  }
}
