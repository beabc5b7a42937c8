import Autodiff
import LinAlg
import Recurrent

/// Sequences drawn from a decoder on a graph, from which it learns by their rewards: REINFORCE (Williams 1992).
///
/// ```
/// ∇E[r] = E[(r − b)·∇Σₜ log p(y[t])]       for any b that does not depend on what is drawn from there on
/// ```
/// Rewards are any numbers: nothing is learned through them. A baseline `b` near the expected reward makes the
/// gradient's variance smaller and leaves its mean as it is.
///
/// ```swift
/// let sample = PolicySample(from: encoded.state, begin: bos, end: eos, maximumLength: 20) {
///   model.step($0, $1, encoded, on: graph)
/// }
/// return sample.loss(rewards: sample.hypotheses.map(reward))
/// ```
/// Draws follow from the graph's ``/Autodiff/Graph/noise`` (its seed, the pass, the sequence's number), from the
/// seed given and the step alone.
public struct PolicySample<Scalar: RecurrentScalar> {
  /// The sequences, one for each row.
  public let hypotheses: [Hypothesis]
  /// What was drawn, `[T, N]`: tokens and the end; the token that a sequence was cut before; then −1.
  public let drawn: TokenBatch
  /// How many draws each sequence took.
  public let lengths: [Int]
  /// The scores that it was drawn from, `[T, N, V]`.
  public let scores: Node<Scalar>
  /// The decoder's state when it was drawn, after the step that gave the scores, `[T, N, S]`.
  public let states: Node<Scalar>
  /// The logarithms of the probabilities of what was drawn, `[T, N, 1]`; 0 where nothing was.
  public let logProbabilities: Node<Scalar>

  /// Draws sequences from a decoder's own distribution.
  ///
  /// - Parameters:
  ///   - state: the decoder's state before the first token, one row for each sequence, `[1, N, S]`.
  ///   - begin: the token before the first.
  ///   - end: the token that ends a sequence.
  ///   - maximumLength: the largest number of tokens, the end not counted.
  ///   - seed: tells draws with the same noise apart.
  ///   - step: one step of the decoder from the tokens before, `[1, N]`, and the state.
  public init(
    from state: Node<Scalar>, begin: Token, end: Token, maximumLength: Int, seed: UInt64 = 0,
    step: (TokenBatch, Node<Scalar>) -> DecoderStep<Scalar>
  ) {
    var sampler = SequenceSampler(maximumLength: maximumLength)
    sampler.seed = seed
    let batch = state.shape.batch
    var (scores, states) = ([Node<Scalar>](), [Node<Scalar>]())
    let written = sampler.write(
      from: state, begin: [Token](repeating: begin, count: batch), end: end
    ) { tokens, state in
      let next = step(tokens, state)
      scores.append(next.scores)
      states.append(next.state)
      return next
    }
    let drawn = TokenBatch(
      steps: written.drawn.count, batch: batch, tokens: written.drawn.flatMap(\.tokens))
    hypotheses = written.hypotheses
    self.drawn = drawn
    lengths = (0..<batch).map { n in (0..<drawn.steps).count { drawn[$0, n] >= 0 } }
    self.scores = .joined(scores, along: .steps)
    self.states = .joined(states, along: .steps)
    logProbabilities = self.scores.logSoftmax().picked(drawn)
  }

  /// What else was drawn from scores that a model computed, such as the places that attention looked at.
  ///
  /// - Parameters:
  ///   - drawn: `[T, N]`; −1 where nothing was.
  ///   - scores: what it was drawn from, `[T, N, V]`.
  ///   - states: the model's state when it was drawn, `[T, N, S]`.
  init(drawn: TokenBatch, scores: Node<Scalar>, states: Node<Scalar>) {
    let rows = 0..<drawn.batch
    let logs = scores.logSoftmax().picked(drawn)
    let numbers = rows.map { n in (0..<drawn.steps).map { drawn[$0, n] }.filter { $0 >= 0 } }
    let values = logs.value
    hypotheses = rows.map { n in
      Hypothesis(
        tokens: numbers[n],
        logProbability: (0..<drawn.steps).reduce(0) { $0 + Double(values[$1, n, 0]) },
        hasEnded: true)
    }
    lengths = numbers.map(\.count)
    (self.drawn, self.scores, self.states, logProbabilities) = (drawn, scores, states, logs)
  }

