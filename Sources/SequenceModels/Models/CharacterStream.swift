import Autodiff
import LinAlg
import Recurrent

/// A ``CharacterLanguageModel`` reading one character at a time.
///
/// ```swift
/// var stream = CharacterStream(model)
/// for token in model.vocabulary.encode("The ", by: CharacterTokenizer()) { stream.read(token) }
/// stream.logits                                   // [1, V]: what comes next
/// ```
/// Reading a character allocates nothing. Copies share the memory of their passes: they belong to one caller.
public struct CharacterStream<Layer: CausalLayer> {
  /// The model.
  public let model: CharacterLanguageModel<Layer>
  /// The state after the characters read so far, `[1, 1, S]`; nil before the first.
  public private(set) var state: SequenceBatch<Layer.Scalar>?
  /// One score for each token as the next one, `[1, V]`; zeros before the first character.
  public private(set) var logits: Matrix<Layer.Scalar>
  private var token = TokenBatch(repeating: 0, steps: 1, batch: 1)
  private let graph = Graph<Layer.Scalar>()

  /// A stream that has read nothing.
  public init(_ model: CharacterLanguageModel<Layer>) {
    self.model = model
    logits = .zeros(rows: 1, columns: model.vocabulary.count)
  }

  /// Reads one character.
  ///
  /// - Precondition: the token is in the model's vocabulary.
  public mutating func read(_ token: Token) {
    self.token[0, 0] = token
    graph.beginEvaluation()
    let run = model(self.token, from: state.map { graph.constant($0) }, on: graph)
    run.outputs.copy(into: &logits)
    run.finalState.copy(into: &state)
  }
}

extension CharacterLanguageModel {
  /// Writes on where a prompt ends.
  ///
  /// - Parameters:
  ///   - prompt: what the model has read before; characters that it does not know are read as
  ///     ``Vocabulary/unknown``. When it is empty the model starts after a line break (or, if it knows
  ///     none, after an unknown character).
  ///   - length: how many characters to write.
  ///   - temperature: see ``TokenSampler``.
  ///   - topK: see ``TokenSampler``.
  ///   - generator: the source of randomness: with the same seed the text is the same.
  /// - Returns: the text after the prompt; the unknown character is never written.
  /// - Precondition: the vocabulary has `<unk>`, or every character of the prompt.
  public func sample(
    prompt: String = "", length: Int, temperature: Double = 1, topK: Int? = nil,
    using generator: inout some RandomNumberGenerator
  ) -> String {
    require(length >= 0, "sample: negative length \(length)")
    require(
      vocabulary.count > vocabulary.special.count, "sample: the model knows no character")
    let sampler = TokenSampler(
      temperature: temperature, topK: topK, excluded: vocabulary.unknown)
    var stream = CharacterStream(self)
    let start = vocabulary.encode(prompt.isEmpty ? "\n" : prompt, by: CharacterTokenizer())
    for token in start { stream.read(token) }
    var tokens: [Token] = []
    for _ in 0..<length {
      let token = sampler.draw(from: stream.logits, using: &generator)
      tokens.append(token)
      stream.read(token)
    }
    return vocabulary.decode(tokens, by: CharacterTokenizer())
  }
}
