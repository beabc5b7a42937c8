import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels
import Testing

/// A writer with a head that predicts rewards from its state.
struct TaughtWriter: Model {
  typealias Scalar = Double
  var writer = Writer(seed: 12)
  var head: Linear<Double>

  init() {
    var rng = SeededGenerator(seed: 13)
    head = Linear(inputSize: 5, outputSize: 1, using: &rng)
    // So that some sequences end and some are cut.
    writer.output.parameters.b = Matrix(rows: 1, columns: 4, elements: [0, 0, 0, -2])
  }

  mutating func visitParts(_ part: inout PartVisitor<Double>) {
    part("writer", &writer)
    part("head", &head)
  }

  /// The same source in every row.
  func start(_ rows: Int, on graph: Graph<Double>) -> Node<Double> {
    writer.start(1, on: graph).repeated(rows)
  }

  func sample(
    _ rows: Int, maximumLength: Int = 2, seed: UInt64 = 0, on graph: Graph<Double>
  ) -> PolicySample<Double> {
    PolicySample(
      from: start(rows, on: graph), begin: Writer.begin, end: Writer.end,
      maximumLength: maximumLength, seed: seed
    ) { writer.step($0, $1, on: graph) }
  }

  /// Scores, states and logarithms where what is drawn is given.
  func replay(
    _ drawn: TokenBatch, on graph: Graph<Double>
  ) -> (scores: Node<Double>, states: Node<Double>, logs: Node<Double>) {
    var (state, scores, states) = (
      start(drawn.batch, on: graph), [Node<Double>](), [Node<Double>]()
    )
    var tokens = TokenBatch(repeating: Writer.begin, steps: 1, batch: drawn.batch)
    for t in 0..<drawn.steps {
      let step = writer.step(tokens, state, on: graph)
      state = step.state
      scores.append(step.scores)
      states.append(step.state)
      for n in 0..<drawn.batch where drawn[t, n] >= 0 { tokens[0, n] = drawn[t, n] }
    }
    let all = Node.joined(scores, along: .steps)
    return (all, .joined(states, along: .steps), all.logSoftmax().picked(drawn))
  }
}

@Suite struct PolicySampleTests {
  /// A reward that is no sum over tokens, and knows whether a sequence has ended.
  static func reward(_ hypothesis: Hypothesis) -> Double {
    let tokens = hypothesis.tokens
    return (tokens == [2, 1] ? 3 : 0) + (tokens.first == 1 ? 1 : 0)
      + (hypothesis.hasEnded ? 0.5 : -1) + 2
  }

  /// Every way to draw at most two tokens, one for each row, with its reward.
  static func paths() -> (drawn: TokenBatch, rewards: [Double]) {
    var paths: [[Token]] = [[]]
    for _ in 0..<3 {
      paths = paths.flatMap { path in
        path.last == Writer.end ? [path] : (0..<Token(Writer.V)).map { path + [$0] }
      }
    }
    let rewards = paths.map { path in
      let tokens = Array(path.prefix { $0 != Writer.end }.prefix(2))
      return reward(
        Hypothesis(
          tokens: tokens, logProbability: 0, hasEnded: path.last == Writer.end))
    }
    let drawn = TokenBatch(
      steps: 3, batch: paths.count,
      tokens: (0..<3).flatMap { t in paths.map { t < $0.count ? $0[t] : -1 } })
    return (drawn, rewards)
  }

  enum Kind: CaseIterable {
    case none, values, learned

    func baseline(of model: TaughtWriter, _ rows: Int) -> PolicySample<Double>.Baseline {
      switch self {
      case .none: .none
      case .values: .values([Double](repeating: 2.4, count: rows))
      case .learned: .learned(model.head)
      }
    }
  }

  /// The writer's part of the gradients.
  static func own(_ graph: Graph<Double>) -> [Double] {
    let gradients = graph.gradients
    return (0..<gradients.blockCount)
      .filter { gradients.names[$0].hasPrefix("writer") }
      .flatMap { gradients[block: $0].withUnsafeBufferPointer { Array($0) } }
  }

