import LinAlg
import RealModule

/// How many of the outputs' n-grams are in their references: the bilingual evaluation understudy of
/// Papineni, Roukos, Ward & Zhu (2002), over a corpus.
///
/// ```
/// pₙ = Σ min(count in output, largest count in a reference) / Σ count in output
/// BP = 1 where c > r, else e^(1 − r/c)      BLEU = BP · exp(Σₙ ln pₙ / N),  n = 1…N
/// ```
/// where the sums run over the n-grams of all outputs, `c` is the length of all outputs and `r` that of
/// their references: for each output the one closest in length, the shorter of two as close. `N` is 4 in
/// the paper. Sums are of the corpus; the mean of sentences' scores is another number.
///
/// Scores depend on how texts were cut into symbols; only those of equal tokenizers compare.
public struct BLEU: Sendable, Hashable {
  /// What is done where an order of n-grams has no match.
  public enum Smoothing: String, Sendable, Hashable, CaseIterable {
    /// Nothing: then the score is 0, as in the paper. A corpus seldom needs more.
    case none
    /// One is added to matches and counts of every order but the first (Lin & Och 2004, *ORANGE*), for single
    /// sentences.
    case addOne
  }

  /// `N`, the length of the longest n-grams.
  public let order: Int
  /// What is done where an order of n-grams has no match.
  public let smoothing: Smoothing
  /// For each length, from 1: how many n-grams of the outputs are in their references, each at most as often
  /// as in one of these.
  public private(set) var matches: [Int]
  /// For each length, from 1: how many n-grams the outputs have.
  public private(set) var counts: [Int]
  /// `c`, the length of all outputs.
  public private(set) var outputLength = 0
  /// `r`, the length of their closest references.
  public private(set) var referenceLength = 0

  /// A score of no outputs.
  ///
  /// - Precondition: the order is positive.
  public init(order: Int = 4, smoothing: Smoothing = .none) {
    require(order > 0, "BLEU: n-grams up to length \(order)")
    self.order = order
    self.smoothing = smoothing
    matches = Array(repeating: 0, count: order)
    counts = matches
  }

  /// Counts an output.
  ///
  /// - Parameters:
  ///   - output: its symbols.
  ///   - references: what would be right, in one or several ways.
  /// - Precondition: there is a reference.
  public mutating func add<Symbol: Hashable>(_ output: [Symbol], references: [[Symbol]]) {
    let lengths = references.map(\.count)
    guard
      let closest = lengths.min(by: {
        (abs($0 - output.count), $0) < (abs($1 - output.count), $1)
      })
    else { failRequirement("BLEU: an output of \(output.count) symbols without a reference") }
    outputLength += output.count
    referenceLength += closest
    for n in 1...order {
      var largest: [ArraySlice<Symbol>: Int] = [:]
      for reference in references {
        largest.merge(Self.grams(n, of: reference)) { max($0, $1) }
      }
      for (gram, count) in Self.grams(n, of: output) {
        counts[n - 1] += count
        matches[n - 1] += min(count, largest[gram] ?? 0)
      }
    }
  }

  /// How often each n-gram occurs.
  private static func grams<Symbol: Hashable>(
    _ n: Int, of symbols: [Symbol]
  ) -> [ArraySlice<Symbol>: Int] {
    var result: [ArraySlice<Symbol>: Int] = [:]
    var start = 0
    while start + n <= symbols.count {
      result[symbols[start..<start + n], default: 0] += 1
      start += 1
    }
    return result
  }

  /// `pₙ`, the modified precision of n-grams of length `n`, smoothed; 0 where outputs have none.
  ///
  /// - Precondition: `n` is in `1...order`.
  public func precision(_ n: Int) -> Double {
    require(n >= 1 && n <= order, "BLEU: precision of \(n)-grams, of order \(order)")
    let added = smoothing == .addOne && n > 1 ? 1 : 0
    let count = counts[n - 1] + added
    return count == 0 ? 0 : Double(matches[n - 1] + added) / Double(count)
  }

  /// `BP`: 1, or less where outputs are shorter than references; 0 where they are empty and references
  /// are not.
  public var brevityPenalty: Double {
    if outputLength >= referenceLength { return 1 }
    return .exp(1 - Double(referenceLength) / Double(outputLength))
  }

  /// The score, 0 to 1; often written as 0 to 100.
  public var score: Double {
    let precisions = (1...order).map { precision($0) }
    guard precisions.allSatisfy({ $0 > 0 }) else { return 0 }
    return brevityPenalty
      * .exp(precisions.reduce(0) { $0 + .log($1) } / Double(order))
  }

  /// Adds the outputs of `b`.
  ///
  /// - Precondition: it has the same order.
  public static func += (a: inout BLEU, b: BLEU) {
    require(a.order == b.order, "BLEU: orders \(a.order) and \(b.order) differ")
    for n in 0..<a.order {
      a.matches[n] += b.matches[n]
      a.counts[n] += b.counts[n]
    }
    a.outputLength += b.outputLength
    a.referenceLength += b.referenceLength
  }
}
