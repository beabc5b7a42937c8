import LinAlg
import SequenceModels
import Testing

@Suite struct TokenizerTests {
  static let texts = [
    "plain text\n", "Grüße, 数学, 👩‍👩‍👧", "e\u{301} and \u{E9} are not the same", "a\r\nb\rc\n", "",
    "\u{301}a (\u{200D}b\n\u{301}", "🇫🇷🇩🇪 flags", "  two  spaces\t",
  ]

  static func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }

  @Test(arguments: texts, CharacterTokenizer.Unit.allCases)
  func `characters keep every text`(text: String, unit: CharacterTokenizer.Unit) {
    let tokenizer = CharacterTokenizer(unit)
    let symbols = tokenizer.symbols(of: text)
    #expect(symbols.count == (unit == .scalar ? text.unicodeScalars.count : text.count))
    #expect(Self.scalars(tokenizer.text(of: symbols)) == Self.scalars(text))
  }

  @Test(arguments: texts) func `words with their spaces keep every text`(text: String) {
    let tokenizer = WordTokenizer(spaces: .kept)
    #expect(Self.scalars(tokenizer.text(of: tokenizer.symbols(of: text))) == Self.scalars(text))
  }

  @Test(arguments: [
    ("Hello, world!", ["Hello", ",", "world", "!"]),
    (
      "don't stop - well-known 'quotes'",
      [
        "don't", "stop", "-", "well-known", "'", "quotes", "'",
      ]
    ),
    ("3.14, 1,000 and 2.", ["3.14", ",", "1,000", "and", "2", "."]),
    ("a.b U.S.", ["a", ".", "b", "U", ".", "S", "."]),
    ("我用 Swift，3.5版。", ["我", "用", "Swift", "，", "3.5", "版", "。"]),
    ("rock'n'roll--yes", ["rock'n'roll", "-", "-", "yes"]),
    ("e\u{301}t\u{E9} 👩‍👩‍👧!", ["e\u{301}t\u{E9}", "👩‍👩‍👧", "!"]),
    (" \n\t", []), ("...", [".", ".", "."]),
  ])
  func `words and punctuation`(text: String, symbols: [String]) {
    #expect(WordTokenizer().symbols(of: text) == symbols)
  }

  @Test(arguments: [
    "Hello, world! (It is 3.14; don't ask.)", "我用Swift，很好。", "He said: yes, [sic] 50%.",
  ])
  func `text as it is mostly set comes back`(text: String) {
    let tokenizer = WordTokenizer()
    #expect(tokenizer.text(of: tokenizer.symbols(of: text)) == text)
  }

  @Test(arguments: 1...300) func `the symbols of a text of symbols are the symbols`(seed: UInt64) {
    var rng = SeededGenerator(seed: seed)
    let alphabet = [
      "a", "B", "é", "e\u{301}", "7", "Ａ", "カ", "好", "々", ".", ",", "'", "’", "-", "(", ")", "[",
      "]", "!", "，", "。", "「", "%", "…", "\"", "👩‍👩‍👧", "🇫🇷", "_", " ", "\n", "\u{301}", "\u{200D}",
    ]
    let text = (0..<60).map { _ in alphabet.randomElement(using: &rng) ?? "" }.joined()
    for isLowercasing in [false, true] {
      let tokenizer = WordTokenizer(isLowercasing: isLowercasing)
      let symbols = tokenizer.symbols(of: text)
      #expect(
        tokenizer.symbols(of: tokenizer.text(of: symbols)) == symbols, "seed \(seed): \(text)")
      let kept = WordTokenizer(spaces: .kept)
      #expect(kept.text(of: kept.symbols(of: text)) == text, "seed \(seed)")
    }
  }

  @Test func `lower case`() {
    #expect(WordTokenizer(isLowercasing: true).symbols(of: "The ÄRA") == ["the", "ära"])
  }
}
