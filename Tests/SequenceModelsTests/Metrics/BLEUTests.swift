import LinAlg
import RealModule
import SequenceModels
import Testing

/// Against the paper's own examples, NLTK's documented values, and hand-computed ones.
@Suite struct BLEUTests {
  static func words(_ text: String) -> [String] {
    text.lowercased().split(separator: " ").map(String.init)
  }

  // Papineni et al. (2002), Example 1.
  static let candidates = [
    "It is a guide to action which ensures that the military always obeys the commands of the party",
    "It is to insure the troops forever hearing the activity guidebook that party direct",
  ]
  static let references = [
    "It is a guide to action that ensures that the military will forever heed Party commands",
    """
    It is the guiding principle which guarantees the military forces always being under the command \
    of the Party
    """,
    "It is the practical guide for the army always to heed the directions of the party",
  ]

  static func score(_ candidate: String, _ references: [String]) -> BLEU {
    var bleu = BLEU()
    bleu.add(words(candidate), references: references.map(words))
    return bleu
  }

  @Test func `the precisions of the paper`() {
    let first = Self.score(Self.candidates[0], Self.references)
    #expect(first.matches[0] == 17 && first.counts[0] == 18)
    #expect(first.matches[1] == 10 && first.counts[1] == 17)
    let second = Self.score(Self.candidates[1], Self.references)
    #expect(second.matches[0] == 8 && second.counts[0] == 14)
    #expect(second.matches[1] == 1 && second.counts[1] == 13)
    // Example 2.
    let the = Self.score(
      "the the the the the the the", ["The cat is on the mat", "There is a cat on the mat"])
    #expect(the.precision(1) == 2 / 7.0 && the.matches[1] == 0 && the.score == 0)
    // Example 3 and section 2.2.1: clipping gives "of the" one half and two halves.
    let short = Self.score("of the", Self.references)
    #expect(short.precision(1) == 1 && short.precision(2) == 1)
  }

  /// `nltk.translate.bleu_score` of NLTK 3.9: the examples of its documentation, whose words keep their case.
  @Test func `the scores of NLTK`() {
    func cased(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
    var corpus = BLEU()
    corpus.add(cased(Self.candidates[0]), references: Self.references.map(cased))
    #expect(abs(corpus.score - 0.5045666840058485) < 1e-14)
    corpus.add(
      cased("he read the book because he was interested in world history"),
      references: [cased("he was interested in world history because he read the book")])
    #expect(abs(corpus.score - 0.5920778868801042) < 1e-14)
    var smoothed = BLEU(smoothing: .addOne)
    smoothed.add(cased(Self.candidates[1]), references: Self.references.map(cased))
    #expect(abs(smoothed.score - 0.13111209575157431) < 1e-14)
  }

  @Test func `brevity by hand`() {
    var bleu = BLEU(order: 2)
    bleu.add([1, 2, 3], references: [[1, 2, 3, 4, 5, 1]])
    #expect(abs(bleu.score - .exp(-1)) < 1e-15)
    // 4 and 6 symbols are as close to 5: the shorter counts.
    var tie = BLEU()
    tie.add([1, 2, 3, 4, 5], references: [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4]])
    #expect(tie.referenceLength == 4 && tie.brevityPenalty == 1 && tie.score == 1)
    var empty = BLEU()
    empty.add([], references: [[1]])
    #expect(empty.score == 0 && empty.brevityPenalty == 0)
    #expect(BLEU().score == 0)
  }

  @Test(arguments: 1...20) func `a reference is perfect, and parts add up`(seed: UInt64) {
    var rng = SeededGenerator(seed: seed)
    var (whole, parts) = (BLEU(), BLEU())
    var perfect = BLEU()
    for _ in 0..<10 {
      let draw = {
        (0..<Int.random(in: 4...12, using: &rng)).map { _ in Int.random(in: 0..<3, using: &rng) }
      }
      let (output, references) = (draw(), [draw(), draw()])
      var part = BLEU()
      part.add(output, references: references)
      parts += part
      whole.add(output, references: references)
      perfect.add(output, references: references + [output])
    }
    #expect(whole == parts, "seed \(seed)")
    #expect(perfect.score == 1, "seed \(seed)")
    #expect(whole.score <= 1 && whole.score >= 0, "seed \(seed)")
  }

  @Test func `no reference traps`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var bleu = BLEU()
      bleu.add([1, 2], references: [])
    }
    #expect(message(result).contains("an output of 2 symbols without a reference"))
  }
}