  /// What is taken from a reward.
  public enum Baseline {
    /// Nothing.
    case none
    /// A number for each sequence: the mean of earlier rewards, or the reward of what the decoder would have
    /// written without drawing (self-critical training, Rennie et al. 2017).
    case values([Double])
    /// `b[t] = w·s[t] + c`, with a head of one output that learns to predict the reward from the decoder's
    /// state `s` (Ranzato et al. 2016). Only the head learns by its error.
    case learned(Linear<Scalar>)
  }

  /// The loss whose gradient is REINFORCE's, a mean over sequences:
  /// ```
  /// L = −1/N·Σₙ Σₜ (r[n] − b[t, n])·log p(y[t, n])      learned: + 1/M·Σ (b[t, n] − r[n])², of all M draws
  /// ```
  ///
  /// - Parameters:
  ///   - rewards: `r`, one for each sequence.
  ///   - baseline: `b`.
  /// - Returns: a node of shape `[1, 1, 1]`; its value says little, its gradient is what counts.
  /// - Precondition: there are as many rewards, and values of the baseline, as sequences.
  public func loss(rewards: [Double], baseline: Baseline = .none) -> Node<Scalar> {
    let (T, N) = (drawn.steps, drawn.batch)
    require(rewards.count == N, "PolicySample: \(rewards.count) rewards for \(N) sequences")
    var predicted: Node<Scalar>?
    var advantages = SequenceBatch<Scalar>(
      steps: T, batch: N, features: 1, elements: (0..<T * N).map { Scalar(rewards[$0 % N]) })
    let targets = advantages
    switch baseline {
    case .none: break
    case .values(let values):
      require(
        values.count == N,
        "PolicySample: \(values.count) values of the baseline for \(N) sequences")
      advantages.withUnsafeMutableBufferPointer { advantages in
        for i in 0..<T * N { advantages[i] = Scalar(rewards[i % N] - values[i % N]) }
      }
    case .learned(let head):
      require(
        head.outputSize == 1, "PolicySample: a baseline of \(head.outputSize) outputs, expected 1")
      let values = head(states.stopGradient())
      predicted = values
      values.value.withUnsafeBufferPointer { values in
        advantages.withUnsafeMutableBufferPointer { advantages in
          for i in 0..<T * N { advantages[i] -= values[i] }
        }
      }
    }
    let loss = loss(advantages: advantages)
    guard let predicted else { return loss }
    return loss + predicted.meanSquaredError(targets, lengths: lengths)
  }

  /// `−1/N·Σₙ Σₜ a[t, n]·log p(y[t, n])` with what each draw was better than expected, `a [T, N, 1]`.
  func loss(advantages: SequenceBatch<Scalar>) -> Node<Scalar> {
    (logProbabilities * scores.graph.constant(advantages)).sum()
      * (-1 / Scalar(max(drawn.batch, 1)))
  }

  /// The decoder's mean entropy over sequences, `1/N·Σₙ Σₜ H[t, n]`, of shape `[1, 1, 1]`: what is taken from the
  /// loss, times a small number, keeps it from settling too early (Williams and Peng 1991).
  public func entropy() -> Node<Scalar> {
    let (T, N) = (drawn.steps, drawn.batch)
    let counts = SequenceBatch<Scalar>(
      steps: T, batch: N, features: 1, elements: drawn.tokens.map { $0 < 0 ? 0 : 1 })
    return (scores.entropy() * scores.graph.constant(counts)).sum() * (1 / Scalar(max(N, 1)))
  }
}
