import Autodiff
import LinAlg
import SequenceModels
import Testing

@testable import Experiments

/// What the experiments draw and how sure they are of what they measure.
@Suite struct SamplingTests {
  @Test func heldOutItemsAreTrainedOnByNobody() {
    let split = HeldOut(103, share: 0.2, seed: 4)
    #expect(split.held.count == 21)
    #expect((split.held + split.training).sorted() == Array(0..<103))
    #expect(split.held == HeldOut(103, share: 0.2, seed: 4).held)
    #expect(Set(split.held) != Set(HeldOut(103, share: 0.2, seed: 5).held))
    #expect(Set(split.held) != Set(0..<21))
  }

  @Test func anEpochHasEachNumberOnce() {
    var order = BatchOrder(
      LengthBuckets(lengths: (0..<50).map { $0 % 7 }, batch: 8, seed: 1))
    #expect(order.batchesPerEpoch == 7)
    let epochs = (0..<2).map { _ in (0..<order.batchesPerEpoch).map { _ in order.next() } }
    for epoch in epochs { #expect(epoch.joined().sorted() == Array(0..<50)) }
    #expect(epochs[0] != epochs[1])
  }

  @Test func hiddenTokensAreUnknownAndOfTheShareAsked() {
    let sequences = (0..<200).map { n in (0..<n % 50).map { Token(2 + $0) } }
    let padding = Padding(with: 0)
    let batch = PaddedBatch(sequences, padding: padding)
    var hidden = HiddenTokens(share: 0.2, unknown: 1, seed: 9)
    let hiding = hidden.hiding(batch, padding: padding)
    #expect(hiding.lengths == batch.lengths && hiding.steps == batch.steps)
    var count = 0
    for (n, sequence) in sequences.enumerated() {
      let own = hiding.sequence(n)
      #expect(zip(own, sequence).allSatisfy { $0 == $1 || $0 == 1 })
      count += own.count { $0 == 1 }
      // What fills the batch up stays.
      let filled = (sequence.count..<batch.steps).allSatisfy { hiding.tokens[$0, n] == 0 }
      #expect(filled)
    }
    let all = sequences.reduce(0) { $0 + $1.count }
    // Four standard deviations of a binomial share.
    let deviation = (0.2 * 0.8 / Double(all)).squareRoot()
    #expect(abs(Double(count) / Double(all) - 0.2) < 4 * deviation)
    #expect(hidden.hiding(batch, padding: padding).tokens != hiding.tokens)
  }

  @Test func meanAndStandardError() {
    // Deviations −3, −1, 1, 3: s² = 20/3, s²/4 = 5/3.
    let spread = Spread([1, 3, 5, 7])
    #expect(spread.mean == 4)
    #expect(abs(spread.standardError - (5.0 / 3).squareRoot()) < 1e-15)
    #expect(Spread([2.0]).standardError == 0)
    #expect(Spread([true, false, true, true]).mean == 0.75)
  }
}
