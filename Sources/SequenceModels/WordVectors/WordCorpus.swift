import Autodiff
import LinAlg

/// Sentences as the tokens of a vocabulary, one after the other in one allocation: what word vectors learn from.
public struct WordCorpus: Sendable {
  /// `V`, below which all tokens are.
  public let vocabularySize: Int
  /// All tokens.
  let tokens: [Token]
  /// Where each sentence begins, and where the last one ends.
  let starts: [Int]
  /// How often each token occurs.
  public let counts: [Int]

  /// The number of sentences.
  public var sentenceCount: Int { starts.count - 1 }
  /// The number of tokens.
  public var tokenCount: Int { tokens.count }

  /// A corpus of sentences of tokens.
  ///
  /// - Parameters:
  ///   - sentences: the tokens of each.
  ///   - vocabularySize: `V`.
  /// - Precondition: every token is in `0..<vocabularySize`.
  public init(_ sentences: some Sequence<some Sequence<Token>>, vocabularySize: Int) {
    var (tokens, starts, counts) = ([Token](), [0], [Int](repeating: 0, count: vocabularySize))
    for sentence in sentences {
      for token in sentence {
        require(
          token >= 0 && token < vocabularySize,
          "token \(token) is outside the vocabulary of \(vocabularySize)")
        tokens.append(token)
        counts[Int(token)] += 1
      }
      starts.append(tokens.count)
    }
    self.vocabularySize = vocabularySize
    (self.tokens, self.starts, self.counts) = (tokens, starts, counts)
  }

  /// A corpus of sentences of symbols. Those that the vocabulary does not have are left out, as if their
  /// neighbours stood beside each other, and so are its special symbols.
  ///
  /// - Parameters:
  ///   - sentences: the symbols of each.
  ///   - vocabulary: which tokens they are.
  public init(_ sentences: some Sequence<some Sequence<String>>, vocabulary: Vocabulary) {
    self.init(
      sentences.lazy.map { sentence in
        sentence.compactMap { symbol in
          vocabulary.token(of: symbol).flatMap { Int($0) < vocabulary.special.count ? nil : $0 }
        }
      }, vocabularySize: vocabulary.count)
  }
}
