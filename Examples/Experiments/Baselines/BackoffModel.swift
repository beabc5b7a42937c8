import Autodiff
import Foundation

/// An n-gram model with backing off, as an ARPA file has it:
/// `P(w | h) = p(h w)` where the n-gram is listed, else `β(h)·P(w | h without its first)`.
///
/// Over a closed vocabulary: what the file gives to words beyond it is shared out again.
struct BackoffModel {
  private struct Entry {
    var log: Float
    var backoff: Float
  }

  private let entries: [UInt128: Entry]
  private let vocabularySize: Int
  let order: Int
  /// How many n-grams are listed.
  var count: Int { entries.count }

  private var start: Token { Token(vocabularySize) }
  private var end: Token { Token(vocabularySize + 1) }
  private var unknown: Token { Token(vocabularySize + 2) }

  /// - Parameters:
  ///   - arpa: the file's bytes; its words are `<s>`, `</s>`, `<unk>` and the numbers of tokens.
  ///   - vocabularySize: tokens are below it.
  init(arpa: [UInt8], vocabularySize: Int) throws(ToolError) {
    self.vocabularySize = vocabularySize
    let names: [String: Token] = [
      "<s>": Token(vocabularySize), "</s>": Token(vocabularySize + 1),
      "<unk>": Token(vocabularySize + 2),
    ]
    var (entries, length, longest): ([UInt128: Entry], Int, Int) = ([:], 0, 0)
    for (i, line) in arpa.split(separator: UInt8(ascii: "\n")).enumerated() {
      if line.first == UInt8(ascii: "\\") {
        // `\3-grams:`
        length = Int(String(decoding: line.dropFirst().prefix { $0 != 45 }, as: UTF8.self)) ?? 0
        longest = max(longest, length)
        continue
      }
      if length == 0 { continue }
      let fields = line.split(separator: UInt8(ascii: "\t"))
      let words = fields.count > 1 ? fields[1].split(separator: UInt8(ascii: " ")) : []
      guard let log = Self.number(fields[0]), words.count == length else {
        throw ToolError("line \(i + 1) of the ARPA file: expected a logarithm and \(length) words")
      }
      var key = UInt128(1)
      for word in words {
        let text = String(decoding: word, as: UTF8.self)
        guard let token = names[text] ?? Token(text), token <= vocabularySize + 2 else {
          throw ToolError("line \(i + 1) of the ARPA file: word '\(text)'")
        }
        key = key << 24 | UInt128(token)
      }
      entries[key] = Entry(log: log, backoff: fields.count > 2 ? Self.number(fields[2]) ?? 0 : 0)
    }
    if entries.isEmpty { throw ToolError("an ARPA file without n-grams") }
    (self.entries, order) = (entries, longest)
  }

  private static func number(_ text: ArraySlice<UInt8>) -> Float? {
    Float(String(decoding: text, as: UTF8.self))
  }

  /// `log₁₀ P` as the file has it.
  private func listed(_ token: Token, after history: ArraySlice<Token>) -> Double {
    var (history, weight) = (history.suffix(order - 1), 0.0)
    while true {
      let context = history.reduce(UInt128(1)) { $0 << 24 | UInt128($1) }
      if let entry = entries[context << 24 | UInt128(token)] { return weight + Double(entry.log) }
      if history.isEmpty { return -.infinity }
      weight += Double(entries[context]?.backoff ?? 0)
      history = history.dropFirst()
    }
  }

  /// `log P(token | history)` in nats, of the tokens and the end.
  private func log(_ token: Token, after history: ArraySlice<Token>) -> Double {
    let beyond = pow(10, listed(unknown, after: history))
    return listed(token, after: history) * Foundation.log(10) - Foundation.log(1 - beyond)
  }

  /// `−log P` of a sequence and of its end, and how many tokens that is.
  func loss(of sequence: [Token]) -> (sum: Double, count: Int) {
    let tokens = [start] + sequence + [end]
    let sum = (1..<tokens.count).reduce(0.0) { $0 - log(tokens[$1], after: tokens[..<$1]) }
    return (sum, tokens.count - 1)
  }

  /// `Σ P` over all tokens that may follow, the end among them: 1 of a model that is one.
  func total(after sequence: [Token], besides excluded: Set<Token>) -> Double {
    let history = [start] + sequence
    return (0..<Token(vocabularySize)).filter { !excluded.contains($0) }
      .reduce(exp(log(end, after: history[...]))) { $0 + exp(log($1, after: history[...])) }
  }
}
