/// What cuts a text into symbols and puts it together again.
public protocol Tokenizer: Sendable {
  /// The symbols of a text, in order.
  func symbols(of text: String) -> [String]

  /// The text of symbols, as close to the original as they tell.
  func text(of symbols: [String]) -> String

  /// What a symbol that is not known reads as.
  var replacement: String { get }
}

/// Every character is a symbol.
///
/// `text(of: symbols(of: text))` is `text`, scalar by scalar.
public struct CharacterTokenizer: Tokenizer, Hashable {
  /// What a character is.
  public enum Unit: String, Sendable, Hashable, CaseIterable {
    /// A Unicode scalar. There are few of them, every text is a sequence of them, and a sequence of them
    /// is always a text.
    case scalar
    /// What a reader takes for one character, an extended grapheme cluster: `"e"` and a combining
    /// accent behind it, a family of emoji, a carriage return and a line feed. There is no end of
    /// them.
    case grapheme
  }

  /// What a character is.
  public var unit: Unit

  /// A tokenizer of characters.
  public init(_ unit: Unit = .scalar) { self.unit = unit }

  /// One symbol for each character.
  public func symbols(of text: String) -> [String] {
    switch unit {
    case .scalar: text.unicodeScalars.map { String($0) }
    case .grapheme: text.map { String($0) }
    }
  }

  /// The symbols one behind the other.
  public func text(of symbols: [String]) -> String { symbols.joined() }

  /// U+FFFD, the replacement character.
  public var replacement: String { "\u{FFFD}" }
}

/// Words and punctuation.
///
/// A word is a run of letters and digits with their marks; one apostrophe or hyphen between two of them
/// belongs to it (`don't`, `well-known`), and so does a full stop or comma between two digits (`3.14`). Each
/// ideograph is a word of its own, as those scripts put no spaces. Every other character (grapheme
/// cluster) that is no space is a symbol of its own.
///
/// Where spaces are dropped, ``text(of:)`` puts one between any two symbols, but none before what closes
/// (`.`, `,`, `)` …), after what opens, or beside ideographs and their punctuation. That is how texts are
/// mostly set, and ``symbols(of:)`` finds the same symbols in it again. Where they are kept,
/// `text(of: symbols(of: text))` is `text`, scalar by scalar, unless it is turned into lower case.
public struct WordTokenizer: Tokenizer, Hashable {
  /// What becomes of the spaces between words.
  public enum Spaces: String, Sendable, Hashable, CaseIterable {
    /// They end a word and are no symbols.
    case dropped
    /// Each run of spaces and line breaks is a symbol.
    case kept
  }

  /// What becomes of spaces.
  public var spaces: Spaces
  /// Whether words are turned into lower case first.
  public var isLowercasing: Bool

  /// A tokenizer of words.
  public init(spaces: Spaces = .dropped, isLowercasing: Bool = false) {
    self.spaces = spaces
    self.isLowercasing = isLowercasing
  }

  /// Words, punctuation and, where they are kept, spaces.
  public func symbols(of text: String) -> [String] {
    let text = isLowercasing ? text.lowercased() : text
    var result: [String] = []
    var start = text.startIndex
    while start < text.endIndex {
      let kind = Kind(text[start])
      var end = text.index(after: start)
      switch kind {
      case .word: end = endOfWord(text, from: start)
      case .space:
        while end < text.endIndex, Kind(text[end]) == .space { text.formIndex(after: &end) }
      case .ideograph, .other: break
      }
      if kind != .space || spaces == .kept { result.append(String(text[start..<end])) }
      start = end
    }
    return result
  }

  /// The symbols with spaces where text has them, or one behind the other where spaces are symbols.
  public func text(of symbols: [String]) -> String {
    if spaces == .kept { return symbols.joined() }
    var result = ""
    for symbol in symbols {
      if let last = result.last, let first = symbol.first, Self.isSpaced(last, first) {
        result += " "
      }
      result += symbol
    }
    return result
  }

  /// `<unk>`.
  public var replacement: String { Vocabulary.Special.unknown.rawValue }

  private enum Kind {
    case word, ideograph, space, other

    init(_ character: Character) {
      guard let scalar = character.unicodeScalars.first else {
        self = .other
        return
      }
      let properties = scalar.properties
      if character.isWhitespace || properties.isGraphemeExtend || properties.isEmojiModifier
        || scalar == "\u{200D}"
      {
        // A mark with nothing to stand on, behind a line break say, would stand on any space put there.
        self = .space
      } else if properties.isIdeographic {
        self = .ideograph
      } else if character.isLetter || character.isNumber {
        self = .word
      } else {
        self = .other
      }
    }
  }

  private func endOfWord(_ text: String, from start: String.Index) -> String.Index {
    var end = text.index(after: start)
    var last = text[start]
    while end < text.endIndex {
      let character = text[end]
      var next = text.index(after: end)
      if Kind(character) != .word {
        guard next < text.endIndex, Self.joins(character, last, text[next]) else { break }
        last = text[next]
        next = text.index(after: next)
      } else {
        last = character
      }
      end = next
    }
    return end
  }

  /// Whether a character between two others makes one word of them.
  private static func joins(_ character: Character, _ before: Character, _ after: Character) -> Bool
  {
    switch character {
    case _ where Kind(after) != .word: false
    case "'", "’", "-", "‐": true
    case ".", ",": before.isNumber && after.isNumber
    default: false
    }
  }

  /// Whether two neighbours are written with a space between them.
  private static func isSpaced(_ a: Character, _ b: Character) -> Bool {
    if isWide(a) || isWide(b) { return false }
    return !(".,;:!?)]}…%".contains(b) || "([{".contains(a))
  }

  /// Whether a character brings its space along: an ideograph, or punctuation of those scripts.
  private static func isWide(_ character: Character) -> Bool {
    switch Kind(character) {
    case .ideograph: return true
    case .word, .space: return false
    case .other:
      guard let value = character.unicodeScalars.first?.value else { return false }
      return (0x3000...0x303F).contains(value) || (0xFF00...0xFFEF).contains(value)
    }
  }
}
