import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// A decoder so small that all it can write can be listed: at most two tokens of three, then the end or not.
struct SmallPolicy: Model {
  typealias Scalar = Double
  static let (end, tokens, maximumLength) = (Token(3), Token(4), 2)

  var embedding: Embedding<Double>
  var cell: GRU<Double>
  var output: Linear<Double>
  var head: Linear<Double>

  init(seed: UInt64) {
    var rng = SeededGenerator(seed: seed)
    embedding = Embedding(vocabularySize: Int(Self.tokens), features: 3, using: &rng)
    cell = GRU(inputSize: 3, hiddenSize: 4, using: &rng)
    output = Linear(inputSize: 4, outputSize: Int(Self.tokens), using: &rng)
    head = Linear(inputSize: 4, outputSize: 1, using: &rng)
  }

  mutating func visitParts(_ part: inout PartVisitor<Double>) {
    part("embedding", &embedding)
    part("cell", &cell)
    part("output", &output)
    part("head", &head)
  }

  func step(_ tokens: TokenBatch, _ state: Node<Double>, on graph: Graph<Double>) -> DecoderStep<
    Double
  > {
    let run = cell.step(embedding(tokens, on: graph), from: state)
    return DecoderStep(scores: output(run.outputs), state: run.finalState)
  }

  func start(_ rows: Int, on graph: Graph<Double>) -> Node<Double> {
    graph.constant(0.3, NodeShape(steps: 1, batch: rows, features: 4))
  }

  /// Points for a sequence, which no derivative knows: for each token one, for rising ones two, one for a
  /// beginning with token 2, one for an end.
  static func reward(_ tokens: [Token], hasEnded: Bool) -> Double {
    let isRising = zip(tokens, tokens.dropFirst()).allSatisfy { $0 < $1 }
    return Double(tokens.count) + (isRising ? 2 : 0) + (tokens.first == 2 ? 1 : 0)
      + (hasEnded ? 1 : 0)
  }

  func sample(_ rows: Int, on graph: Graph<Double>) -> (PolicySample<Double>, rewards: [Double]) {
    let sample = PolicySample(
      from: start(rows, on: graph), begin: 0, end: Self.end, maximumLength: Self.maximumLength
    ) { step($0, $1, on: graph) }
    return (sample, sample.hypotheses.map { Self.reward($0.tokens, hasEnded: $0.hasEnded) })
  }

  /// The loss whose gradient is minus that of the expected reward: the sum over everything that can be drawn.
  func enumeratedLoss(on graph: Graph<Double>) -> Node<Double> {
    var paths: [[Token]] = [[]]
    for _ in 0...Self.maximumLength {
      paths = paths.flatMap { path in
        path.last == Self.end ? [path] : (0..<Self.tokens).map { path + [$0] }
      }
    }
    let T = Self.maximumLength + 1
    let drawn = TokenBatch(
      steps: T, batch: paths.count,
      tokens: (0..<T).flatMap { t in paths.map { t < $0.count ? $0[t] : -1 } })
    var (state, scores) = (start(paths.count, on: graph), [Node<Double>]())
    var tokens = TokenBatch(repeating: 0, steps: 1, batch: paths.count)
    for t in 0..<T {
      let next = step(tokens, state, on: graph)
      state = next.state
      scores.append(next.scores)
      for n in 0..<paths.count where drawn[t, n] >= 0 { tokens[0, n] = drawn[t, n] }
    }
    let logs = Node.joined(scores, along: .steps).logSoftmax().picked(drawn)
    let rewards = paths.map { path in
      let written = Array(path.prefix { $0 != Self.end }.prefix(Self.maximumLength))
      return -Self.reward(written, hasEnded: path.last == Self.end)
    }
    let weights = graph.constant(
      SequenceBatch(steps: 1, batch: paths.count, features: 1, elements: rewards))
    return (logs.sum(over: .steps).exp() * weights).sum()
  }
}

