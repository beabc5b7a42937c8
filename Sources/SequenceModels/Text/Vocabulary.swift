import Autodiff
import LinAlg

/// The symbols that a model knows, each with its token: words, characters, labels.
///
/// A symbol is a string. Special symbols come first, in the order of ``Special``; the others follow by how
/// often they were counted, the most frequent first, and by their UTF-8 bytes where that is equal, so that
/// a token is a rank and a vocabulary depends on what was counted and not on where it stood.
///
/// ```swift
/// let vocabulary = Vocabulary(counting: text, by: WordTokenizer(), minimumCount: 2)
/// let tokens = vocabulary.encode("What is new?", by: WordTokenizer())
/// ```
/// Symbols are the same when their UTF-8 bytes are: `"é"` as one scalar and as two are two symbols, where
/// `String` calls them equal.
public struct Vocabulary: Sendable, Hashable {
  /// A symbol that no text holds by itself.
  public enum Special: String, Sendable, Hashable, CaseIterable {
    /// Fills sequences up to the length of the longest one.
    case padding = "<pad>"
    /// Stands for every symbol that is not in the vocabulary.
    case unknown = "<unk>"
    /// Stands before the first symbol of a sequence.
    case beginning = "<bos>"
    /// Stands behind the last symbol of a sequence.
    case end = "<eos>"
  }

  /// Every symbol in the order of the tokens, special ones included.
  public let symbols: [String]
  /// How often each symbol was counted, in the order of the tokens; 0 for special symbols that did not
  /// occur, and for all where nothing was counted.
  public let counts: [Int]
  /// The special symbols, in the order of their tokens, which are the first.
  public let special: [Special]
  private let tokens: [ExactText: Token]

  /// The number of tokens, special ones included.
  public var count: Int { symbols.count }

  /// The symbols that occur in `symbols`.
  ///
  /// A symbol that is spelled as one of `special` is that one. What is left out is `<unk>` to
  /// ``encode(_:)``; ``Special/unknown`` is counted as often as that happens.
  ///
  /// - Parameters:
  ///   - symbols: a text, symbol by symbol.
  ///   - special: which special symbols the vocabulary has.
  ///   - minimumCount: symbols that occur less often are left out.
  ///   - maximumSize: how many tokens the vocabulary may have, special ones included; the rarest symbols
  ///     are left out.
  /// - Precondition: the maximum size is at least the number of special symbols.
  public init(
    counting symbols: some Sequence<String>, special: Set<Special> = Set(Special.allCases),
    minimumCount: Int = 1, maximumSize: Int? = nil
  ) {
    require(
      maximumSize ?? .max >= special.count,
      "Vocabulary: \(maximumSize ?? 0) tokens are too few for \(special.count) special symbols")
    let special = Special.allCases.filter(special.contains)
    var occurrences: [ExactText: Int] = [:]
    for symbol in symbols { occurrences[ExactText(symbol), default: 0] += 1 }
    var specialCounts = special.map { occurrences.removeValue(forKey: ExactText($0.rawValue)) ?? 0 }
    let room = (maximumSize ?? .max) - special.count
    let kept = occurrences.filter { $0.value >= minimumCount }
      .sorted { $0.value > $1.value || ($0.value == $1.value && $0.key < $1.key) }
      .prefix(room)
    if let unknown = special.firstIndex(of: .unknown) {
      specialCounts[unknown] +=
        occurrences.values.reduce(0, +) - kept.reduce(0) { $0 + $1.value }
    }
    self.init(
      special: special, symbols: kept.map(\.key.text), counts: specialCounts + kept.map(\.value))
  }

  /// A vocabulary of given symbols in a given order, such as labels; nothing is counted.
  ///
  /// - Parameters:
  ///   - symbols: the symbols behind the special ones.
  ///   - special: which special symbols the vocabulary has.
  /// - Precondition: no symbol occurs twice or is spelled as a special one.
  public init(_ symbols: [String], special: Set<Special> = []) {
    let special = Special.allCases.filter(special.contains)
    self.init(
      special: special, symbols: symbols,
      counts: Array(repeating: 0, count: special.count + symbols.count))
    require(
      tokens.count == count, "Vocabulary: \(count) symbols, of which only \(tokens.count) differ")
  }

  /// The counts are those of all symbols, the special ones first.
  init(special: [Special], symbols: [String], counts: [Int]) {
    self.special = special
    self.symbols = special.map(\.rawValue) + symbols
    self.counts = counts
    let numbered = self.symbols.enumerated().map { (ExactText($1), Token($0)) }
    tokens = Dictionary(numbered, uniquingKeysWith: { first, _ in first })
  }

