/// How much of a row is compared with the scalar loops, which are too slow to follow the largest shapes.
///
/// The contestants always run at the full batch. What is saved is the oracle's work: sequences do
/// not influence each other, so it follows a few of them over all steps, and the gradients on the
/// outputs of the others are zero, so that the weight gradients are comparable too. Only when two
/// sequences over all steps are still too much work are steps dropped.
struct VerificationPlan: Equatable {
  /// The steps that are run, at least three where the shape has them.
  var steps: Int
  /// The sequences that are compared: the first, the last, and some between.
  var sequences: [Int]

  /// The work that the oracle may do: a fraction of a second of scalar loops.
  static let defaultFlops = 4e8

  static func make(_ benchCase: BenchCase, flops budget: Double = defaultFlops) -> VerificationPlan
  {
    let (T, N) = (benchCase.shape.T, benchCase.shape.N)
    let perToken = benchCase.flops / benchCase.tokens
    let affordable = Int(min(budget / perToken, Double(T * N)))
    let count = min(N, max(2, affordable / T))
    let steps = min(T, max(3, affordable / count))
    return VerificationPlan(steps: steps, sequences: spread(count, over: N))
  }

  /// `count` different indices below `n`, evenly spread, with the first and the last.
  static func spread(_ count: Int, over n: Int) -> [Int] {
    guard count > 1 else { return count == 1 ? [0] : [] }
    return (0..<count).map { $0 * (n - 1) / (count - 1) }
  }

  /// Whether the whole row is compared.
  func isComplete(for shape: Shape) -> Bool {
    steps == shape.T && sequences.count == shape.N
  }
}
