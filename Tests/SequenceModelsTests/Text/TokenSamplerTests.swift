import LinAlg
import RealModule
import SequenceModels
import Testing

@Suite struct TokenSamplerTests {
  static let logits = Matrix<Float>(rows: 1, columns: 5, elements: [1, 3, -2, 2.5, 0])

  func counts(_ sampler: TokenSampler, draws: Int, seed: UInt64) -> [Int] {
    var rng = SeededGenerator(seed: seed)
    var result = [Int](repeating: 0, count: 5)
    for _ in 0..<draws { result[Int(sampler.draw(from: Self.logits, using: &rng))] += 1 }
    return result
  }

  @Test(arguments: [0.5, 1.0, 3.0], [Int?.none, 3])
  func `draws as often as the distribution says`(temperature: Double, topK: Int?) {
    let draws = 20_000
    let counts = counts(
      TokenSampler(temperature: temperature, topK: topK, excluded: 3), draws: draws, seed: 81)
    let likely = topK == nil ? [0, 1, 2, 4] : [0, 1, 4]
    let weights = (0..<5).map {
      likely.contains($0) ? Double.exp(Double(Self.logits[0, $0]) / temperature) : 0
    }
    for (token, weight) in weights.enumerated() {
      let p = weight / weights.reduce(0, +)
      let deviation = (Double(draws) * p * (1 - p)).squareRoot()
      #expect(
        abs(Double(counts[token]) - Double(draws) * p) <= 5 * deviation,
        "seed 81, token \(token): \(counts)")
    }
  }

  @Test func `no temperature is the likeliest token`() {
    #expect(counts(TokenSampler(temperature: 0), draws: 5, seed: 1) == [0, 5, 0, 0, 0])
    #expect(counts(TokenSampler(temperature: 0, excluded: 1), draws: 5, seed: 1)[3] == 5)
    #expect(counts(TokenSampler(topK: 1), draws: 5, seed: 1)[1] == 5)
    #expect(counts(TokenSampler(temperature: 1e-300), draws: 5, seed: 1)[1] == 5)
    #expect(counts(TokenSampler(temperature: 1e300), draws: 500, seed: 1).allSatisfy { $0 > 50 })
  }

  /// The probabilities are 0.075, 0.556, 0.004, 0.337 and 0.028.
  static let nuclei: [(Double, [Int])] = [
    (0, [1]), (0.5, [1]), (0.6, [1, 3]), (0.9, [0, 1, 3]), (1, [0, 1, 2, 3, 4]),
  ]

  @Test(arguments: nuclei)
  func `the fewest tokens that are likely enough together`(topP: Double, expected: [Int]) {
    let counts = counts(TokenSampler(topP: topP), draws: 5000, seed: 83)
    #expect(counts.indices.filter { counts[$0] > 0 } == expected, "seed 83: \(counts)")
    // Among themselves they are as likely as before.
    let share = Double(counts[1]) / Double(counts[1] + counts[3])
    if topP > 0.5 { #expect(abs(share - 0.6225) < 0.04, "seed 83: \(counts)") }
  }

  @Test func `equal logits at the edge are taken in order`() {
    var rng = SeededGenerator(seed: 82)
    let equal = Matrix<Double>.zeros(rows: 1, columns: 6)
    let drawn = Set(
      (0..<200).map { _ in TokenSampler(topK: 2, excluded: 0).draw(from: equal, using: &rng) })
    #expect(drawn == [1, 2])
  }

  @Test func `nothing to draw traps`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var rng = SeededGenerator(seed: 1)
      let logits = Matrix<Float>(rows: 1, columns: 2, elements: [.nan, .nan])
      _ = TokenSampler().draw(from: logits, using: &rng)
    }
    #expect(message(result).contains("has the model diverged?"))
    let temperature = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = TokenSampler(temperature: -1) }
    #expect(message(temperature).contains("temperature -1.0"))
  }
}
