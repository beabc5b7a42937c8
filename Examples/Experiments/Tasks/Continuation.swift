import Autodiff
import Charts
import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// Walks of constant speed around a ring: the model reads where one was, and goes on from the positions that it
/// has written itself. What it learns from is seen with slow noise,
/// ```
/// seen[t] = walk[t] + d[t]      d[t] = 0.95·d[t−1] + ε[t]      ε of deviation 0.7
/// ```
/// of which the position before tells much: by teacher forcing the model learns to believe it. Running free it
/// believes itself, and drifts. Scheduled sampling (Bengio et al. 2015) trains it for that.
enum Continuation: Experiment {
  static let name = "scheduled-sampling"
  static let summary = "noisy walks continued freely, trained by teacher forcing or by schedules"

  private typealias Walker = EncoderDecoder<GRU<Float>, GRU<Float>>

  /// Positions on the ring.
  private static let ring = 32
  /// How many positions are read, and how many are written.
  private static let (given, wanted) = (12, 30)
  /// The token before the first that is written.
  private static let begin = Token(ring)

  /// A walk of constant speed, and how it is seen: clearly where it is read, with noise from there on.
  private struct Walk {
    var positions: [Double]
    var seen: [Token]

    init(using rng: inout SeededGenerator) {
      let start: Double = rng.uniform(in: 0..<Double(ring))
      let speed: Double = rng.uniform(in: -2..<2)
      positions = (0..<given + wanted).map { start + speed * Double($0) }
      seen = []
      var noise = 0.0
      for (t, position) in positions.enumerated() {
        if t >= given { noise = 0.95 * noise + rng.normal(standardDeviation: 0.7) }
        let place = Int((position + noise).rounded()) % ring
        seen.append(Token(place < 0 ? place + ring : place))
      }
    }
  }

  private struct Batch {
    var source: TokenBatch
    var inputs: TokenBatch
    var targets: TokenBatch
    var walks: [Walk]

    init(_ count: Int, using rng: inout SeededGenerator) {
      let walks = (0..<count).map { _ in Walk(using: &rng) }
      func batch(_ steps: Range<Int>, _ token: (Int, Walk) -> Token) -> TokenBatch {
        TokenBatch(
          steps: steps.count, batch: count,
          tokens: steps.flatMap { t in walks.map { token(t, $0) } })
      }
      self.walks = walks
      source = batch(0..<given) { $1.seen[$0] }
      targets = batch(given..<given + wanted) { $1.seen[$0] }
      inputs = batch(given..<given + wanted) { $0 == given ? begin : $1.seen[$0 - 1] }
    }
  }

  static func measure(_ run: ExperimentRun) throws {
    let updates = run.choose(smoke: 100, full: 800)
    let seeds = run.choose(smoke: 1, full: 3)
    let third = Double(updates) / 3
    let methods: [(name: String, sampling: ScheduledSampling)] = [
      ("teacher forcing", ScheduledSampling(.constant(1))),
      ("linear", ScheduledSampling(.linear(slope: 1 / third))),
      ("always free", ScheduledSampling(.constant(0))),
    ]
    var errors = methods.map { _ in [Double]() }
    var curves: [LineFigure.Series] = []
    var size = 0
    for k in 0..<seeds {
      let seed = run.seed &+ UInt64(k)
      for (i, method) in methods.enumerated() {
        let (model, graph) = try train(method.sampling, updates: updates, seed: seed, run)
        size = model.parameters.scalarCount
        let (free, forced) = error(model, run.choose(smoke: 100, full: 1000), seed: seed, on: graph)
        let mean = free.reduce(0, +) / Double(wanted)
        run.say(
          "\(method.name), seed \(seed): \(Format.shortest(mean)), forced \(Format.shortest(forced))"
        )
        errors[i].append(mean)
        if k == 0 {
          curves.append(
            LineFigure.Series(name: method.name, x: (1...wanted).map(Double.init), y: free))
          if i == 1 { reportPureModes(model, run, on: graph) }
        }
      }
    }
    let means = errors.map { $0.reduce(0, +) / Double(seeds) }
    for (method, mean) in zip(methods, means) {
      run.report(
        "distance from the walk, \(method.name)", mean, parameters: size, note: "\(seeds) seeds")
    }
    run.report(
      "how much nearer scheduled sampling is", 1 - means[1] / means[0],
      run.choose(smoke: nil, full: .atLeast(0.2)))
    run.show(
      .lines(
        LineFigure(
          title: "Free running: distance from where the walk is", x: "steps written",
          y: "mean distance on the ring", series: curves)))
  }

