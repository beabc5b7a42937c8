import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels
import Testing

@Suite struct ReinforcementTests {
  static let rows = 4

  static func reward(_ n: Int, _ hypothesis: Hypothesis) -> Double {
    Double(hypothesis.tokens.count { $0 == Token(n % 2) }) + (hypothesis.hasEnded ? 0.25 : 0)
  }

  static func crossEntropy(_ model: TaughtWriter, _ graph: Graph<Double>) -> Node<Double> {
    let targets = TokenBatch(
      steps: 3, batch: rows, tokens: (0..<3 * rows).map { Token($0 * 5 % 4) })
    return model.replay(targets, on: graph).scores.crossEntropy(targets)
  }

  static func decoder(_ model: TaughtWriter, _ graph: Graph<Double>) -> PolicyDecoder<Double> {
    PolicyDecoder(
      state: model.writer.start(rows, on: graph), baseline: model.head
    ) { model.writer.step($0, $1, on: graph) }
  }

  /// By how much a step of gradient descent moves the parameters down, for the first recorded pass.
  static func move(
    _ method: inout Reinforcement, _ model: TaughtWriter = TaughtWriter()
  ) throws -> [Double] {
    let graph = Graph<Double>(seed: 31)
    var (moved, sgd) = (model, SGD(for: model.parameters, learningRate: 1))
    let step = try moved.reinforcementStep(
      by: &method, begin: Writer.begin, end: Writer.end, on: graph, optimizer: &sgd,
      reward: reward, crossEntropy: crossEntropy, decoder: decoder)
    #expect(step.training.gradientNorm > 0)
    return zip(model.parameters.elements, moved.parameters.elements).map { $0 - $1 }
  }

  /// The gradient of a loss in the same pass.
  static func gradient(
    _ loss: (TaughtWriter, Graph<Double>, PolicySample<Double>, [Double]) -> Node<Double>
  ) -> [Double] {
    let graph = Graph<Double>(seed: 31)
    _ = TaughtWriter().gradients(on: graph) { model, graph in
      let sample = PolicySample(
        from: model.writer.start(rows, on: graph), begin: Writer.begin, end: Writer.end,
        maximumLength: 4
      ) { model.writer.step($0, $1, on: graph) }
      return loss(
        model, graph, sample, sample.hypotheses.enumerated().map { reward($0, $1) })
    }
    return graph.gradients.elements
  }

  @Test func `each baseline is what it says`() throws {
    var none = Reinforcement(.none, maximumLength: 4)
    let plain = Self.gradient { $2.loss(rewards: $3) }
    #expect(relativeError(try Self.move(&none), plain) < 1e-12)

    var learned = Reinforcement(.learned, maximumLength: 4)
    let taught = Self.gradient { $2.loss(rewards: $3, baseline: .learned($0.head)) }
    #expect(relativeError(try Self.move(&learned), taught) < 1e-12)

    var critical = Reinforcement(.selfCritical, maximumLength: 4)
    let greedy = TaughtWriter().evaluate(on: Graph()) { model, graph in
      SequenceSampler.greedy(maximumLength: 4)(
        from: model.writer.start(Self.rows, on: graph), begin: Writer.begin, end: Writer.end
      ) { model.writer.step($0, $1, on: graph) }
    }.enumerated().map { Self.reward($0, $1[0]) }
    let compared = Self.gradient { $2.loss(rewards: $3, baseline: .values(greedy)) }
    #expect(relativeError(try Self.move(&critical), compared) < 1e-12)
    #expect(relativeError(compared, plain) > 1e-3)

    // The mean of the updates before, not of this one.
    var moving = Reinforcement(.movingMean(decay: 0.75), maximumLength: 4)
    #expect(relativeError(try Self.move(&moving), plain) < 1e-12)
    var rewards: [Double] = []
    let mean = { rewards.reduce(0, +) / 4 }
    _ = Self.gradient {
      rewards = $3
      return $2.loss(rewards: $3)
    }
    #expect(moving.meanReward == mean())
    let first = mean()
    let second = Self.gradient {
      $2.loss(rewards: $3, baseline: .values([Double](repeating: first, count: 4)))
    }
    #expect(relativeError(try Self.move(&moving), second) < 1e-12)
    moving.meanReward.map { #expect(abs($0 - first) < 1e-12) }
  }

  @Test(arguments: [0.0, 0.3, 1.0])
  func `a mixture with cross-entropy and entropy`(share: Double) throws {
    var method = Reinforcement(.none, maximumLength: 4)
    (method.share, method.entropyWeight) = (share, 0.2)
    let move = try Self.move(&method)
    let reinforced = Self.gradient { $2.loss(rewards: $3) }
    let entropy = Self.gradient { _, _, sample, _ in sample.entropy() }
    let forced = Self.gradient { model, graph, _, _ in Self.crossEntropy(model, graph) }
    let expected = reinforced.indices.map {
      share * (reinforced[$0] - 0.2 * entropy[$0]) + (1 - share) * forced[$0]
    }
    #expect(relativeError(move, expected) < 1e-12)
  }

  @Test func `what is not finite leaves everything as it was`() {
    var model = TaughtWriter()
    let graph = Graph<Double>(seed: 1)
    var adam = Adam(for: model.parameters)
    var method = Reinforcement(.movingMean(decay: 0.9), maximumLength: 4)
    let before = model.parameters.elements
    #expect(throws: TrainingError.self) {
      try model.reinforcementStep(
        by: &method, begin: Writer.begin, end: Writer.end, on: graph, optimizer: &adam,
        reward: { _, _ in .infinity }, decoder: Self.decoder)
    }
    #expect(model.parameters.elements == before && method.meanReward == nil)
  }

