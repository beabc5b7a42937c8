import Autodiff
import LinAlg
import Recurrent
import SequenceModels
import Testing

@Suite struct SequenceModelTests {
  typealias Encoder = Bidirectional<GRU<Double>>

  static func encoder(_ rng: inout SeededGenerator) -> Encoder {
    Bidirectional { GRU<Double>(inputSize: 3, hiddenSize: 3, using: &rng) }
  }

  static let tokens = TokenBatch(steps: 4, batch: 3, tokens: [1, 2, 3, 4, 0, 3, 2, 1, 0, 4, 4, 0])
  static let lengths = [4, 2, 1]

  @Test(arguments: SequenceClassifier<Encoder>.Pooling.allCases)
  func `gradients of a classifier`(pooling: SequenceClassifier<Encoder>.Pooling) {
    var rng = SeededGenerator(seed: 1)
    var model = SequenceClassifier(
      vocabularySize: 5, encoder: Self.encoder(&rng), classes: 4, pooling: pooling, using: &rng)
    model.dropout = 0.2
    let classes = TokenBatch(steps: 1, batch: 3, tokens: [3, 0, 1])
    let error = modelGradientError(model) {
      $0(Self.tokens, lengths: Self.lengths, on: $1).crossEntropy(classes)
    }
    #expect(error < 1e-7)
  }

  @Test func `gradients of a tagger`() {
    var rng = SeededGenerator(seed: 1)
    var model = SequenceTagger(
      vocabularySize: 5, encoder: Self.encoder(&rng), labels: 2, using: &rng)
    model.dropout = 0.2
    let labels = TokenBatch(steps: 4, batch: 3, tokens: (0..<12).map { Token($0 % 2) })
    let error = modelGradientError(model) {
      $0(Self.tokens, lengths: Self.lengths, on: $1).crossEntropy(labels, lengths: Self.lengths)
    }
    #expect(error < 1e-7)
  }

  /// What stands behind the end of a sequence makes no difference.
  @Test(arguments: SequenceClassifier<Encoder>.Pooling.allCases)
  func `a sequence gets in a batch what it gets alone`(
    pooling: SequenceClassifier<Encoder>.Pooling
  ) {
    var rng = SeededGenerator(seed: 3)
    let model = SequenceClassifier(
      vocabularySize: 5, encoder: Self.encoder(&rng), classes: 4, pooling: pooling, using: &rng)
    let graph = Graph<Double>()
    let together = model.evaluate(on: graph) {
      $0(Self.tokens, lengths: Self.lengths, on: $1).value
    }
    for n in 0..<3 {
      let length = Self.lengths[n]
      let own = TokenBatch(
        steps: length, batch: 1, tokens: (0..<length).map { Self.tokens[$0, n] })
      let alone = model.evaluate(on: graph) { $0(own, lengths: nil, on: $1).value }
      for k in 0..<4 { #expect(abs(alone[0, 0, k] - together[0, n, k]) < 1e-13) }
    }
  }
}