  /// The gradient of minus the expected reward, of all sequences that there are.
  static func expected(_ model: TaughtWriter) -> [Double] {
    let graph = Graph<Double>()
    let (drawn, rewards) = paths()
    var total = 0.0
    _ = model.gradients(on: graph) { model, graph in
      let probabilities = model.replay(drawn, on: graph).logs.sum(over: .steps).exp()
      total = probabilities.value.elements.reduce(0, +)
      let weights = SequenceBatch(
        steps: 1, batch: rewards.count, features: 1, elements: rewards.map { -$0 })
      return (probabilities * graph.constant(weights)).sum()
    }
    #expect(abs(total - 1) < 1e-12, "all paths together are certain")
    return own(graph)
  }

  /// Gradients of many batches of samples.
  static func sampled(_ kind: Kind, _ model: TaughtWriter, rows: Int, passes: Int) -> [[Double]] {
    let graph = Graph<Double>(threads: 1, seed: 21)
    return (0..<passes).map { _ in
      _ = model.gradients(on: graph) { model, graph in
        let sample = model.sample(rows, on: graph)
        return sample.loss(
          rewards: sample.hypotheses.map(reward), baseline: kind.baseline(of: model, rows))
      }
      return own(graph)
    }
  }

  /// Means and variances of each number.
  static func statistics(_ rows: [[Double]]) -> (means: [Double], variances: [Double]) {
    let count = Double(rows.count)
    var (means, variances) = ([Double](), [Double]())
    for i in rows[0].indices {
      let mean = rows.reduce(0) { $0 + $1[i] } / count
      let squares = rows.reduce(0) { $0 + ($1[i] - mean) * ($1[i] - mean) }
      means.append(mean)
      variances.append(squares / (count - 1))
    }
    return (means, variances)
  }

  @Test(arguments: Kind.allCases)
  func `the mean of many sampled gradients is the expected reward's`(kind: Kind) {
    let model = TaughtWriter()
    let exact = Self.expected(model)
    let passes = 60
    let (means, variances) = Self.statistics(
      Self.sampled(kind, model, rows: 256, passes: passes))
    var (sum, largest, count) = (0.0, 0.0, 0.0)
    for i in exact.indices where variances[i] > 0 {
      let z = (means[i] - exact[i]) / (variances[i] / Double(passes)).squareRoot()
      (sum, largest, count) = (sum + z * z, max(largest, abs(z)), count + 1)
    }
    #expect(count > 100)
    #expect(largest < 5, "graph's seed 21: \(largest) standard errors")
    #expect(sum / count < 2, "graph's seed 21: mean square of \(sum / count) standard errors")
    // Far from 0 by the same measure: the test can tell.
    let signal = exact.indices.reduce(0.0) {
      $0 + (variances[$1] > 0 ? exact[$1] * exact[$1] / variances[$1] * Double(passes) : 0)
    }
    #expect(signal / count > 20)
  }

  @Test func `a baseline near the rewards makes the variance smaller`() {
    let model = TaughtWriter()
    func total(_ kind: Kind) -> Double {
      Self.statistics(Self.sampled(kind, model, rows: 64, passes: 30)).variances.reduce(0, +)
    }
    #expect(total(.none) > 2 * total(.values))
  }

