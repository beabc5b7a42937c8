import Autodiff
import LinAlg

/// What a decoder may write: how much, with which tokens, and beginning with what.
///
/// They are members of whatever decodes: `search.minimumLength = 2` is `search.rules.minimumLength = 2`.
public struct DecodingRules: Sendable, Hashable {
  /// The largest number of tokens, the end not counted.
  public var maximumLength: Int
  /// The smallest: before it nothing ends.
  public var minimumLength = 0
  /// Tokens that are never written.
  public var banned: Set<Token> = []
  /// The number `n` of tokens in a row that occur only once in a sequence; nil for no limit.
  public var uniqueRuns: Int?
  /// What every sequence begins with, whatever the other rules say.
  public var prefix: [Token] = []

  /// Nothing but a largest length.
  public init(maximumLength: Int) { self.maximumLength = maximumLength }

  func check(_ name: StaticString) {
    require(
      minimumLength >= 0 && minimumLength <= maximumLength && prefix.count <= maximumLength,
      """
      \(name): lengths \(minimumLength)...\(maximumLength) with a prefix of \(prefix.count) tokens
      """)
    require(uniqueRuns ?? 1 > 0, "\(name): runs of \(uniqueRuns ?? 1) tokens")
  }

  /// Whether a sequence of that many tokens may end.
  func allowsEnd(after length: Int) -> Bool { length >= minimumLength && length >= prefix.count }

  /// The token that a sequence of that many tokens has to go on with.
  func forcedToken(after length: Int, of vocabularySize: Int, _ name: StaticString) -> Token? {
    guard length < prefix.count else { return nil }
    let token = prefix[length]
    require(
      token >= 0 && Int(token) < vocabularySize,
      "\(name): the prefix's token \(token) of \(vocabularySize)")
    return token
  }

  /// The tokens that a sequence may not go on with.
  func refusedTokens(after tokens: [Token]) -> Set<Token> {
    guard let n = uniqueRuns, tokens.count >= n else { return banned }
    var refused = banned
    // Runs that begin as the sequence ends.
    let last = tokens.suffix(n - 1)
    for start in 0...tokens.count - n where tokens[start..<start + n - 1].elementsEqual(last) {
      refused.insert(tokens[start + n - 1])
    }
    return refused
  }
}
