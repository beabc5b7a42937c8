import Autodiff
import LinAlg
import SequenceModels
import Testing

@testable import Experiments

/// What the experiments draw, hold out, hide and average.
@Suite struct SamplingTests {
  @Test func heldOutAndTrainingAreAPartition() {
    let split = HeldOut(103, share: 0.2, seed: 4)
    #expect(split.held.count == 21 && split.training.count == 82)
    #expect(Set(split.held + split.training) == Set(0..<103))
    #expect(HeldOut(103, share: 0.2, seed: 4).held == split.held)
    #expect(HeldOut(103, share: 0.2, seed: 5).held != split.held)
  }

  @Test func everySequenceOncePerEpoch() {
    var order = BatchOrder(LengthBuckets(lengths: [3, 1, 4, 1, 5], batch: 2, seed: 1))
    #expect(order.batchesPerEpoch == 3)
    for _ in 0..<4 {
      let epoch = (0..<3).flatMap { _ in order.next() }
      #expect(epoch.sorted() == [0, 1, 2, 3, 4])
    }
  }

  @Test func spreads() {
    let spread = Spread([1, 2, 3, 6])
    #expect(spread.mean == 3)
    // Squares of 4, 1, 0 and 9, over three, over four.
    #expect(abs(spread.standardError - (14.0 / 12).squareRoot()) < 1e-15)
    #expect(Spread([7]).standardError == 0)
    #expect(Spread([true, false, true, true]).mean == 0.75)
  }

  @Test func hiddenTokens() {
    let padding = Padding(with: 0)
    let batch = PaddedBatch([[3, 4, 5], [6]], padding: padding)
    var none = HiddenTokens(share: 0, unknown: 1, seed: 2)
    #expect(none.hiding(batch, padding: padding) == batch)
    var all = HiddenTokens(share: 1, unknown: 1, seed: 2)
    #expect(
      all.hiding(batch, padding: padding) == PaddedBatch([[1, 1, 1], [1]], padding: padding))
    var some = HiddenTokens(share: 0.3, unknown: 1, seed: 2)
    let long = PaddedBatch([[Token](repeating: 5, count: 2000)], padding: padding)
    let hidden = some.hiding(long, padding: padding).sequence(0).count { $0 == 1 }
    #expect(abs(hidden - 600) < 100)
  }

  @Test func stringsAreOfTheEmbeddedGrammar() {
    var rng = SeededGenerator(seed: 11)
    var bits: Set<String> = []
    for distance in [0, 50] {
      for _ in 0..<200 {
        let string = EmbeddedReber.symbols.decode(
          EmbeddedReber.string(distance: distance, using: &rng))
        #expect(string.count <= 154 && string.count >= distance + 3)
        #expect(string.first == "B" && string.last == "E")
        #expect(string[1] == string[string.count - 2])
        bits.insert(string[1])
        // Between the two a path of Reber's grammar, from the first state to the last.
        var state = 0
        for symbol in string[2..<string.count - 2] {
          guard state < EmbeddedReber.arcs.count,
            let arc = EmbeddedReber.arcs[state].first(where: { $0.symbol == symbol })
          else {
            Issue.record("\(string) leaves the grammar, seed 11")
            return
          }
          state = arc.state
        }
        #expect(state == EmbeddedReber.arcs.count)
      }
    }
    #expect(bits == ["T", "P"])
  }

  /// Words of one kind are positive, of the other negative; a pair of neighbours decides where each alone says
  /// nothing.
  @Test func theLogisticModelLearnsCharactersAndPairs() {
    let texts = (0..<40).map { ["ab", "ba", "xab", "xba"][$0 % 4] }
    let labels = (0..<40).map { $0 % 2 == 0 }
    let model = CharacterNGrams(texts, isPositive: labels, seed: 1)
    // a, b, x; ab, ba, xa, xb; and the bias.
    #expect(model.parameterCount == 8)
    for (text, label) in zip(texts, labels) { #expect(model.isPositive(text) == label) }
  }
}
