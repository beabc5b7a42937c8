import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// A text that is being written: what the layer reads next, and what becomes of what it gives.
///
/// It follows from the model and the request alone. Whoever advances the stream, a batcher or a session of its own,
/// only hands the layer's numbers on:
/// ```swift
/// while let x = answer.input {
///   if let character = answer.take(try await stream.step(x)) { … }
/// }
/// ```
public struct Answer: Sendable {
  private let text: TextModel
  private let sampler: TokenSampler
  private var rng: SeededGenerator
  /// The prompt's tokens that have not been read, last first.
  private var unread: [Token]
  /// How many characters are still to be written.
  private var left: Int
  /// What the layer reads in the next step, `[1, D]`; nil at the end.
  public private(set) var input: Matrix<Float>?

  /// An answer of which nothing is written.
  public init(to request: GenerationRequest, by text: TextModel) {
    self.text = text
    sampler = TokenSampler(temperature: request.temperature, excluded: text.vocabulary.unknown)
    rng = SeededGenerator(seed: request.seed)
    left = request.length
    let prompt = request.prompt.isEmpty ? "\n" : request.prompt
    unread = text.vocabulary.encode(prompt, by: CharacterTokenizer()).reversed()
    readOn()
  }

  private mutating func readOn() { input = unread.popLast().map { text.input(of: $0) } }

  /// Takes what the layer gave for ``input``, `[1, H]`.
  ///
  /// - Returns: the character that was drawn; nil as long as the prompt is read.
  public mutating func take(_ h: Matrix<Float>) -> String? {
    if !unread.isEmpty {
      readOn()
      return nil
    }
    let token = sampler.draw(from: text.scores(h), using: &rng)
    left -= 1
    // Nobody asks for what comes after the last one.
    input = left > 0 ? text.input(of: token) : nil
    return text.vocabulary.symbol(of: token)
  }

  /// The whole answer, from a session of its own: what every answer of a server is held against.
  public static func alone(to request: GenerationRequest, by text: TextModel) -> String {
    let session = StreamingSession(text.model.layer)
    var answer = Answer(to: request, by: text)
    var written = ""
    while let x = answer.input { written += answer.take(session.step(x)) ?? "" }
    return written
  }
}
