import Autodiff
import LinAlg
import Recurrent

/// How a decoder learns to look at one place at a time: places are drawn by their weights, and draws that made the
/// words likelier are reinforced (Xu et al. 2015, "stochastic hard attention", by REINFORCE, Williams 1992).
///
/// ```
/// s[t] ~ α[t]      r[t] = Σ log P(y[k]) over k ≥ t      b ← decay·b + (1 − decay)·mean of log P(y[t])
/// ∇L = −1/M·Σ (∇ log P(y | s) + λ·Σₜ (r[t] − b·(T − t))·∇ log α[t, s[t]] + η·∇H[α])      over captions of M words
/// ```
/// With `λ = 1` and `η = 0` it is in the mean the gradient of `E[−log P(y | s)]`, a bound on `−log P(y)`. A place has no
/// influence on the words before it, so that their probabilities are left out of its reward, and longer captions
/// have a lower baseline: the paper's reward is the sum over all words, and its baseline one number; the mean is the
/// same, the variance here smaller. As in the paper, some captions, drawn too, see the mean of all places instead.
///
/// ```swift
/// var hard = HardAttention()
/// let step = try model.trainingStep(on: graph, optimizer: &adam) { model, graph in
///   let source = model.look(at: pictures, on: graph)
///   return hard.loss(of: model.decoder.pass(captions, source, drawing: hard, on: graph), captions)
/// }
/// model.decoder.glimpse = .strongest
/// ```
/// What is drawn follows from the graph's ``/Autodiff/Graph/noise`` (its seed, the pass, the sequence's number) and
/// from the word's place alone.
public struct HardAttention: Sendable, Hashable {
  /// `λ`, how much rewards count.
  public var rewardWeight = 1.0
  /// `η`, how much the entropy of attention counts: it keeps it from settling too early.
  public var entropyWeight = 0.0
  /// How likely a caption sees the mean of all places, in `0...1`.
  public var softShare = 0.5
  /// How slowly the baseline `b` follows rewards, in `0..<1`.
  public var decay = 0.9
  /// `b`, of one word; nil before the first loss.
  public private(set) var meanReward: Double?

  /// The numbers of Xu et al. (2015), without entropy.
  public init() {}

  /// The loss of a pass whose places were drawn; its words move the baseline on.
  ///
  /// - Parameters:
  ///   - pass: what was drawn, and what it made of the words.
  ///   - captions: the words.
  ///   - evenness: as in ``CaptionPass/loss(_:evenness:of:)``.
  ///   - total: as there.
  /// - Returns: a node of shape `[1, 1, 1]`, whose gradient is what counts.
  /// - Precondition: places were drawn; the numbers are in range.
  public mutating func loss<Scalar>(
    of pass: CaptionPass<Scalar>, _ captions: FramedBatch, evenness: Double = 0,
    of total: AttentionTotal = .even
  ) -> Node<Scalar> {
    check()
    guard let places = pass.places else {
      failRequirement("HardAttention: a pass that has drawn no places")
    }
    let logs = Self.logProbabilities(pass.scores, captions)
    var loss = pass.loss(captions, evenness: evenness, of: total)
    // Of means over captions as the loss has them, which is one over words.
    let share = Double(logs.count) / Double(max(captions.tokenCount, 1))
    let advantages = places.loss(advantages: advantages(logs, steps: captions.labels.steps))
    loss = loss + advantages * Scalar(rewardWeight * share)
    if entropyWeight > 0 { loss = loss - places.entropy() * Scalar(entropyWeight * share) }
    note(logs, places)
    return loss
  }

  func check() {
    require(
      rewardWeight >= 0 && entropyWeight >= 0 && (0...1).contains(softShare)
        && (0..<1).contains(decay),
      """
      HardAttention: weights \(rewardWeight) and \(entropyWeight), a share of \(softShare), a decay \
      of \(decay)
      """)
  }

  /// `r[t] − b·(T − t)`, `[T, N, 1]`, for captions with the given logarithms of their words.
  private func advantages<Scalar: RecurrentScalar>(
    _ logs: [[Double]], steps: Int
  ) -> SequenceBatch<Scalar> {
    let N = logs.count
    var result = SequenceBatch<Scalar>.zeros(steps: steps, batch: N, features: 1)
    for (n, logs) in logs.enumerated() {
      var rest = 0.0
      for t in logs.indices.reversed() {
        rest += logs[t] - (meanReward ?? 0)
        result[t, n, 0] = Scalar(rest)
      }
    }
    return result
  }

  /// Moves the baseline on by the words of those that saw places.
  private mutating func note<Scalar>(_ logs: [[Double]], _ places: PolicySample<Scalar>) {
    let drawn = logs.indices.filter { places.lengths[$0] > 0 }.flatMap { logs[$0] }
    if drawn.isEmpty { return }
    let mean = drawn.reduce(0, +) / Double(drawn.count)
    meanReward = meanReward.map { decay * $0 + (1 - decay) * mean } ?? mean
  }

  /// `log P(y[t])` of each caption's words and its end.
  private static func logProbabilities<Scalar>(
    _ scores: Node<Scalar>, _ captions: FramedBatch
  ) -> [[Double]] {
    let (shape, value) = (scores.shape, scores.value)
    return value.withUnsafeBufferPointer { value in
      (0..<shape.batch).map { n in
        (0..<captions.lengths[n]).map { t in
          let start = (t * shape.batch + n) * shape.features
          let row = UnsafeBufferPointer(rebasing: value[start..<start + shape.features])
          return Double(row[Int(captions.labels[t, n])]) - logSumExp(row).logSum
        }
      }
    }
  }
}

/// The places that captions see in one pass.
struct GlimpseDraws {
  private let noise: RecordingNoise
  private let lengths: [Int]
  private let softShare: Double

  /// - Parameters:
  ///   - hard: how many see the mean.
  ///   - lengths: how many steps of each caption count: behind them nothing is drawn.
  ///   - graph: whose noise the draws follow from.
  init(_ hard: HardAttention, _ lengths: [Int], on graph: Graph<some RecurrentScalar>) {
    hard.check()
    graph.noise.checkBatch(lengths.count)
    // Apart from a model's own choices, which are counted from 1, and from words that are drawn.
    noise = graph.noise.child(-4)
    (self.lengths, softShare) = (lengths, hard.softShare)
  }

  /// The places of one step, of the scores `[1, N, L]`; −1 for those that see the mean.
  func places<Scalar: RecurrentScalar>(_ scores: Node<Scalar>, step: Int) -> TokenBatch {
    let (N, L) = (scores.batch, scores.features)
    var result = TokenBatch(repeating: -1, steps: 1, batch: N)
    var row = [Scalar](repeating: 0, count: L)
    scores.value.withUnsafeBufferPointer { scores in
      for n in 0..<N where step < lengths[n] && !isSoft(n) {
        for i in 0..<L { row[i] = scores[n * L + i] }
        var generator = noise.generator(row: n, step: step)
        result[0, n] = row.withUnsafeMutableBufferPointer {
          TokenSampler().draw(from: $0, using: &generator)
        }
      }
    }
    return result
  }

  /// Whether a caption sees means.
  private func isSoft(_ n: Int) -> Bool {
    // The step before the first.
    var generator = noise.generator(row: n, step: -1)
    return generator.unitUniform(Double.self) < softShare
  }
}
