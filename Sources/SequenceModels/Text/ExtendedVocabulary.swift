import Autodiff
import LinAlg

/// A vocabulary with the words that only the sources of one batch have: what a ``PointerGenerator`` may copy.
///
/// ```swift
/// let words = ExtendedVocabulary(vocabulary, sources: sources)
/// let batch = PaddedBatch(sources.map { words.encode($0) }, padding: Padding(with: padding))
/// let targets = zip(texts, sources).map { words.encode($0, from: $1) }
/// ```
/// The words of the vocabulary keep their tokens; the others follow in the order in which they occur.
public struct ExtendedVocabulary: Sendable, Hashable {
  /// The words that every batch has.
  public let vocabulary: Vocabulary
  /// The words that only the sources have, in the order of their tokens.
  public let added: [String]
  private let tokens: [ExactText: Token]

  /// The number of tokens: of the vocabulary and of the words that were added.
  public var count: Int { vocabulary.count + added.count }

  /// A vocabulary with the words of some sources.
  public init(_ vocabulary: Vocabulary, sources: some Sequence<[String]>) {
    var (added, tokens): ([String], [ExactText: Token]) = ([], [:])
    for source in sources {
      for word in source where vocabulary.token(of: word) == nil {
        let word = ExactText(word)
        if tokens[word] != nil { continue }
        tokens[word] = Token(vocabulary.count + added.count)
        added.append(word.text)
      }
    }
    (self.vocabulary, self.added, self.tokens) = (vocabulary, added, tokens)
  }

  /// The token of a word; nil where neither the vocabulary nor a source has it.
  public func token(of word: String) -> Token? {
    vocabulary.token(of: word) ?? tokens[ExactText(word)]
  }

  /// The tokens of a source; words of no source of the batch become `<unk>`.
  ///
  /// - Precondition: the vocabulary has `<unk>`, or every word has a token.
  public func encode(_ source: [String]) -> [Token] { source.map { token(of: $0) ?? unknown($0) } }

  /// The tokens of a text that is to be written from a source: words that neither the vocabulary nor this
  /// source has become `<unk>`, for nothing could write them.
  ///
  /// - Precondition: the vocabulary has `<unk>`, or every word can be written.
  public func encode(_ target: [String], from source: [String]) -> [Token] {
    let words = Set(source.map { ExactText($0) })
    return target.map { word in
      if let token = vocabulary.token(of: word) { return token }
      let token = words.contains(ExactText(word)) ? token(of: word) : nil
      return token ?? unknown(word)
    }
  }

  private func unknown(_ word: String) -> Token {
    guard let unknown = vocabulary.unknown else {
      failRequirement(
        """
        '\(word)' is in no source and not in the vocabulary of \(vocabulary.count), which has no \
        \(Vocabulary.Special.unknown.rawValue)
        """)
    }
    return unknown
  }

  /// The word of a token.
  ///
  /// - Precondition: the token is in `0..<count`.
  public func symbol(of token: Token) -> String {
    require(token >= 0 && token < count, "token \(token) is outside the \(count) words of a batch")
    let place = Int(token) - vocabulary.count
    return place < 0 ? vocabulary.symbol(of: token) : added[place]
  }

  /// The word of each token, special ones included.
  ///
  /// - Precondition: every token is in `0..<count`.
  public func decode(_ tokens: some Sequence<Token>) -> [String] { tokens.map { symbol(of: $0) } }
}
