import LinAlg
import Recurrent
import SequenceModels

/// Small models: 7 tokens, 3 features, 4 units.
enum CharacterModelSamples {
  static let vocabulary = CharacterVocabulary("abcdef")

  static func lstm<Scalar: RecurrentScalar>(
    _: Scalar.Type
  ) -> CharacterLanguageModel<LSTM<Scalar>> {
    var rng = SeededGenerator(seed: 41)
    return .lstm(vocabulary: vocabulary, embeddingSize: 3, hiddenSize: 4, using: &rng)
  }

  static func gru<Scalar: RecurrentScalar>(
    _: Scalar.Type, _ variant: GRUOptions.Candidate
  ) -> CharacterLanguageModel<GRU<Scalar>> {
    var rng = SeededGenerator(seed: 42)
    return .gru(
      vocabulary: vocabulary, embeddingSize: 3, hiddenSize: 4, variant: variant, using: &rng)
  }

  static func simpleRNN<Scalar: RecurrentScalar>(
    _: Scalar.Type
  ) -> CharacterLanguageModel<SimpleRNN<Scalar>> {
    var rng = SeededGenerator(seed: 43)
    return CharacterLanguageModel(
      vocabulary: vocabulary,
      layer: SimpleRNN<Scalar>(inputSize: 3, hiddenSize: 4, using: &rng), using: &rng)
  }

  /// Tokens of the vocabulary, the unknown one included.
  static func tokens(_ count: Int, seed: UInt64 = 44) -> [Token] {
    var rng = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Token.random(in: 0..<7, using: &rng) }
  }
}
