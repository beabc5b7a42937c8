import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// Small models: 7 tokens, 3 features, 4 units.
enum CharacterModelSamples {
  static let vocabulary = Vocabulary(
    counting: "abcdef", by: CharacterTokenizer(), special: [.unknown])

  static func lstm<Scalar: RecurrentScalar>(
    _: Scalar.Type
  ) -> LanguageModel<LSTM<Scalar>> {
    var rng = SeededGenerator(seed: 41)
    return .lstm(vocabularySize: vocabulary.count, embeddingSize: 3, hiddenSize: 4, using: &rng)
  }

  static func gru<Scalar: RecurrentScalar>(
    _: Scalar.Type, _ variant: GRUOptions.Candidate
  ) -> LanguageModel<GRU<Scalar>> {
    var rng = SeededGenerator(seed: 42)
    return .gru(
      vocabularySize: vocabulary.count, embeddingSize: 3, hiddenSize: 4, variant: variant,
      using: &rng)
  }

  static func simpleRNN<Scalar: RecurrentScalar>(
    _: Scalar.Type
  ) -> LanguageModel<SimpleRNN<Scalar>> {
    var rng = SeededGenerator(seed: 43)
    return LanguageModel(
      vocabularySize: vocabulary.count,
      layer: SimpleRNN<Scalar>(inputSize: 3, hiddenSize: 4, using: &rng), using: &rng)
  }

  static func stack<Scalar: RecurrentScalar>(
    _: Scalar.Type
  ) -> LanguageModel<Stacked<LSTM<Scalar>>> {
    var rng = SeededGenerator(seed: 46)
    let layer = Stacked(count: 2, inputSize: 3, dropout: 0.3) {
      LSTM<Scalar>(inputSize: $0, hiddenSize: 4, using: &rng)
    }
    return LanguageModel(vocabularySize: vocabulary.count, layer: layer, using: &rng)
  }

  /// A GRU with an LSTM above it.
  static func chain<Scalar: RecurrentScalar>(
    _: Scalar.Type
  ) -> LanguageModel<Chain<GRU<Scalar>, LSTM<Scalar>>> {
    var rng = SeededGenerator(seed: 48)
    let lower = GRU<Scalar>(inputSize: 3, hiddenSize: 5, using: &rng)
    let upper = LSTM<Scalar>(inputSize: 5, hiddenSize: 4, using: &rng)
    return LanguageModel(
      vocabularySize: vocabulary.count, layer: lower.followed(by: upper, dropout: 0.3), using: &rng)
  }

  /// A layer with two features for each step, of four units, that keeps some of them as they were.
  static func projected<Scalar: RecurrentScalar>(
    _: Scalar.Type
  ) throws -> LanguageModel<DefinedLayer<Scalar>> {
    var rng = SeededGenerator(seed: 47)
    var options = LSTMOptions()
    options.projection = 2
    options.regularization.zoneoutCell = 0.3
    let layer: DefinedLayer<Scalar> = try options.makeLayer(
      inputSize: 3, hiddenSize: 4, using: &rng)
    return LanguageModel(vocabularySize: vocabulary.count, layer: layer, using: &rng)
  }

  /// Tokens of the vocabulary, the unknown one included.
  static func tokens(_ count: Int, seed: UInt64 = 44) -> [Token] {
    var rng = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Token.random(in: 0..<7, using: &rng) }
  }
}

extension LanguageModel {
  /// What the output's weights make of features, without a graph.
  func logits(_ h: SequenceBatch<Scalar>) -> SequenceBatch<Scalar> {
    output.linear.map { $0(h) } ?? .zeros(steps: 0, batch: 0, features: 0)
  }
}
