import LinAlg
import RealModule

/// Logistic regression over which characters and which pairs of neighbouring characters a text has.
///
/// ```
/// P(positive) = s(b + Σ w[g] / √|G|)      G the different 1- and 2-grams of the text, s the logistic function
/// ```
/// Trained by AdaGrad on the mean cross-entropy and `λ/2·‖w‖²` per epoch over all texts.
struct CharacterNGrams {
  private let numbers: [UInt64: Int]
  private var weights: [Double]
  private var bias = 0.0

  /// - Parameters:
  ///   - minimumCount: 1- and 2-grams that stand in fewer texts are left out.
  ///   - decay: `λ`.
  init(
    _ texts: [String], isPositive: [Bool], epochs: Int = 20, minimumCount: Int = 2,
    decay: Double = 1e-5, seed: UInt64
  ) {
    require(
      texts.count == isPositive.count,
      "CharacterNGrams: \(texts.count) texts and \(isPositive.count) labels")
    let grams = texts.map(Self.grams)
    var counts: [UInt64: Int] = [:]
    for set in grams { for gram in set { counts[gram, default: 0] += 1 } }
    let kept = counts.filter { $0.value >= minimumCount }.keys.sorted()
    let numbers = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
    self.numbers = numbers
    weights = Array(repeating: 0, count: kept.count)
    let features = grams.map { set in set.compactMap { numbers[$0] }.sorted() }

    var generator = SeededGenerator(seed: seed)
    var squares = Array(repeating: 0.0, count: kept.count)
    var biasSquares = 0.0
    let rate = 0.5
    for _ in 0..<epochs {
      for i in texts.indices.shuffled(using: &generator) {
        let scale = Self.scale(features[i].count)
        let error = Self.logistic(score(features[i])) - (isPositive[i] ? 1 : 0)
        for g in features[i] {
          let d = error * scale + decay * weights[g]
          squares[g] += d * d
          weights[g] -= rate * d / (squares[g].squareRoot() + 1e-8)
        }
        biasSquares += error * error
        bias -= rate * error / (biasSquares.squareRoot() + 1e-8)
      }
    }
  }

  /// How many weights there are.
  var parameterCount: Int { weights.count + 1 }

  /// Whether a text is rather positive.
  func isPositive(_ text: String) -> Bool {
    score(Self.grams(text).compactMap { numbers[$0] }.sorted()) > 0
  }

  private func score(_ features: [Int]) -> Double {
    bias + Self.scale(features.count) * features.reduce(0) { $0 + weights[$1] }
  }

  private static func scale(_ count: Int) -> Double { 1 / Double(max(count, 1)).squareRoot() }

  private static func logistic(_ x: Double) -> Double { 1 / (1 + .exp(-x)) }

  /// The different characters of a text and pairs of them; a pair is two scalars in one word.
  private static func grams(_ text: String) -> Set<UInt64> {
    var grams: Set<UInt64> = []
    var last: UInt64?
    for scalar in text.unicodeScalars {
      let value = UInt64(scalar.value) + 1
      grams.insert(value)
      if let last { grams.insert(last << 32 | value) }
      last = value
    }
    return grams
  }
}
