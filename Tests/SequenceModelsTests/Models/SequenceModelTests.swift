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

  /// The largest error of any gradient, relative to the largest.
  static func gradientError<M: Model<Double>>(
    _ model: M, _ loss: (M, Graph<Double>) -> Node<Double>
  ) -> Double {
    let graph = Graph<Double>(seed: 2)
    func value(_ model: M) -> Double {
      graph.noise.pass = 0
      return model.gradients(on: graph, of: loss).mean
    }
    _ = value(model)
    let gradients = graph.gradients
    let numeric = numericGradient(model.parameters.elements) { values in
      var (moved, parameters) = (model, model.parameters)
      parameters.elements = values
      moved.parameters = parameters
      return value(moved)
    }
    return relativeError(gradients.elements, numeric)
  }

  @Test(arguments: SequenceClassifier<Encoder>.Pooling.allCases)
  func `gradients of a classifier`(pooling: SequenceClassifier<Encoder>.Pooling) {
    var rng = SeededGenerator(seed: 1)
    var model = SequenceClassifier(
      vocabularySize: 5, encoder: Self.encoder(&rng), classes: 4, pooling: pooling, using: &rng)
    model.dropout = 0.2
    let classes = TokenBatch(steps: 1, batch: 3, tokens: [3, 0, 1])
    let error = Self.gradientError(model) {
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
    let error = Self.gradientError(model) {
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
