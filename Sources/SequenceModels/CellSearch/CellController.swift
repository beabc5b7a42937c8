import Autodiff
import LinAlg
import Recurrent

/// The controller of a search: an LSTM that writes the codes of cells token by token, and learns from the scores
/// of what it wrote (Zoph and Le 2017).
///
/// ```
/// P(token[t+1] | token[0...t]) = softmax(LSTM's scores, over the tokens that a CellWriter allows)
/// ```
/// so that every sequence that it can draw is a cell.
public struct CellController<Scalar: RecurrentScalar>: Model {
  /// Writes the tokens.
  public var writer: LanguageModel<LSTM<Scalar>>
  /// The cells that it may write.
  public let space: CellSpace

  /// A controller with random weights, which writes almost evenly.
  ///
  /// - Parameters:
  ///   - space: the cells that it may write.
  ///   - units: of the LSTM and of the embedding of tokens.
  ///   - generator: the source of randomness.
  public init(
    for space: CellSpace, units: Int, using generator: inout some RandomNumberGenerator
  ) {
    self.space = space
    writer = .lstm(
      vocabularySize: CellWriter.vocabularySize, embeddingSize: units, hiddenSize: units,
      using: &generator)
  }

  /// The parts.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) { part("writer", &writer) }

  /// Added to the score of a token that may not come next: its probability is then 0.
  private static var refusal: Scalar { -1e9 }

  /// A decoder that writes some cells side by side; it begins at ``CellWriter/beginning`` and ends with
  /// ``CellWriter/end``. It follows what is written and serves for one writing.
  public func decoder(count: Int, on graph: Graph<Scalar>) -> PolicyDecoder<Scalar> {
    var writers = [CellWriter](repeating: CellWriter(in: space), count: count)
    let V = CellWriter.vocabularySize
    let shape = NodeShape(steps: 1, batch: count, features: writer.layer.stateSize)
    return PolicyDecoder(state: graph.constant(0, shape)) { tokens, state in
      var refusals = SequenceBatch<Scalar>(
        steps: 1, batch: count, features: V,
        elements: [Scalar](repeating: Self.refusal, count: count * V))
      for n in 0..<count {
        // A cell that is whole is computed along with the others, and takes nothing more.
        if tokens[0, n] != CellWriter.beginning && !writers[n].isComplete {
          let isAllowed = writers[n].write(tokens[0, n])
          require(isAllowed, "CellController: token \(tokens[0, n]) behind '\(writers[n].code)'")
        }
        for token in writers[n].allowed { refusals[0, n, Int(token)] = 0 }
      }
      let next = writer.step(tokens, state, on: graph)
      return DecoderStep(scores: next.scores + graph.constant(refusals), state: next.state)
    }
  }

  /// Draws cells.
  ///
  /// - Parameters:
  ///   - count: how many.
  ///   - seed: tells draws with the same noise of the graph apart.
  ///   - graph: computes it.
  public func draw(_ count: Int, seed: UInt64, on graph: Graph<Scalar>) -> [CellCode] {
    evaluate(on: graph) { controller, graph in
      let decoder = controller.decoder(count: count, on: graph)
      var sampler = SequenceSampler(maximumLength: 2 * space.maximumLength)
      sampler.seed = seed
      sampler.count = 1
      let written = sampler(
        from: decoder.state, begin: CellWriter.beginning, end: CellWriter.end, step: decoder.step)
      return written.map { hypotheses in
        var writer = CellWriter(in: space)
        for token in hypotheses[0].tokens { writer.write(token) }
        return writer.code
      }
    }
  }

  /// What the controller thinks of cells that it, or somebody else, has drawn.
  ///
  /// - Parameters:
  ///   - codes: of the controller's space.
  ///   - graph: computes it.
  public func sample(_ codes: [CellCode], on graph: Graph<Scalar>) -> PolicySample<Scalar> {
    let rows = codes.map { CellWriter.tokens(of: $0) + [CellWriter.end] }
    let T = rows.map(\.count).max() ?? 0
    let drawn = TokenBatch(
      steps: T, batch: rows.count,
      tokens: (0..<T).flatMap { t in rows.map { t < $0.count ? $0[t] : -1 } })
    let decoder = decoder(count: rows.count, on: graph)
    var tokens = TokenBatch(repeating: CellWriter.beginning, steps: 1, batch: rows.count)
    var (state, steps) = (decoder.state, [DecoderStep<Scalar>]())
    for t in 0..<T {
      let next = decoder.step(tokens, state)
      steps.append(next)
      state = next.state
      for n in 0..<rows.count where drawn[t, n] >= 0 && drawn[t, n] != CellWriter.end {
        tokens[0, n] = drawn[t, n]
      }
    }
    return PolicySample(drawn: drawn, end: CellWriter.end, steps: steps)
  }

  /// A step of REINFORCE on cells and their rewards.
  ///
  /// ```
  /// L = −1/N·Σₙ (r[n] − b)·log P(code n) − β·H
  /// ```
  ///
  /// - Parameters:
  ///   - codes: cells that were drawn.
  ///   - rewards: `r`, one for each.
  ///   - baseline: `b`.
  ///   - entropyWeight: `β`, what the entropy of the distributions of tokens counts.
  ///   - graph: records the pass.
  ///   - optimizer: takes the step.
  /// - Throws: ``TrainingError``; controller and optimizer are then as they were.
  @discardableResult
  public mutating func learn<O: Optimizer>(
    _ codes: [CellCode], rewards: [Double], baseline: Double, entropyWeight: Double,
    on graph: Graph<Scalar>, optimizer: inout O
  ) throws(TrainingError) -> TrainingStep where O.Parameters == ModelParameters<Scalar> {
    try trainingStep(on: graph, optimizer: &optimizer, maximumNorm: 1) { controller, graph in
      let sample = controller.sample(codes, on: graph)
      let baselines = [Double](repeating: baseline, count: codes.count)
      let loss = sample.loss(rewards: rewards, baseline: .values(baselines))
      return entropyWeight > 0 ? loss - sample.entropy() * Scalar(entropyWeight) : loss
    }
  }
}

extension PolicySample {
  /// Sequences that were drawn before, as a decoder sees them now.
  ///
  /// - Parameters:
  ///   - drawn: tokens and the end, `[T, N]`; then −1.
  ///   - end: the token that ends a sequence.
  ///   - steps: of the decoder, one for each step.
  fileprivate init(drawn: TokenBatch, end: Token, steps: [DecoderStep<Scalar>]) {
    self.drawn = drawn
    scores = .joined(steps.map(\.scores), along: .steps)
    states = .joined(steps.map(\.state), along: .steps)
    let logProbabilities = scores.logSoftmax().picked(drawn)
    self.logProbabilities = logProbabilities
    let columns = (0..<drawn.batch).map { n in
      (0..<drawn.steps).map { drawn[$0, n] }.filter { $0 >= 0 }
    }
    lengths = columns.map(\.count)
    hypotheses = columns.enumerated().map { n, tokens in
      Hypothesis(
        tokens: tokens.filter { $0 != end },
        logProbability: (0..<tokens.count).reduce(0) {
          $0 + Double(logProbabilities.value[$1, n, 0])
        },
        hasEnded: tokens.last == end)
    }
  }
}
