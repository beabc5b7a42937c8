import Autodiff
import LinAlg
import Recurrent

/// How whole sequences are reinforced by a reward: REINFORCE with a baseline, alone or with cross-entropy.
///
/// ```
/// L = γ·(L_RL − β·H) + (1 − γ)·L_XE
/// ```
/// with ``PolicySample/loss(rewards:baseline:)``, ``PolicySample/entropy()`` and the cross-entropy of teacher
/// forcing, which keeps the sequences well formed (Paulus et al. 2018; Ranzato et al. 2016).
public struct Reinforcement: Sendable, Hashable {
  /// What is taken from a reward.
  public enum Baseline: Sendable, Hashable {
    /// Nothing.
    case none
    /// The mean reward of the updates before, `m ← decay·m + (1 − decay)·mean r`, from the first update's on.
    case movingMean(decay: Double)
    /// What the decoder's own head predicts, ``PolicyDecoder/baseline``.
    case learned
    /// The reward of the greedy sequence (Rennie et al. 2017), decoded before each update.
    case selfCritical
  }

  /// What is taken from a reward.
  public var baseline: Baseline
  /// The largest number of tokens that are drawn, the end not counted.
  public var maximumLength: Int
  /// `γ`, the share of reinforcement in the loss, in `0...1`; the rest is cross-entropy.
  public var share = 1.0
  /// `β`, how much the decoder's entropy counts.
  public var entropyWeight = 0.0
  /// The moving mean of rewards; nil before the first update.
  public internal(set) var meanReward: Double?

  /// Reinforcement with that baseline.
  public init(_ baseline: Baseline, maximumLength: Int) {
    (self.baseline, self.maximumLength) = (baseline, maximumLength)
  }

  fileprivate func check() {
    require((0...1).contains(share), "Reinforcement: share \(share) is not in 0...1")
    require(entropyWeight >= 0, "Reinforcement: entropy weight \(entropyWeight)")
    if case .movingMean(let decay) = baseline {
      require((0..<1).contains(decay), "Reinforcement: decay \(decay) is not in 0..<1")
    }
  }

  fileprivate mutating func note(_ reward: Double) {
    guard case .movingMean(let decay) = baseline else { return }
    meanReward = meanReward.map { decay * $0 + (1 - decay) * reward } ?? reward
  }
}

/// A decoder that is ready to write: where it begins and how it goes on.
public struct PolicyDecoder<Scalar: RecurrentScalar> {
  /// The state before the first token, one row for each sequence, `[1, N, S]`.
  public var state: Node<Scalar>
  /// Predicts the reward from the state, `[1, S]`, where the baseline is learned: a part of the model.
  public var baseline: Linear<Scalar>?
  /// One step from the tokens before, `[1, N]`, and the state.
  public var step: (TokenBatch, Node<Scalar>) -> DecoderStep<Scalar>

  /// A decoder.
  public init(
    state: Node<Scalar>, baseline: Linear<Scalar>? = nil,
    step: @escaping (TokenBatch, Node<Scalar>) -> DecoderStep<Scalar>
  ) {
    (self.state, self.baseline, self.step) = (state, baseline, step)
  }
}

/// What a step of reinforcement reports.
public struct ReinforcementStep: Sendable, Hashable {
  /// Loss and gradient as of any step.
  public var training: TrainingStep
  /// The mean reward of the sequences that were drawn.
  public var meanReward: Double
}

extension Model {
  /// One step of training by rewards of whole sequences.
  ///
  /// ```swift
  /// var method = Reinforcement(.selfCritical, maximumLength: 20)
  /// let step = try model.reinforcementStep(
  ///   by: &method, begin: bos, end: eos, on: graph, optimizer: &adam,
  ///   reward: { n, hypothesis in overlap(hypothesis.tokens, references[n]) }
  /// ) { model, graph in
  ///   let encoded = model.encode(source, lengths: lengths, on: graph)
  ///   return PolicyDecoder(state: encoded.state) { model.step($0, $1, encoded, on: graph) }
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - method: the baseline and what is mixed; its moving mean goes on where the step is taken.
  ///   - begin: the token before the first.
  ///   - end: the token that ends a sequence.
  ///   - graph: records the pass.
  ///   - optimizer: takes the step; made for ``/Autodiff/Model/parameters``.
  ///   - maximumNorm: to what the global norm of the gradients is clipped.
  ///   - reward: the reward of a sequence, from the number of its row.
  ///   - crossEntropy: the loss of teacher forcing, asked for where the share of reinforcement is below 1.
  ///   - decoder: a decoder with one row for each sequence.
  /// - Throws: ``TrainingError``; the parameters, the optimizer and the method are then as they were.
  /// - Precondition: the method's numbers are in range; there is a head where the baseline is learned, and a
  ///   cross-entropy where it is mixed in.
  @discardableResult
  public mutating func reinforcementStep<O: Optimizer>(
    by method: inout Reinforcement, begin: Token, end: Token, on graph: Graph<Scalar>,
    optimizer: inout O, maximumNorm: Double = .infinity,
    reward: (Int, Hypothesis) -> Double,
    crossEntropy: ((Self, Graph<Scalar>) -> Node<Scalar>)? = nil,
    decoder: (Self, Graph<Scalar>) -> PolicyDecoder<Scalar>
  ) throws(TrainingError) -> ReinforcementStep
  where O.Parameters == ModelParameters<Scalar> {
    method.check()
    let settings = method
    var greedy: [Double] = []
    if settings.baseline == .selfCritical {
      greedy = evaluate(on: graph) { model, graph in
        let decoder = decoder(model, graph)
        let written = SequenceSampler.greedy(maximumLength: settings.maximumLength)(
          from: decoder.state, begin: begin, end: end, step: decoder.step)
        return written.enumerated().map { reward($0, $1[0]) }
      }
    }
    var mean = 0.0
    let step = try trainingStep(on: graph, optimizer: &optimizer, maximumNorm: maximumNorm) {
      model, graph in
      let decoder = decoder(model, graph)
      let sample = PolicySample(
        from: decoder.state, begin: begin, end: end, maximumLength: settings.maximumLength,
        step: decoder.step)
      let rewards = sample.hypotheses.enumerated().map { reward($0, $1) }
      mean = rewards.reduce(0, +) / Double(max(rewards.count, 1))
      var loss = sample.loss(
        rewards: rewards,
        baseline: settings.baseline(of: decoder, rewards: rewards.count, greedy: greedy))
      if settings.entropyWeight > 0 {
        loss = loss - sample.entropy() * Scalar(settings.entropyWeight)
      }
      if settings.share == 1 { return loss }
      guard let crossEntropy else {
        failRequirement("Reinforcement: a share of \(settings.share) needs a cross-entropy")
      }
      return loss * Scalar(settings.share)
        + crossEntropy(model, graph) * Scalar(1 - settings.share)
    }
    method.note(mean)
    return ReinforcementStep(training: step, meanReward: mean)
  }
}

extension Reinforcement {
  /// The baseline of the sequences that were drawn.
  fileprivate func baseline<Scalar>(
    of decoder: PolicyDecoder<Scalar>, rewards count: Int, greedy: [Double]
  ) -> PolicySample<Scalar>.Baseline {
    switch baseline {
    case .none: return .none
    case .movingMean: return .values([Double](repeating: meanReward ?? 0, count: count))
    case .selfCritical: return .values(greedy)
    case .learned:
      guard let head = decoder.baseline else {
        failRequirement("Reinforcement: a learned baseline needs the decoder's head")
      }
      return .learned(head)
    }
  }
}
