import Autodiff
import LinAlg
import Recurrent

/// A ``LanguageModel`` reading one token at a time.
///
/// ```swift
/// var reader = TokenReader(model)
/// for token in vocabulary.encode("The ", by: CharacterTokenizer()) { reader.read(token) }
/// reader.scores                                   // [1, V]: what comes next
/// ```
/// Reading a token allocates nothing. Copies share the memory of their passes: they belong to one caller.
public struct TokenReader<Layer: CausalLayer> {
  /// The model.
  public let model: LanguageModel<Layer>
  /// The state after the tokens read so far, `[1, 1, S]`; nil before the first.
  public private(set) var state: SequenceBatch<Layer.Scalar>?
  /// One score for each token as the next one, `[1, V]`; zeros before the first token.
  public private(set) var scores: Matrix<Layer.Scalar>
  private var token = TokenBatch(repeating: 0, steps: 1, batch: 1)
  private let graph = Graph<Layer.Scalar>()

  /// A reader that has read nothing.
  public init(_ model: LanguageModel<Layer>) {
    self.model = model
    scores = .zeros(rows: 1, columns: model.vocabularySize)
  }

  /// Reads one token.
  ///
  /// - Precondition: the token is in the model's vocabulary.
  public mutating func read(_ token: Token) {
    self.token[0, 0] = token
    graph.beginEvaluation()
    let step = model.step(self.token, state.map { graph.constant($0) }, on: graph)
    step.scores.copy(into: &scores)
    step.state.copy(into: &state)
  }
}
