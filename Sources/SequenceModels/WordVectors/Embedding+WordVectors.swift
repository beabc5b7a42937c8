import Autodiff
import LinAlg
import Recurrent

extension Embedding {
  /// An embedding of a model's vocabulary that starts with word vectors.
  ///
  /// - Parameters:
  ///   - wordVectors: the rows of the symbols that it has; the others get the mean of all its rows, so that a
  ///     model meets them as words of no particular meaning.
  ///   - vocabulary: the symbols of the model.
  /// - Precondition: the vocabulary is not empty.
  public init(wordVectors: WordVectors<Scalar>, vocabulary: Vocabulary) {
    self.init(
      parameters: EmbeddingParameters(
        vocabularySize: vocabulary.count, features: wordVectors.features))
    let mean = wordVectors.mean
    var table = Matrix<Scalar>(uninitializedRows: vocabulary.count, columns: features)
    for (token, symbol) in vocabulary.symbols.enumerated() {
      if let known = wordVectors.vocabulary.token(of: symbol) {
        table[row: token] = wordVectors.vectors.row(Int(known))
      } else {
        table[row: token] = mean.view
      }
    }
    parameters.W = table
  }
}
