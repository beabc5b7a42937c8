import Autodiff
import Charts
import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// Paying an amount in coins: what counts is that the coins are worth the amount and that they are few, which
/// no derivative knows. Cross-entropy learns from payments of people who spare their large coins; REINFORCE
/// (Williams 1992) goes on from there by the reward alone.
enum Change: Experiment {
  static let name = "reinforce"
  static let summary = "payments in few coins: rewards against examples, and what baselines save"

  private typealias Payer = EncoderDecoder<GRU<Float>, GRU<Float>>

  private static let coins = [1, 2, 5, 10, 20, 50, 100, 200]
  /// Ends, begins, and one token for each coin.
  private static let (end, begin) = (Token(0), Token(1))
  private static let task = TranslationTask(padding: 0, begin: begin, end: end)
  private static let maximumLength = 16

  static func measure(_ run: ExperimentRun) throws {
    try compareGradients(run)
    let amounts = Array(1...599)
    var rng = SeededGenerator(seed: run.seed)
    let shuffled = amounts.shuffled(using: &rng)
    let (heldOut, trained) = (Array(shuffled.prefix(100)), Array(shuffled[100...]))
    var model = Payer(
      sourceVocabulary: 10, targetVocabulary: 2 + coins.count,
      encoder: GRU(inputSize: 16, hiddenSize: 64, using: &rng), attention: .general, units: 64,
      embeddingSize: 16, using: &rng
    ) { GRU(inputSize: $0, hiddenSize: 64, using: &$1) }
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    func examples(_ count: Int) -> [(source: [Token], target: [Token])] {
      (0..<count).map { _ in
        let amount = trained[Int.random(in: 0..<trained.count, using: &rng)]
        return (digits(amount), payment(amount, using: &rng))
      }
    }
    // As many updates by examples alone as by examples and then rewards.
    let (first, then) = run.choose(smoke: (300, 100), full: (2000, 600))
    try task.train(&model, on: graph, updates: first, rate: 0.005, run: run) {
      task.batch(examples(64))
    }
    variances("before", model, trained, run, on: graph)
    var forced = model
    try task.train(&forced, on: graph, updates: then, rate: 0.001, run: run) {
      task.batch(examples(64))
    }
    let curve = try reinforce(&model, trained, updates: then, run, on: graph, using: &rng)
    variances("after", model, trained, run, on: graph)
    func score(_ model: Payer, _ amounts: [Int]) -> Double {
      let written = task.write(
        model, amounts.map(digits), maximumLength: maximumLength, on: graph)
      return zip(amounts, written).reduce(0) { $0 + reward($1.1, $1.0) } / Double(amounts.count)
    }
    let size = model.parameters.scalarCount
    let (before, after) = (score(forced, heldOut), score(model, heldOut))
    run.report(
      "reward after examples alone", before, parameters: size,
      note: "\(heldOut.count) amounts held out")
    run.report("reward after reinforcement", after, parameters: size)
    run.report("reward after reinforcement, drawn", curve.series.last?.y.last ?? .nan)
    run.report(
      "reward gained", after / before - 1, run.choose(smoke: nil, full: .atLeast(0.2)),
      note: "amounts trained on: \(Format.shortest(score(forced, trained))) to "
        + "\(Format.shortest(score(model, trained)))")
    run.show(.lines(curve))
    let shown = heldOut.sorted().prefix(8)
    let written = task.write(
      model, shown.map(digits), maximumLength: maximumLength, on: graph)
    run.show(
      .text(
        title: "Amounts that were held out",
        lines: zip(shown, written).map { amount, tokens in
          "\(amount) = "
            + tokens.map { $0 < 2 ? "?" : "\(coins[Int($0) - 2])" }
            .joined(separator: " + ")
        }))
  }

  private static func digits(_ amount: Int) -> [Token] {
    [Token(amount / 100), Token(amount / 10 % 10), Token(amount % 10)]
  }

  /// How somebody pays who spares the largest coin that fits, three times of four.
  private static func payment(_ amount: Int, using rng: inout SeededGenerator) -> [Token] {
    while true {
      var (rest, tokens) = (amount, [Token]())
      while rest > 0 {
        var coin = coins.lastIndex { $0 <= rest } ?? 0
        if coin > 0, rng.unitUniform(Double.self) < 0.75 { coin -= 1 }
        rest -= coins[coin]
        tokens.append(Token(2 + coin))
      }
      // No longer than what is decoded.
      if tokens.count <= maximumLength { return tokens }
    }
  }

