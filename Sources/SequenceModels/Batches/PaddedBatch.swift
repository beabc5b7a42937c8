import Autodiff
import LinAlg

/// One of the two sides of a sequence.
public enum SequenceSide: String, Sendable, Hashable, Codable, CaseIterable {
  /// Before the first token.
  case front
  /// Behind the last token.
  case back
}

/// How sequences of different lengths become a batch.
public struct Padding: Sendable, Hashable {
  /// What sequences are filled with, such as ``Vocabulary/padding``.
  public var symbol: Token
  /// On which side they are filled. Layers that are told lengths count them from the first step, so that
  /// theirs are filled at the back; what is filled in front, a layer reads as any other token.
  public var side: SequenceSide
  /// How many tokens of a sequence are kept; nil for all.
  public var maximumLength: Int?
  /// On which side tokens beyond that are cut off.
  public var truncation: SequenceSide

  /// A way to fill and cut.
  ///
  /// - Precondition: the maximum length is not negative.
  public init(
    with symbol: Token, at side: SequenceSide = .back, maximumLength: Int? = nil,
    truncating truncation: SequenceSide = .back
  ) {
    require(maximumLength ?? 0 >= 0, "Padding: sequences of at most \(maximumLength ?? 0) tokens")
    self.symbol = symbol
    self.side = side
    self.maximumLength = maximumLength
    self.truncation = truncation
  }

  /// What is kept of a sequence.
  func kept(_ sequence: [Token]) -> ArraySlice<Token> {
    guard let maximumLength else { return sequence[...] }
    return truncation == .back ? sequence.prefix(maximumLength) : sequence.suffix(maximumLength)
  }
}

/// Sequences of different lengths, filled up to one length: `[T, N]`.
public struct PaddedBatch: Sendable, Equatable {
  /// The tokens, filled up, `[T, N]`.
  public let tokens: TokenBatch
  /// How many tokens of each sequence count.
  public let lengths: [Int]
  /// On which side the sequences are filled.
  public let side: SequenceSide

  /// The sequences, cut and filled.
  ///
  /// - Parameters:
  ///   - sequences: `N` of them, each of any length, none included.
  ///   - padding: with what to fill them and where.
  ///   - steps: `T`; nil for the length of the longest one after cutting.
  /// - Precondition: no sequence is longer than `steps` after cutting.
  public init(_ sequences: some Collection<[Token]>, padding: Padding, steps: Int? = nil) {
    let kept = sequences.map { padding.kept($0) }
    lengths = kept.map(\.count)
    side = padding.side
    let longest = lengths.max() ?? 0
    let steps = steps ?? longest
    require(
      steps >= longest,
      "PaddedBatch: a sequence of \(longest) tokens in a batch of shape [\(steps), \(kept.count)]")
    var tokens = TokenBatch(repeating: padding.symbol, steps: steps, batch: kept.count)
    tokens.withUnsafeMutableBufferPointer { target in
      for (n, sequence) in kept.enumerated() {
        let first = padding.side == .back ? 0 : steps - sequence.count
        for (t, token) in sequence.enumerated() {
          target[(first + t) * kept.count + n] = token
        }
      }
    }
    self.tokens = tokens
  }

  /// `T`, the number of time steps.
  public var steps: Int { tokens.steps }

  /// `N`, the number of sequences.
  public var batch: Int { tokens.batch }

  /// Sequence `n` as it was cut, without what fills it.
  ///
  /// - Precondition: `n` is in `0..<batch`.
  public func sequence(_ n: Int) -> [Token] {
    require(n >= 0 && n < batch, "PaddedBatch: sequence \(n) outside shape \(tokens.shape)")
    let first = side == .back ? 0 : steps - lengths[n]
    return (first..<first + lengths[n]).map { tokens[$0, n] }
  }

  /// How many tokens count.
  public var tokenCount: Int { lengths.reduce(0, +) }

  /// What share of `[T, N]` is filling: work that is thrown away. 0 where there is nothing.
  public var paddingShare: Double {
    tokens.count == 0 ? 0 : 1 - Double(tokenCount) / Double(tokens.count)
  }
}
