import LinAlg
import Recurrent
import Testing

@Suite struct DropoutTests {
  @Test(arguments: [0.1, 0.5, 0.9])
  func `drops the rate's share and keeps the mean`(rate: Double) {
    let (tape, count) = (DropoutTape<Float>(), 40_000)
    var rng = SeededGenerator(seed: 11)
    let ones = SequenceBatch<Float>(
      steps: 100, batch: 20, features: 20, elements: [Float](repeating: 1, count: count))
    let y = Dropout(rate: rate).forward(ones, recording: tape, using: &rng).elements
    let kept = y.count { $0 != 0 }
    // Five standard deviations of a binomial distribution.
    let deviation = (Double(count) * rate * (1 - rate)).squareRoot()
    #expect(abs(Double(kept) - Double(count) * (1 - rate)) < 5 * deviation, "seed 11: \(kept)")
    #expect(Set(y.filter { $0 != 0 }).count == 1)
    // The rate is rounded to a 65536th, and the scale is that of the rounded rate.
    #expect(abs(Double(y.max() ?? 0) * (1 - rate) - 1) < 1e-4)
  }

  @Test func `the backward pass repeats the mask, another pass does not`() {
    let tape = DropoutTape<Double>()
    var rng = SeededGenerator(seed: 12)
    let x = SequenceBatch<Double>.uniform(steps: 7, batch: 3, features: 5, in: 1...2, using: &rng)
    let dropout = Dropout(rate: 0.5)
    let y = dropout.forward(x, recording: tape, using: &rng)
    let dx = dropout.backward(x, through: tape)
    #expect(y == dx)
    #expect(zip(x.elements, y.elements).allSatisfy { $1 == 0 || $1 == 2 * $0 })
    let other = dropout.forward(x, recording: tape, using: &rng)
    #expect(other != y)
  }

  @Test func `the same seed drops the same elements in both precisions`() {
    func mask<Scalar: RecurrentScalar>(_: Scalar.Type) -> [Bool] {
      var rng = SeededGenerator(seed: 13)
      let ones = SequenceBatch<Scalar>(
        steps: 1, batch: 1, features: 103, elements: [Scalar](repeating: 1, count: 103))
      return Dropout(rate: 0.4).forward(ones, recording: DropoutTape<Scalar>(), using: &rng)
        .elements.map { $0 != 0 }
    }
    #expect(mask(Float.self) == mask(Double.self))
    #expect(mask(Float.self).contains(true) && mask(Float.self).contains(false))
  }

  /// Gal & Ghahramani's dropout of inputs: each sequence has one mask, forward and backward.
  @Test func `a mask for each sequence is the same in all of its steps`() {
    let (T, N, F) = (6, 5, 40)
    let dropout = Dropout(rate: 0.3, mask: .perSequence)
    let ones = SequenceBatch<Double>(
      steps: T, batch: N, features: F, elements: [Double](repeating: 1, count: T * N * F))
    let tape = DropoutTape<Double>()
    func rows(_ y: SequenceBatch<Double>) -> [[Double]] {
      (0..<T * N).map { Array(y.elements[$0 * F..<($0 + 1) * F]) }
    }
    func forward(_ noise: RecordingNoise?) -> [[Double]] {
      rows(dropout.forward(ones, recording: tape, noise: noise))
    }
    var noise = RecordingNoise(seed: 15)
    let masks = forward(noise)
    #expect(rows(dropout.backward(ones, through: tape)) == masks)
    for t in 0..<T { #expect(masks[t * N..<(t + 1) * N] == masks[..<N], "step \(t)") }
    #expect(Set(masks).count == N)
    // 200 draws: the standard deviation of the share is 0.032.
    let dropped = masks[..<N].joined().count { $0 == 0 }
    #expect(abs(Double(dropped) / Double(N * F) - 0.3) < 0.16)
    #expect(masks.joined().allSatisfy { $0 == 0 || abs($0 - 1 / 0.7) < 1e-15 })
    #expect(forward(noise) == masks)
    noise.pass += 1
    #expect(forward(noise) != masks, "another pass")
    noise.pass -= 1
    noise.firstStep = 17
    #expect(forward(noise) == masks, "a later window of the same sequences")
    noise.sequences = [4, 3, 2, 1, 0]
    #expect(Array(forward(noise)[..<N]) == masks[..<N].reversed())
    #expect(forward(nil).joined().allSatisfy { $0 == 1 })
    let perStep = rows(Dropout(rate: 0.3).forward(ones, recording: tape, noise: noise))
    #expect(Set(perStep).count == T * N)
  }

  @Test func `a rate of zero changes nothing`() {
    let tape = DropoutTape<Float>()
    var rng = SeededGenerator(seed: 14)
    let x = SequenceBatch<Float>.uniform(steps: 2, batch: 3, features: 4, using: &rng)
    #expect(Dropout(rate: 0).forward(x, recording: tape, using: &rng) == x)
    #expect(Dropout(rate: 0).backward(x, through: tape) == x)
  }

  @Test func `a rate of one traps`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Dropout(rate: 1) }
    #expect(standardError(of: result).contains("rate 1.0 is not in 0..<1"))
  }
}