  @Test(arguments: [
    Reinforcement.Baseline.none, .movingMean(decay: 0.9), .learned, .selfCritical,
  ])
  func `rewards rise`(baseline: Reinforcement.Baseline) throws {
    var model = TaughtWriter()
    let graph = Graph<Double>(threads: 1, seed: 32)
    var adam = Adam(for: model.parameters, learningRate: 0.02)
    var method = Reinforcement(baseline, maximumLength: 4)
    func mean(_ rewards: [Double]) -> Double { rewards.reduce(0, +) / Double(rewards.count) }
    var rewards: [Double] = []
    for _ in 0..<80 {
      // Four times token 2, and then the end, is the most that there is.
      let step = try model.reinforcementStep(
        by: &method, begin: Writer.begin, end: Writer.end, on: graph, optimizer: &adam,
        reward: { _, hypothesis in
          Double(hypothesis.tokens.count { $0 == 2 }) + (hypothesis.hasEnded ? 1 : 0)
        }
      ) { model, graph in
        PolicyDecoder(state: model.start(16, on: graph), baseline: model.head) {
          model.writer.step($0, $1, on: graph)
        }
      }
      rewards.append(step.meanReward)
    }
    let (first, last) = (mean(Array(rewards.prefix(5))), mean(Array(rewards.suffix(5))))
    #expect(last > first + 1, "graph's seed 32: from \(first) to \(last)")
  }

  @Test func `what is missing traps`() async {
    let share = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var (model, method) = (TaughtWriter(), Reinforcement(.none, maximumLength: 4))
      var sgd = SGD(for: model.parameters, learningRate: 1)
      method.share = 0.5
      try model.reinforcementStep(
        by: &method, begin: 0, end: 3, on: Graph(), optimizer: &sgd, reward: Self.reward,
        decoder: Self.decoder)
    }
    #expect(message(share).contains("Reinforcement: a share of 0.5 needs a cross-entropy"))
    let head = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var (model, method) = (Writer(seed: 1), Reinforcement(.learned, maximumLength: 4))
      var sgd = SGD(for: model.parameters, learningRate: 1)
      try model.reinforcementStep(
        by: &method, begin: 0, end: 3, on: Graph(), optimizer: &sgd, reward: Self.reward
      ) { model, graph in
        PolicyDecoder(state: model.start(2, on: graph)) { model.step($0, $1, on: graph) }
      }
    }
    #expect(message(head).contains("a learned baseline needs the decoder's head"))
  }
}