  /// The fewest coins by how many are used, for what is worth the amount; else nothing.
  private static func reward(_ tokens: [Token], _ amount: Int) -> Double {
    guard !tokens.isEmpty, tokens.allSatisfy({ $0 >= 2 }) else { return 0 }
    let worth = tokens.reduce(0) { $0 + coins[Int($1) - 2] }
    guard worth == amount else { return 0 }
    var (rest, fewest) = (amount, 0)
    for coin in coins.reversed() {
      fewest += rest / coin
      rest %= coin
    }
    return Double(fewest) / Double(tokens.count)
  }

  private static func decoder(
    _ model: Payer, _ amounts: [Int], _ graph: Graph<Float>
  ) -> PolicyDecoder<Float> {
    let source = PaddedBatch(amounts.map(digits), padding: Padding(with: 0)).tokens
    let encoded = model.encode(source, lengths: nil, on: graph)
    return PolicyDecoder(state: encoded.state) { model.step($0, $1, encoded, on: graph) }
  }

  private static func reinforce(
    _ model: inout Payer, _ amounts: [Int], updates: Int, _ run: ExperimentRun,
    on graph: Graph<Float>, using rng: inout SeededGenerator
  ) throws -> LineFigure {
    var adam = Adam(for: model.parameters)
    let schedule = WarmUpCosine(
      peak: 0.001, final: 1e-5, warmUpSteps: updates / 10, totalSteps: updates)
    var method = Reinforcement(.movingMean(decay: 0.9), maximumLength: maximumLength)
    method.entropyWeight = 0.01
    var curve = LineFigure.Series(name: "reward of what is drawn", x: [], y: [])
    var recent: [Double] = []
    for update in 0..<updates {
      adam.learningRate = schedule.rate(atStep: update)
      let batch = (0..<64).map { _ in amounts[Int.random(in: 0..<amounts.count, using: &rng)] }
      let step = try model.reinforcementStep(
        by: &method, begin: begin, end: end, on: graph, optimizer: &adam, maximumNorm: 1,
        reward: { $1.hasEnded ? reward($1.tokens, batch[$0]) : 0 }
      ) { decoder($0, batch, $1) }
      recent.append(step.meanReward)
      if recent.count == max(updates / 30, 1) {
        curve.x.append(Double(update + 1))
        curve.y.append(recent.reduce(0, +) / Double(recent.count))
        run.say("update \(update + 1) of \(updates), reward \(Format.shortest(curve.y.last ?? 0))")
        recent = []
      }
    }
    return LineFigure(
      title: "Reinforcement after examples", x: "updates", y: "mean reward", series: [curve])
  }
}

// What baselines do to the gradient's variance.
extension Change {
  /// Of the model as it is when reinforcement begins: how much of the gradient's variance is left.
  private static func variances(
    _ moment: String, _ model: Payer, _ amounts: [Int], _ run: ExperimentRun, on graph: Graph<Float>
  ) {
    let passes = run.choose(smoke: 20, full: 100)
    // The same amounts each time, so that only what is drawn varies.
    let batch = Array(amounts.prefix(16))
    let greedy = zip(
      batch, task.write(model, batch.map(digits), maximumLength: maximumLength, on: graph)
    ).map { reward($1, $0) }
    func gradients(_ baseline: PolicySample<Float>.Baseline) -> GradientStatistics {
      var statistics = GradientStatistics()
      for _ in 0..<passes {
        _ = model.gradients(on: graph) { model, graph in
          let sample = sample(model, batch, graph)
          return sample.loss(rewards: rewards(sample, batch), baseline: baseline)
        }
        statistics.add(graph.gradients)
      }
      return statistics
    }
    // What a moving mean would be by now.
    var seen: [Double] = []
    for _ in 0..<5 {
      _ = model.gradients(on: graph) { model, graph in
        let sample = sample(model, batch, graph)
        seen += rewards(sample, batch)
        return sample.loss(rewards: rewards(sample, batch))
      }
    }
    let mean = seen.reduce(0, +) / Double(seen.count)
    let none = gradients(.none).totalVariance
    let moving = gradients(.values([Double](repeating: mean, count: batch.count))).totalVariance
    let critical = gradients(.values(greedy)).totalVariance
    run.report("payments, \(moment): variance without ÷ with the mean reward", none / moving)
    run.report(
      "payments, \(moment): variance without ÷ with the greedy sequence's", none / critical,
      note: "mean reward \(Format.shortest(mean))")
  }

  private static func sample(
    _ model: Payer, _ amounts: [Int], _ graph: Graph<Float>
  ) -> PolicySample<Float> {
    let decoder = decoder(model, amounts, graph)
    return PolicySample(
      from: decoder.state, begin: begin, end: end, maximumLength: maximumLength, step: decoder.step)
  }

  private static func rewards(_ sample: PolicySample<Float>, _ amounts: [Int]) -> [Double] {
    zip(sample.hypotheses, amounts).map { $0.hasEnded ? reward($0.tokens, $1) : 0 }
  }
}
