import Autodiff
import LinAlg
import Recurrent

/// What one step of a decoder gives, for each of its rows.
public struct DecoderStep<Scalar: RecurrentScalar> {
  /// One score for each token as the next one, `[1, R, V]`; softmax makes probabilities of them.
  public var scores: Node<Scalar>
  /// The state after the step, `[1, R, S]`: all that the next step needs.
  public var state: Node<Scalar>
  /// The weights of attention, `[1, R, T]`, for penalties on what was covered; nil without attention.
  public var attention: Node<Scalar>?

  /// The step of a decoder.
  public init(scores: Node<Scalar>, state: Node<Scalar>, attention: Node<Scalar>? = nil) {
    (self.scores, self.state, self.attention) = (scores, state, attention)
  }
}

extension Node {
  /// Each sequence `count` times, one beside the other, `[T, N·count, F]`: the rows of a beam search.
  public func repeated(_ count: Int) -> Node {
    require(count > 0, "repeated: \(count) times")
    let (T, N) = (shape.steps, shape.batch)
    if count == 1 { return self }
    return gathered(
      rows: TokenBatch(
        steps: T, batch: N * count,
        tokens: (0..<T * N * count).map { i in
          let (t, row) = (i / (N * count), i % (N * count))
          return Token(t * N + row / count)
        }))
  }
}

extension [Int] {
  /// Each length `count` times, one beside the other.
  func repeated(_ count: Int) -> [Int] { flatMap { [Int](repeating: $0, count: count) } }
}

extension TokenBatch {
  /// Each sequence `count` times, one beside the other, `[T, N·count]`.
  func repeated(_ count: Int) -> TokenBatch {
    let rows = batch * count
    return TokenBatch(
      steps: steps, batch: rows,
      tokens: (0..<steps * rows).map { self[$0 / rows, $0 % rows / count] })
  }
}

/// A sequence of tokens that a decoder wrote.
public struct Hypothesis: Sendable, Hashable {
  /// The tokens, without those that begin and end it.
  public var tokens: [Token]
  /// `Σ log p` of the tokens and, where it has ended, of the end.
  public var logProbability: Double
  /// What hypotheses are compared by: the logarithm with its penalties.
  public var score: Double
  /// Whether the decoder ended it; else it was cut, at the largest length or where nothing may follow.
  public var hasEnded: Bool

  /// A sequence of tokens with the logarithm of its probability, which is its score unless said otherwise.
  public init(
    tokens: [Token], logProbability: Double, score: Double? = nil, hasEnded: Bool
  ) {
    (self.tokens, self.logProbability, self.hasEnded) = (tokens, logProbability, hasEnded)
    self.score = score ?? logProbability
  }
}
