import Foundation
import LinAlg
import SequenceModels
import Testing

@Suite struct VocabularyTests {
  static let text = "the cat and the dog , and the bird"

  static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

  @Test func `a token is a rank`() {
    let vocabulary = Vocabulary(counting: Self.words(Self.text))
    #expect(
      vocabulary.symbols
        == ["<pad>", "<unk>", "<bos>", "<eos>", "the", "and", ",", "bird", "cat", "dog"])
    #expect(vocabulary.counts == [0, 0, 0, 0, 3, 2, 1, 1, 1, 1])
    #expect(vocabulary.padding == 0 && vocabulary.unknown == 1)
    #expect(vocabulary.beginning == 2 && vocabulary.end == 3)
    #expect(vocabulary == Vocabulary(counting: Self.words(Self.text).reversed()))
    #expect(vocabulary.encode(["the", "emu", "<eos>"]) == [4, 1, 3])
    #expect(vocabulary.decode([4, 1, 3]) == ["the", "<unk>", "<eos>"])
  }

  @Test func `special symbols are optional and in one order`() {
    let vocabulary = Vocabulary(counting: ["a", "a"], special: [.end, .padding])
    #expect(vocabulary.symbols == ["<pad>", "<eos>", "a"])
    #expect(vocabulary.special == [.padding, .end])
    #expect(vocabulary.unknown == nil && vocabulary[.end] == 1)
    #expect(vocabulary.token(of: "<unk>") == nil && vocabulary.token(of: "a") == 2)
    // Where it is not special, it is a symbol like others.
    #expect(Vocabulary(counting: ["<unk>"], special: []).symbols == ["<unk>"])
    #expect(Vocabulary(["no", "yes"]).symbols == ["no", "yes"])
  }

  @Test func `rare symbols are unknown and counted as such`() {
    let words = Self.words(Self.text) + ["<unk>", "<unk>"]
    let frequent = Vocabulary(counting: words, special: [.unknown], minimumCount: 2)
    #expect(frequent.symbols == ["<unk>", "the", "and"] && frequent.counts == [6, 3, 2])
    let small = Vocabulary(counting: words, special: [.unknown, .end], maximumSize: 4)
    #expect(small.symbols == ["<unk>", "<eos>", "the", "and"] && small.counts == [6, 0, 3, 2])
    // At the edge, equal counts are kept in the order of the symbols.
    #expect(Vocabulary(counting: words, special: [], maximumSize: 4).symbols.last == ",")
    #expect(Vocabulary(counting: words, special: [.unknown], maximumSize: 1).counts == [11])
  }

  @Test func `symbols of other bytes are other symbols`() {
    // Equal to String: é in two ways, Kelvin sign and K, Greek question mark and semicolon.
    let text = "\u{E9}\u{65}\u{301}\u{212A}K\u{37E};"
    let vocabulary = Vocabulary(counting: text, by: CharacterTokenizer(.grapheme), special: [])
    #expect(vocabulary.count == 6)
    let tokens = vocabulary.encode(text, by: CharacterTokenizer(.grapheme))
    #expect(Set(tokens).count == 6)
    let decoded = vocabulary.decode(tokens, by: CharacterTokenizer(.grapheme))
    #expect(Array(decoded.unicodeScalars) == Array(text.unicodeScalars))
    #expect(Vocabulary(["\u{E9}"]) != Vocabulary(["e\u{301}"]))
  }

  /// What one-hot rows say about a text, as the reference of counting and lookups.
  @Test(arguments: 1...20) func `agrees with one-hot rows`(seed: UInt64) {
    var rng = SeededGenerator(seed: seed)
    let text = (0..<200).map { _ in
      "w\(Int.random(in: 0..<Int.random(in: 1...30, using: &rng), using: &rng))"
    }
    let vocabulary = Vocabulary(counting: text, special: [.unknown], minimumCount: 3)
    let rows = text.map { symbol in vocabulary.symbols.map { $0 == symbol ? 1 : 0 } }
    for (row, token) in zip(rows, vocabulary.encode(text)) {
      #expect(
        row.firstIndex(of: 1) ?? 0 == Int(token) && row.reduce(0, +) <= 1, "seed \(seed)")
    }
    let sums = vocabulary.symbols.indices.map { token in rows.reduce(0) { $0 + $1[token] } }
    #expect(Array(sums.dropFirst()) == Array(vocabulary.counts.dropFirst()), "seed \(seed)")
    #expect(vocabulary.counts[0] == text.count - sums.reduce(0, +), "seed \(seed)")
    for (more, less) in zip(sums.dropFirst(), sums.dropFirst(2)) { #expect(more >= less) }
  }

  @Test func `text goes in and out`() {
    let words = WordTokenizer()
    let vocabulary = Vocabulary(counting: "Hello, world.", by: words)
    let tokens = vocabulary.encode("Hello, you!", by: words)
    #expect(vocabulary.decode([2] + tokens + [3, 0, 0], by: words) == "Hello, <unk> <unk>")
    let characters = Vocabulary(counting: "aab", by: CharacterTokenizer(), special: [.unknown])
    #expect(characters.encode("abc", by: CharacterTokenizer()) == [1, 2, 0])
    #expect(characters.decode([1, 0], by: CharacterTokenizer()) == "a\u{FFFD}")
  }

  @Test func `what cannot be encoded or decoded traps`() async {
    let token = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Vocabulary(["a", "b"]).decode([1, 2]) }
    #expect(message(token).contains("token 2 is outside the vocabulary of 2"))
    let symbol = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Vocabulary(["a", "b"]).encode(["a", "c"]) }
    #expect(
      message(symbol).contains("symbol 'c' is not in the vocabulary of 2, which has no <unk>"))
    let twice = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Vocabulary(["a", "<pad>"], special: [.padding]) }
    #expect(message(twice).contains("3 symbols, of which only 2 differ"))
    let small = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Vocabulary(counting: ["a"], maximumSize: 3) }
    #expect(message(small).contains("3 tokens are too few for 4 special symbols"))
  }
}