extension Change {
  /// Student's t of each number of the mean of many sampled gradients against the enumerated gradient, and what
  /// baselines leave of the variance.
  static func compareGradients(_ run: ExperimentRun) throws {
    var model = SmallPolicy(seed: run.seed)
    let graph = Graph<Double>(threads: run.threads, seed: run.seed)
    // The head learns to predict rewards; what draws stays as it is.
    var adam = Adam(for: model.parameters, learningRate: 0.02)
    graph.freeze("embedding", "cell", "output")
    for _ in 0..<run.choose(smoke: 100, full: 400) {
      try model.trainingStep(on: graph, optimizer: &adam) { model, graph in
        let (sample, rewards) = model.sample(64, on: graph)
        return sample.loss(rewards: rewards, baseline: .learned(model.head))
      }
    }
    graph.freeze()

    // The head is no part of what draws.
    func own(_ gradients: ModelParameters<Double>) -> [Double] {
      (0..<gradients.blockCount).filter { !gradients.names[$0].hasPrefix("head") }
        .flatMap { gradients[block: $0].withUnsafeBufferPointer { Array($0) } }
    }
    var expected = 0.0
    _ = model.gradients(on: graph) { model, graph in
      let loss = model.enumeratedLoss(on: graph)
      expected = -Double(loss.scalar)
      return loss
    }
    let exact = own(graph.gradients)
    let passes = run.choose(smoke: 100, full: 1000)
    func measure(_ baseline: PolicySample<Double>.Baseline) -> GradientStatistics {
      var statistics = GradientStatistics()
      for _ in 0..<passes {
        _ = model.gradients(on: graph) { model, graph in
          let (sample, rewards) = model.sample(64, on: graph)
          return sample.loss(rewards: rewards, baseline: baseline)
        }
        statistics.add(own(graph.gradients))
      }
      return statistics
    }
    let none = measure(.none)
    let mean = measure(.values([Double](repeating: expected, count: 64)))
    let learned = measure(.learned(model.head))
    for (name, statistics) in [
      ("no baseline", none), ("the mean reward", mean), ("a learned baseline", learned),
    ] {
      let t = statistics.studentT(against: exact)
      // Two-sided at 1 % over all numbers together, by Bonferroni; the normal distribution's bound.
      run.report(
        "largest |t| with \(name)", t.map(abs).max() ?? .nan, .below(normalBound(0.01, t.count)),
        note: "\(t.count) numbers, \(passes) gradients of 64 sequences")
    }
    run.report(
      "variance without ÷ with the mean reward", none.totalVariance / mean.totalVariance,
      .atLeast(3))
    run.report(
      "variance without ÷ with a learned baseline", none.totalVariance / learned.totalVariance,
      .atLeast(3))
  }

  /// What a standard normal number exceeds in magnitude with probability `p/n`.
  private static func normalBound(_ p: Double, _ n: Int) -> Double {
    var (low, high) = (0.0, 40.0)
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if Double.erfc(middle / 2.0.squareRoot()) > p / Double(n) {
        low = middle
      } else {
        high = middle
      }
    }
    return low
  }
}

/// Means and variances of gradients, number by number.
struct GradientStatistics {
  private var count = 0.0
  private var sums: [Double] = []
  private var squares: [Double] = []

  mutating func add(_ numbers: [Double]) {
    if sums.isEmpty { (sums, squares) = (numbers.map { _ in 0 }, numbers.map { _ in 0 }) }
    count += 1
    for (i, number) in numbers.enumerated() {
      sums[i] += number
      squares[i] += number * number
    }
  }

  mutating func add(_ gradients: ModelParameters<Float>) {
    add(
      (0..<gradients.blockCount).flatMap { block in
        gradients[block: block].withUnsafeBufferPointer { $0.map(Double.init) }
      })
  }

  private func variance(_ i: Int) -> Double {
    max(squares[i] - sums[i] * sums[i] / count, 0) / (count - 1)
  }

  /// The variances of all numbers together.
  var totalVariance: Double { sums.indices.reduce(0) { $0 + variance($1) } }

  /// How many of its standard errors each mean is away from what is expected, where it varies.
  func studentT(against expected: [Double]) -> [Double] {
    sums.indices.filter { variance($0) > 0 }.map { i in
      (sums[i] / count - expected[i]) / (variance(i) / count).squareRoot()
    }
  }
}
