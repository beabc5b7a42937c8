import RealModule

/// A loss summed over tokens, and how many tokens counted.
///
/// Sums of windows add up to the sum of the whole text, where means of windows of different lengths
/// would not.
public struct Loss: Sendable, Hashable {
  /// `Σ −log p(label)` in nats, accumulated in `Double`.
  public var sum: Double
  /// How many tokens counted.
  public var count: Int

  /// A loss of `sum` nats over `count` tokens.
  public init(sum: Double = 0, count: Int = 0) {
    self.sum = sum
    self.count = count
  }

  /// Nats per counted token; not a number when nothing counted.
  public var mean: Double { sum / Double(count) }

  /// Bits per counted token (for a character model, bits per character); not a number when nothing
  /// counted.
  public var bitsPerToken: Double { mean / .log(2) }

  /// `exp` of the mean: among how many equally likely tokens the model would be as undecided.
  public var perplexity: Double { .exp(mean) }

  /// The loss over the tokens of both.
  public static func + (a: Loss, b: Loss) -> Loss {
    Loss(sum: a.sum + b.sum, count: a.count + b.count)
  }

  /// Adds the tokens of `b`.
  public static func += (a: inout Loss, b: Loss) { a = a + b }
}