  @Test func `what is drawn, and its logarithms`() {
    let model = TaughtWriter()
    let graph = Graph<Double>(seed: 22)
    var sample: PolicySample<Double>?
    var (logs, entropy, byHand) = ([Double](), 0.0, 0.0)
    _ = model.gradients(on: graph) { model, graph in
      let drawn = model.sample(40, seed: 3, on: graph)
      sample = drawn
      logs = drawn.logProbabilities.value.elements
      let scores = model.replay(drawn.drawn, on: graph).scores.logSoftmax().value
      for n in 0..<40 {
        for t in 0..<drawn.lengths[n] {
          for k in 0..<Writer.V { byHand -= .exp(scores[t, n, k]) * scores[t, n, k] / 40 }
        }
      }
      let mean = drawn.entropy()
      entropy = Double(mean.scalar)
      return mean
    }
    guard let sample else { return }
    #expect(abs(entropy - byHand) < 1e-12)
    #expect(
      sample.hypotheses.contains { $0.hasEnded } && sample.hypotheses.contains { !$0.hasEnded })
    for (n, hypothesis) in sample.hypotheses.enumerated() {
      let drawn = (0..<sample.drawn.steps).map { sample.drawn[$0, n] }
      let length = hypothesis.tokens.count
      #expect(sample.lengths[n] == length + 1)
      #expect(Array(drawn.prefix(length)) == hypothesis.tokens)
      #expect((drawn[length] == Writer.end) == hypothesis.hasEnded)
      #expect(drawn.suffix(from: length + 1).allSatisfy { $0 == -1 })
      let all = (0..<sample.drawn.steps).map { logs[$0 * 40 + n] }
      #expect(all.suffix(from: length + 1).allSatisfy { $0 == 0 })
      let sum = all.prefix(hypothesis.hasEnded ? length + 1 : length).reduce(0, +)
      #expect(abs(sum - hypothesis.logProbability) < 1e-12)
    }
    // A sampler without a graph that records draws the same.
    var sampler = SequenceSampler(maximumLength: 2)
    sampler.seed = 3
    let again = model.evaluate(on: graph) { model, graph in
      sampler(from: model.start(40, on: graph), begin: Writer.begin, end: Writer.end) {
        model.writer.step($0, $1, on: graph)
      }
    }
    #expect(again.map { $0[0].tokens } == sample.hypotheses.map(\.tokens))
  }

  /// Where what is drawn stays, the loss is a function of the parameters as any other.
  @Test(arguments: Kind.allCases)
  func `gradients are central differences`(kind: Kind) {
    let model = TaughtWriter()
    let graph = Graph<Double>(seed: 23)
    var (drawn, rewards, values) = (TokenBatch(repeating: 0, steps: 0, batch: 0), [0.0], [0.0])
    var lengths: [Int] = []
    _ = model.gradients(on: graph) { model, graph in
      let sample = model.sample(6, maximumLength: 4, on: graph)
      (drawn, lengths) = (sample.drawn, sample.lengths)
      rewards = sample.hypotheses.map(Self.reward)
      values = model.head(sample.states).value.elements
      return sample.loss(rewards: rewards, baseline: kind.baseline(of: model, 6))
    }
    let gradients = graph.gradients.elements
    let error = slopeError(gradients, at: model.parameters.elements) { numbers in
      var (moved, parameters) = (model, model.parameters)
      parameters.elements = numbers
      moved.parameters = parameters
      return moved.evaluate(on: Graph()) { moved, graph in
        let log = moved.replay(drawn, on: graph).logs.value
        // The head learns from states as they were: it does not reach into the writer.
        let learned = moved.head(model.replay(drawn, on: graph).states).value
        var (loss, error, count) = (0.0, 0.0, 0.0)
        for n in 0..<6 {
          for t in 0..<lengths[n] {
            let baseline =
              switch kind {
              case .none: 0.0
              case .values: 2.4
              case .learned: values[t * 6 + n]
              }
            loss -= (rewards[n] - baseline) * log[t, n, 0] / 6
            error += (learned[t, n, 0] - rewards[n]) * (learned[t, n, 0] - rewards[n])
            count += 1
          }
        }
        return loss + (kind == .learned ? error / count : 0)
      }
    }
    #expect(error < 1e-8)
  }

  @Test func `any number of threads, the same bits`() {
    func run(threads: Int) -> [UInt64] {
      let graph = Graph<Double>(threads: threads, seed: 24)
      _ = TaughtWriter().gradients(on: graph) { model, graph in
        let sample = model.sample(300, maximumLength: 6, on: graph)
        return sample.loss(
          rewards: sample.hypotheses.map(Self.reward), baseline: .learned(model.head))
          - sample.entropy()
      }
      return graph.gradients.elements.map(\.bitPattern)
    }
    let one = run(threads: 1)
    for threads in 2...3 { #expect(run(threads: threads) == one) }
  }

  @Test func `rewards that do not fit trap`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = TaughtWriter().gradients(on: Graph()) {
        $0.sample(3, on: $1).loss(rewards: [1, 2])
      }
    }
    #expect(message(result).contains("PolicySample: 2 rewards for 3 sequences"))
  }
}
