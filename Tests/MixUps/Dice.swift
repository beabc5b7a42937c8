import LinAlg
import Recurrent

/// Draws what a sequence of calls is made of.
struct Dice {
  var rng: SeededGenerator
  /// How likely an argument is one that does not fit, out of a thousand.
  let recklessness: Int

  init(seed: UInt64) {
    rng = SeededGenerator(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1)
    recklessness = [0, 10, 40, 120, 300][Int.random(in: 0..<5, using: &rng)]
  }

  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(bound, 1), using: &rng) }

  mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

  /// Whether the next argument is one that does not fit.
  mutating func slips() -> Bool { below(1000) < recklessness }

  mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

  /// A size: small ones, so that two of them are often the same or almost the same, and at times one
  /// beyond a kernel's width.
  mutating func size() -> Int { oneIn(8) ? 15 + below(20) : 2 + below(4) }

  /// A size that is another one's neighbour.
  mutating func almost(_ size: Int) -> Int { max(0, size + pick([-1, 1, 1, 16, -2])) }

  mutating func matrix<Scalar: RecurrentScalar>(_ rows: Int, _ columns: Int) -> Matrix<Scalar> {
    Matrix(
      rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in number() })
  }

  mutating func batch<Scalar: RecurrentScalar>(
    _ steps: Int, _ batch: Int, _ features: Int
  ) -> SequenceBatch<Scalar> {
    // At times the last steps of a longer one: they begin anywhere, and end where the memory does.
    let before = oneIn(3) ? 1 + below(2) : 0
    let whole = SequenceBatch<Scalar>(
      steps: before + steps, batch: batch, features: features,
      elements: (0..<(before + steps) * batch * features).map { _ in number() })
    return whole[steps: before...]
  }

  private mutating func number<Scalar: RecurrentScalar>() -> Scalar {
    Scalar(Double(below(2001) - 1000) / 700)
  }
}
