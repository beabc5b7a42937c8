internal import WholeFiles

// A vocabulary's file, UTF-8: a header with the number of tokens, then a line for each, in order.
//
//   swift-recurrent vocabulary 1 4
//   special<tab>12<tab><unk>
//   symbol<tab>310<tab>the
//   symbol<tab>17<tab>\n
//   symbol<tab>9<tab>\\
//
// The kind, how often it was counted, and the symbol, in which \n, \r, \t and \\ stand for a line break, a
// carriage return, a tab and a backslash.
extension Vocabulary {
  private static let signature = "swift-recurrent vocabulary 1"

  /// The largest file that is read, in bytes.
  private static let largestFile = 1 << 28

  /// Writes the vocabulary to a file, whole or not at all.
  ///
  /// - Throws: ``VocabularyFileError``; a file that was there before is then as it was.
  public func write(to path: String) throws(VocabularyFileError) {
    do {
      try WholeFile.write(fileText.utf8, to: path)
    } catch {
      throw VocabularyFileError(path: error.path, line: nil, reason: error.reason)
    }
  }

  /// Reads a file that ``write(to:)`` wrote.
  ///
  /// - Throws: ``VocabularyFileError`` where the file cannot be read or is not a whole vocabulary; it
  ///   names the line and what was expected there.
  public init(contentsOf path: String) throws(VocabularyFileError) {
    let bytes: [UInt8]
    do {
      bytes = try WholeFile.read(path, limit: Self.largestFile)
    } catch {
      throw VocabularyFileError(path: error.path, line: nil, reason: error.reason)
    }
    do {
      self = try Self(fileBytes: bytes)
    } catch {
      throw VocabularyFileError(path: path, line: error.line, reason: error.reason)
    }
  }

  /// What stands in the file.
  private var fileText: String {
    var text = "\(Self.signature) \(count)\n"
    for (token, symbol) in symbols.enumerated() {
      text += token < special.count ? "special\t" : "symbol\t"
      text += "\(counts[token])\t"
      for scalar in symbol.unicodeScalars {
        switch scalar {
        case "\n": text += "\\n"
        case "\r": text += "\\r"
        case "\t": text += "\\t"
        case "\\": text += "\\\\"
        default: text.unicodeScalars.append(scalar)
        }
      }
      text += "\n"
    }
    return text
  }

  private struct Flaw: Error {
    var line: Int
    var reason: String
  }

  private init(fileBytes: [UInt8]) throws(Flaw) {
    var lines = fileBytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // What is behind the last line break: nothing, unless the file was cut off.
    if !lines.removeLast().isEmpty {
      throw Flaw(line: lines.count + 1, reason: "the line does not end, expected a whole file")
    }
    let header = lines.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
    guard header.hasPrefix(Self.signature + " "),
      let count = Self.number(header.dropFirst(Self.signature.count + 1))
    else {
      throw Flaw(
        line: 1, reason: "expected '\(Self.signature)' and a number, found '\(header.prefix(80))'")
    }
    guard lines.count - 1 == count else {
      throw Flaw(line: lines.count, reason: "expected \(count) symbols, found \(lines.count - 1)")
    }
    var special: [Special] = []
    var symbols: [String] = []
    var counts: [Int] = []
    var places: [ExactText: Int] = [:]
    for (line, bytes) in zip(2..., lines.dropFirst()) {
      let entry: Entry
      do {
        entry = try Entry(bytes)
      } catch {
        throw Flaw(line: line, reason: error.reason)
      }
      if let place = places.updateValue(line, forKey: ExactText(entry.symbol)) {
        throw Flaw(
          line: line,
          reason: "symbol '\(entry.symbol)' stands in line \(place), too; expected it once")
      }
      if entry.isSpecial {
        let order = Special.allCases
        guard let symbol = Special(rawValue: entry.symbol), symbols.isEmpty,
          order.filter({ special.contains($0) || $0 == symbol }).last == symbol
        else {
          throw Flaw(
            line: line,
            reason: """
              special symbol '\(entry.symbol)', expected some of \
              \(order.map(\.rawValue).joined(separator: " ")), in that order, before all others
              """)
        }
        special.append(symbol)
      } else {
        symbols.append(entry.symbol)
      }
      counts.append(entry.count)
    }
    self.init(special: special, symbols: symbols, counts: counts)
  }

  /// One line of the file.
  private struct Entry {
    struct Flaw: Error { var reason: String }

    var isSpecial: Bool
    var count: Int
    var symbol: String

    init(_ bytes: ArraySlice<UInt8>) throws(Flaw) {
      guard let line = String(validating: bytes, as: UTF8.self) else {
        throw Flaw(reason: "not UTF-8 text")
      }
      let fields = line.unicodeScalars.split(
        separator: "\t", omittingEmptySubsequences: false
      ).map { String($0) }
      guard fields.count == 3, ["special", "symbol"].contains(fields[0]) else {
        throw Flaw(
          reason: "expected 'special' or 'symbol', a count and the symbol, separated by tabs")
      }
      guard let count = Vocabulary.number(fields[1][...]) else {
        throw Flaw(reason: "expected how often the symbol was counted, found '\(fields[1])'")
      }
      isSpecial = fields[0] == "special"
      self.count = count
      symbol = ""
      var scalars = fields[2].unicodeScalars.makeIterator()
      while let scalar = scalars.next() {
        guard scalar == "\\" else {
          symbol.unicodeScalars.append(scalar)
          continue
        }
        switch scalars.next() {
        case "n": symbol.unicodeScalars.append("\n")
        case "r": symbol.unicodeScalars.append("\r")
        case "t": symbol.unicodeScalars.append("\t")
        case "\\": symbol.unicodeScalars.append("\\")
        default: throw Flaw(reason: #"expected n, r, t or \ behind a backslash"#)
        }
      }
    }
  }

  /// A whole number of digits alone: `Int` takes a sign, too.
  private static func number(_ text: Substring) -> Int? {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
  }
}

extension Vocabulary: Codable {
  /// Writes the text of the file that ``write(to:)`` writes.
  public func encode(to encoder: any Encoder) throws { try fileText.encode(to: encoder) }

  /// Reads what ``encode(to:)`` wrote.
  ///
  /// - Throws: `DecodingError.dataCorrupted` where the text is not a whole vocabulary.
  public init(from decoder: any Decoder) throws {
    let text = try String(from: decoder)
    do {
      try self.init(fileBytes: Array(text.utf8))
    } catch {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath,
          debugDescription: "Vocabulary: line \(error.line): \(error.reason)"))
    }
  }
}

/// Why a vocabulary could not be read or written.
public struct VocabularyFileError: Error, Hashable, CustomStringConvertible {
  /// The file.
  public var path: String
  /// The line, counted from one; nil where it is the file as such.
  public var line: Int?
  /// What is wrong, and what was expected.
  public var reason: String

  /// One line: the file, the place and what was expected there.
  public var description: String { "\(path):\(line.map { "\($0):" } ?? "") \(reason)" }
}
