import LinAlg
import RealModule
import Recurrent

/// Random tokens that stand for all the others in a sampled softmax: how many, and how likely each is.
///
/// They are drawn with replacement, each in constant time (Walker's alias method; Vose 1991).
public struct TokenSamples: Sendable, Hashable {
  /// How many are drawn for a pass; all its rows share them.
  public let count: Int
  /// `log q`, for each token of the vocabulary.
  public let logProbabilities: [Double]
  /// With what probability a draw of this place stays, and which token it goes to if not.
  private let thresholds: [Double]
  private let aliases: [Token]

  /// The number of tokens of the vocabulary.
  public var vocabularySize: Int { logProbabilities.count }

  /// Draws by given weights.
  ///
  /// - Parameters:
  ///   - count: how many tokens are drawn for a pass.
  ///   - weights: one for each token, to which its probability is in proportion.
  /// - Precondition: there is a token, each weight is positive and finite, and so is the count.
  public init(count: Int, weights: [Double]) {
    require(count > 0, "TokenSamples: \(count) samples")
    require(!weights.isEmpty, "TokenSamples: no tokens")
    if let token = weights.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
      failRequirement(
        "TokenSamples: token \(token) has weight \(weights[token]), expected a positive one")
    }
    self.count = count
    let total = weights.reduce(0, +)
    logProbabilities = weights.map { .log($0 / total) }
    var shares = weights.map { $0 / total * Double(weights.count) }
    var aliases = weights.indices.map { Token($0) }
    var (small, large): ([Int], [Int]) = ([], [])
    for i in shares.indices { if shares[i] < 1 { small.append(i) } else { large.append(i) } }
    while let poor = small.popLast(), let rich = large.last {
      aliases[poor] = Token(rich)
      shares[rich] -= 1 - shares[poor]
      if shares[rich] < 1 {
        large.removeLast()
        small.append(rich)
      }
    }
    thresholds = shares
    self.aliases = aliases
  }

  /// Draws as often as tokens were counted, to a power.
  ///
  /// - Parameters:
  ///   - count: how many tokens are drawn for a pass.
  ///   - counts: how often each token was counted; less than 1 is taken as 1, so that each can be drawn.
  ///   - power: 1 for the unigram distribution, less for a flatter one (3/4 in Mikolov et al. 2013).
  public static func unigram(count: Int, counts: [Int], power: Double = 1) -> TokenSamples {
    TokenSamples(count: count, weights: counts.map { .pow(Double(max($0, 1)), power) })
  }

  /// Draws tokens that are ranks by frequency, as Zipf's law has them, without counts:
  /// `q(k) = log((k + 2)/(k + 1)) / log(V + 1)`.
  public static func logUniform(count: Int, vocabularySize: Int) -> TokenSamples {
    TokenSamples(
      count: count,
      weights: (0..<max(vocabularySize, 0)).map { .log(onePlus: 1 / Double($0 + 1)) })
  }

  /// Replaces `tokens` by new draws.
  func draw(into tokens: inout [Token], using generator: inout SeededGenerator) {
    tokens.removeAll(keepingCapacity: true)
    let V = UInt64(vocabularySize)
    for _ in 0..<count {
      let place = Int(generator.next().multipliedFullWidth(by: V).high)
      let unit = Double(generator.next() >> 11) * 0x1p-53
      tokens.append(unit < thresholds[place] ? Token(place) : aliases[place])
    }
  }
}