  /// How many symbols differ from each other: all, unless a file says otherwise.
  var distinctCount: Int { tokens.count }
}

extension Vocabulary {
  /// The token of a special symbol; nil where the vocabulary does not have it.
  public subscript(symbol: Special) -> Token? { special.firstIndex(of: symbol).map { Token($0) } }

  /// The token of `<pad>`; nil where the vocabulary does not have it.
  public var padding: Token? { self[.padding] }
  /// The token of `<unk>`; nil where the vocabulary does not have it.
  public var unknown: Token? { self[.unknown] }
  /// The token of `<bos>`; nil where the vocabulary does not have it.
  public var beginning: Token? { self[.beginning] }
  /// The token of `<eos>`; nil where the vocabulary does not have it.
  public var end: Token? { self[.end] }

  /// The token of a symbol; nil where the vocabulary does not have it, whether or not it has `<unk>`.
  public func token(of symbol: String) -> Token? { tokens[ExactText(symbol)] }

  /// The symbol of a token.
  ///
  /// - Precondition: the token is in `0..<count`.
  public func symbol(of token: Token) -> String {
    require(
      token >= 0 && token < count, "token \(token) is outside the vocabulary of \(count)")
    return symbols[Int(token)]
  }

  /// One token for each symbol.
  ///
  /// - Parameter symbols: a text, symbol by symbol. A symbol that is not in the vocabulary becomes
  ///   `<unk>`.
  /// - Precondition: the vocabulary has `<unk>`, or every symbol; see ``token(of:)``.
  public func encode(_ symbols: some Sequence<String>) -> [Token] {
    let unknown = unknown
    return symbols.map { symbol in
      guard let token = token(of: symbol) ?? unknown else {
        failRequirement(
          """
          symbol '\(symbol)' is not in the vocabulary of \(count), which has no \
          \(Special.unknown.rawValue)
          """)
      }
      return token
    }
  }

  /// The symbol of each token, special ones included.
  ///
  /// - Precondition: every token is in `0..<count`.
  public func decode(_ tokens: some Sequence<Token>) -> [String] { tokens.map { symbol(of: $0) } }
}

// With the tokenizer that makes symbols of a text.
extension Vocabulary {
  /// The symbols of a text; see ``init(counting:special:minimumCount:maximumSize:)``.
  ///
  /// - Parameters:
  ///   - text: what to count.
  ///   - tokenizer: what makes symbols of it.
  ///   - special: which special symbols the vocabulary has.
  ///   - minimumCount: symbols that occur less often are left out.
  ///   - maximumSize: how many tokens the vocabulary may have, special ones included.
  public init(
    counting text: String, by tokenizer: some Tokenizer,
    special: Set<Special> = Set(Special.allCases), minimumCount: Int = 1, maximumSize: Int? = nil
  ) {
    self.init(
      counting: tokenizer.symbols(of: text), special: special, minimumCount: minimumCount,
      maximumSize: maximumSize)
  }

  /// The tokens of a text; see ``encode(_:)``.
  public func encode(_ text: String, by tokenizer: some Tokenizer) -> [Token] {
    encode(tokenizer.symbols(of: text))
  }

  /// The text that tokens stand for: without `<pad>`, `<bos>` and `<eos>`, and with the tokenizer's
  /// ``Tokenizer/replacement`` for `<unk>`.
  ///
  /// - Precondition: every token is in `0..<count`.
  public func decode(_ tokens: some Sequence<Token>, by tokenizer: some Tokenizer) -> String {
    tokenizer.text(
      of: tokens.compactMap { token in
        let symbol = symbol(of: token)
        guard Int(token) < special.count else { return symbol }
        return token == unknown ? tokenizer.replacement : nil
      })
  }
}

/// A string that is equal to those of the same bytes alone, where `String` compares canonically: the Kelvin
/// sign is K there.
struct ExactText: Hashable, Comparable, Sendable {
  let text: String

  init(_ text: String) {
    var text = text
    text.makeContiguousUTF8()
    self.text = text
  }

  static func == (a: ExactText, b: ExactText) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

  /// The order of the bytes, which is that of the Unicode scalars.
  static func < (a: ExactText, b: ExactText) -> Bool {
    a.text.utf8.lexicographicallyPrecedes(b.text.utf8)
  }

  func hash(into hasher: inout Hasher) {
    _ = text.utf8.withContiguousStorageIfAvailable { hasher.combine(bytes: .init($0)) }
  }
}
