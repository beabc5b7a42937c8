import LinAlg

/// The characters that a model knows, each with its token.
///
/// A character here is a Unicode scalar, not a grapheme cluster: there are few of them, every text is
/// a sequence of them, and a sequence of them is always a text. Grapheme clusters depend on their
/// neighbours: `"e"` followed by a combining accent is one cluster once they stand together, and a
/// carriage return and a line feed are one.
///
/// Token ``unknown`` stands for every other character. The rest are in order of scalar value, so that
/// a vocabulary depends on which characters occur and not on where.
public struct CharacterVocabulary: Sendable, Hashable {
  /// The token of characters that are not in the vocabulary.
  public static var unknown: Token { 0 }

  /// What ``unknown`` reads as: U+FFFD, the replacement character.
  public static var replacement: Unicode.Scalar { "\u{FFFD}" }

  private let scalars: [Unicode.Scalar]
  private let tokens: [Unicode.Scalar: Token]

  /// The number of tokens, ``unknown`` included.
  public var count: Int { scalars.count + 1 }

  /// The known characters in the order of their tokens, without ``unknown``.
  public var characters: String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  /// The characters of `text` that occur in it at least `minimumCount` times.
  public init(_ text: String, minimumCount: Int = 1) {
    var counts: [Unicode.Scalar: Int] = [:]
    for scalar in text.unicodeScalars { counts[scalar, default: 0] += 1 }
    self.init(counts.filter { $0.value >= minimumCount }.keys.sorted())
  }

  private init(_ scalars: [Unicode.Scalar]) {
    self.scalars = scalars
    let numbered = scalars.enumerated().map { ($1, Token($0) + 1) }
    tokens = Dictionary(numbered, uniquingKeysWith: { first, _ in first })
  }

  /// The token of a character; ``unknown`` when it is not in the vocabulary.
  public func token(for scalar: Unicode.Scalar) -> Token {
    tokens[scalar] ?? Self.unknown
  }

  /// The character of a token; nil for ``unknown``.
  ///
  /// - Precondition: the token is in `0..<count`.
  public func character(for token: Token) -> Unicode.Scalar? {
    require(
      token >= 0 && token < count, "token \(token) is outside the vocabulary of \(count)")
    return token == Self.unknown ? nil : scalars[Int(token) - 1]
  }

  /// One token for each Unicode scalar of `text`.
  public func encode(_ text: String) -> [Token] { text.unicodeScalars.map { token(for: $0) } }

  /// The text that `tokens` stand for; ``unknown`` reads as ``replacement``.
  ///
  /// - Precondition: every token is in `0..<count`.
  public func decode(_ tokens: some Sequence<Token>) -> String {
    var view = String.UnicodeScalarView()
    for token in tokens { view.append(character(for: token) ?? Self.replacement) }
    return String(view)
  }
}

extension CharacterVocabulary: Codable {
  private enum CodingKeys: String, CodingKey { case characters }

  /// Reads the characters in the order of their tokens.
  ///
  /// - Throws: `DecodingError.dataCorrupted` when a character occurs twice.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let text = try container.decode(String.self, forKey: .characters)
    self.init(Array(text.unicodeScalars))
    if tokens.count != scalars.count {
      throw DecodingError.dataCorruptedError(
        forKey: .characters, in: container,
        debugDescription: """
          \(scalars.count) characters, of which only \(tokens.count) are different; \
          expected each once
          """)
    }
  }

  /// Writes the characters in the order of their tokens.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(characters, forKey: .characters)
  }
}
