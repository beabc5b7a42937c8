import Autodiff
import LinAlg
import RealModule
import Recurrent

/// Training a decoder on what it writes itself as well as on what it should have written (Bengio et al. 2015).
///
/// ```
/// input[i] = y[i−1] with probability p, else a prediction from scores[i−1]       for each token by itself
/// ```
/// `p` falls from 1, teacher forcing, while the model learns, as ``schedule`` says. Nothing is learned through
/// the choice. Coins and draws follow from the graph's ``/Autodiff/Graph/noise`` (its seed, the pass, the
/// sequence's number), from ``seed`` and the step alone.
public struct ScheduledSampling: Sendable, Hashable {
  /// How likely the truth is at update `i = 0, 1, …`.
  public enum Schedule: Sendable, Hashable {
    /// `p(i) = p`: 1 is teacher forcing, 0 is free running.
    case constant(Double)
    /// `p(i) = max(minimum, start − slope·i)`.
    case linear(start: Double = 1, slope: Double, minimum: Double = 0)
    /// `p(i) = kⁱ` for `k < 1`: one half after `ln ½ / ln k` updates.
    case exponential(Double)
    /// `p(i) = k / (k + e^(i/k))` for `k ≥ 1`: near 1 at first, one half after `k·ln k` updates, and falling
    /// there by `1/(4·k)` an update.
    case inverseSigmoid(Double)

    /// `p(i)`.
    ///
    /// - Precondition: the update is not negative and the constants are as stated.
    public func probability(at update: Int) -> Double {
      require(update >= 0, "ScheduledSampling: update \(update)")
      let i = Double(update)
      switch self {
      case .constant(let p):
        require((0...1).contains(p), "ScheduledSampling: probability \(p) is not in 0...1")
        return p
      case .linear(let start, let slope, let minimum):
        require(
          0 <= minimum && minimum <= start && start <= 1 && slope >= 0,
          "ScheduledSampling: linear from \(start) to \(minimum) by \(slope)")
        return max(minimum, start - slope * i)
      case .exponential(let k):
        require(k > 0 && k < 1, "ScheduledSampling: exponential with k = \(k) outside 0..<1")
        return .pow(k, i)
      case .inverseSigmoid(let k):
        require(k >= 1 && k.isFinite, "ScheduledSampling: inverse sigmoid with k = \(k) below 1")
        return k / (k + .exp(i / k))
      }
    }
  }

  /// How likely the truth is.
  public var schedule: Schedule
  /// How a prediction is made from scores: without temperature it is the likeliest token, at a temperature of
  /// 1 it is drawn from the model's distribution.
  public var sampler: TokenSampler
  /// Tells draws with the same noise apart.
  public var seed: UInt64 = 0

  /// Sampling by a schedule, of the likeliest token unless said otherwise.
  public init(_ schedule: Schedule, predictingBy sampler: TokenSampler = .init(temperature: 0)) {
    (self.schedule, self.sampler) = (schedule, sampler)
  }

  /// Runs a decoder over as many steps as there are inputs.
  ///
  /// With `p = 1` it reads the inputs, and with `p = 0` the first of them and then what it predicts.
  ///
  /// ```swift
  /// let run = sampling(inputs, update: update, from: encoded.state) { tokens, state in
  ///   model.step(tokens, state, encoded, on: graph)
  /// }
  /// return run.scores.crossEntropy(targets, lengths: lengths)
  /// ```
  ///
  /// - Parameters:
  ///   - inputs: what teacher forcing reads, `[T, N]`: the token that begins, then the target without its last.
  ///   - update: how many updates were made.
  ///   - state: the decoder's state before the first step, `[1, N, S]`.
  ///   - step: one step of the decoder from the tokens before, `[1, N]`, and the state.
  /// - Returns: the scores of all steps, and what was read.
  /// - Precondition: there is a step; what a step gives fits.
  public func callAsFunction<Scalar>(
    _ inputs: TokenBatch, update: Int, from state: Node<Scalar>,
    step: (TokenBatch, Node<Scalar>) -> DecoderStep<Scalar>
  ) -> ScheduledRun<Scalar> {
    let probability = schedule.probability(at: update)
    let noise = state.graph.noise.child(-3).child(Int(truncatingIfNeeded: seed))
    noise.checkBatch(inputs.batch)
    require(
      inputs.steps > 0 && state.shape.batch == inputs.batch,
      "ScheduledSampling: inputs of shape \(inputs.shape), a state of shape \(state.shape)")
    let (coins, draws) = (noise.child(1), noise.child(2))
    var (read, state, scores) = (inputs, state, [Node<Scalar>]())
    var tokens = TokenBatch(repeating: 0, steps: 1, batch: inputs.batch)
    var scratch: [Scalar] = []
    for t in 0..<inputs.steps {
      for n in 0..<inputs.batch {
        if t > 0 {
          var coin = coins.generator(row: n, step: t)
          if coin.unitUniform(Double.self) >= probability {
            var generator = draws.generator(row: n, step: t)
            read[t, n] = predict(scores[t - 1], n, &scratch, &generator)
          }
        }
        tokens[0, n] = read[t, n]
      }
      let next = step(tokens, state)
      let shape = next.scores.shape
      require(
        shape.steps == 1 && shape.batch == inputs.batch,
        "ScheduledSampling: a step gave scores \(shape), expected [1, \(inputs.batch), V]")
      scores.append(next.scores)
      state = next.state
    }
    return ScheduledRun(
      scores: Node.joined(scores, along: .steps), inputs: read, finalState: state)
  }

  private func predict<Scalar>(
    _ scores: Node<Scalar>, _ row: Int, _ scratch: inout [Scalar],
    _ generator: inout SeededGenerator
  ) -> Token {
    let V = scores.features
    scratch.removeAll(keepingCapacity: true)
    scores.value.withUnsafeBufferPointer { scratch += $0[row * V..<(row + 1) * V] }
    return scratch.withUnsafeMutableBufferPointer { sampler.draw(from: $0, using: &generator) }
  }
}

/// What a decoder gave under ``ScheduledSampling``.
public struct ScheduledRun<Scalar: RecurrentScalar> {
  /// The scores of each next token, `[T, N, V]`.
  public let scores: Node<Scalar>
  /// What was read, `[T, N]`.
  public let inputs: TokenBatch
  /// The state after the last step, `[1, N, S]`.
  public let finalState: Node<Scalar>
}