  private static func train(
    _ sampling: ScheduledSampling, updates: Int, seed: UInt64, _ run: ExperimentRun
  ) throws -> (Walker, Graph<Float>) {
    var rng = SeededGenerator(seed: seed)
    let units = run.choose(smoke: 32, full: 64)
    var model = Walker(
      sourceVocabulary: ring, targetVocabulary: ring + 1,
      encoder: GRU(inputSize: 16, hiddenSize: units, using: &rng), attention: nil, units: units,
      embeddingSize: 16, using: &rng
    ) { GRU(inputSize: $0, hiddenSize: units, using: &$1) }
    let graph = Graph<Float>(threads: run.threads, seed: seed)
    var adam = Adam(for: model.parameters)
    let schedule = WarmUpCosine(peak: 0.005, final: 1e-4, warmUpSteps: 50, totalSteps: updates)
    for update in 0..<updates {
      adam.learningRate = schedule.rate(atStep: update)
      let batch = Batch(64, using: &rng)
      try model.trainingStep(on: graph, optimizer: &adam, maximumNorm: 1) { model, graph in
        model(
          batch.source, lengths: nil, inputs: batch.inputs, sampling: sampling, update: update,
          on: graph
        ).crossEntropy(batch.targets)
      }
    }
    return (model, graph)
  }

  /// The mean distance from the walk at each step where the model runs free, and over all steps where it is
  /// told what was seen.
  private static func error(
    _ model: Walker, _ count: Int, seed: UInt64, on graph: Graph<Float>
  ) -> (free: [Double], forced: Double) {
    var rng = SeededGenerator(seed: seed &+ 1_000_003)
    let batch = Batch(count, using: &rng)
    func distances(_ p: Double) -> [Double] {
      let scores = model.evaluate(on: graph) { model, graph in
        model(
          batch.source, lengths: nil, inputs: batch.inputs,
          sampling: ScheduledSampling(.constant(p)), update: 0, on: graph
        ).value
      }
      return (0..<wanted).map { t in
        (0..<count).reduce(0.0) { sum, n in
          let best = (0..<ring).max { scores[t, n, $0] < scores[t, n, $1] } ?? 0
          let away = (Double(best) - batch.walks[n].positions[given + t])
            .remainder(dividingBy: Double(ring))
          return sum + abs(away) / Double(count)
        }
      }
    }
    return (distances(0), distances(1).reduce(0, +) / Double(wanted))
  }

  /// How many numbers, scores and gradients, are not bit for bit those of the pure modes.
  private static func reportPureModes(
    _ model: Walker, _ run: ExperimentRun, on graph: Graph<Float>
  ) {
    var rng = SeededGenerator(seed: run.seed &+ 2_000_003)
    let batch = Batch(16, using: &rng)
    func numbers(_ scores: (Walker, Graph<Float>) -> Node<Float>) -> [UInt32] {
      var values: [Float] = []
      _ = model.gradients(on: graph) { model, graph in
        let scores = scores(model, graph)
        values = scores.value.elements
        return scores.crossEntropy(batch.targets)
      }
      let gradients = graph.gradients
      for block in 0..<gradients.blockCount {
        values += gradients[block: block].withUnsafeBufferPointer { Array($0) }
      }
      return values.map(\.bitPattern)
    }
    func sampled(_ p: Double) -> [UInt32] {
      numbers {
        $0(
          batch.source, lengths: nil, inputs: batch.inputs,
          sampling: ScheduledSampling(.constant(p)), update: 0, on: $1)
      }
    }
    let forced = numbers { $0(batch.source, lengths: nil, inputs: batch.inputs, on: $1) }
    let free = numbers { model, graph in
      let encoded = model.encode(batch.source, lengths: nil, on: graph)
      var (state, scores) = (encoded.state, [Node<Float>]())
      var tokens = TokenBatch(repeating: begin, steps: 1, batch: 16)
      for _ in 0..<wanted {
        let step = model.step(tokens, state, encoded, on: graph)
        (state, scores) = (step.state, scores + [step.scores])
        tokens = step.scores.value.argmax()
      }
      return Node.joined(scores, along: .steps)
    }
    for (what, own, pure) in [
      ("p = 1 unlike teacher forcing", sampled(1), forced),
      ("p = 0 unlike free running", sampled(0), free),
    ] {
      run.report(
        what, Double(zip(own, pure).count { $0 != $1 } + abs(own.count - pure.count)), .equal(0),
        note: "of \(pure.count) scores and gradients")
    }
  }
}
