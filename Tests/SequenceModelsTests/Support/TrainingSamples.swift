import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// A small problem for tests of training: which of three tokens a sequence has most of.
enum TrainingSamples {
  typealias Classifier<Scalar: RecurrentScalar> = SequenceClassifier<GRU<Scalar>>
  typealias Batch = LabelledSequences.Batch

  static let seed: UInt64 = 71

  static func sequences(_ count: Int, seed: UInt64 = seed) -> LabelledSequences {
    var rng = SeededGenerator(seed: seed)
    let sequences = (0..<count).map { _ in
      (0..<Int.random(in: 1...7, using: &rng)).map { _ in Token.random(in: 0..<3, using: &rng) }
    }
    let labels = sequences.map { tokens in
      let counts = (0..<3).map { token in tokens.count { $0 == Token(token) } }
      return Token(counts.firstIndex(of: counts.max() ?? 0) ?? 0)
    }
    return LabelledSequences(sequences, labels: labels, padding: Padding(with: 0))
  }

  static func classifier<Scalar: RecurrentScalar>(
    _: Scalar.Type, dropout: Double = 0
  ) -> Classifier<Scalar> {
    var rng = SeededGenerator(seed: seed)
    var model = Classifier<Scalar>(
      vocabularySize: 3, encoder: GRU(inputSize: 4, hiddenSize: 5, using: &rng), classes: 3,
      using: &rng)
    model.dropout = dropout
    return model
  }

  static func loss<Scalar>(
    _ model: Classifier<Scalar>, _ batch: Batch, _ graph: Graph<Scalar>
  ) -> Node<Scalar> {
    model(batch.sequences.tokens, lengths: batch.sequences.lengths, on: graph)
      .crossEntropy(batch.labels)
  }
}

extension ModelParameters {
  /// The bits of all numbers.
  var bits: [UInt64] { elements.map { Double($0).bitPattern } }
}
