import Autodiff
import Charts
import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// The names of `translation` with attention that costs where it is not spent evenly (Xu et al. 2015), so that
/// every character of a name gets the same in total, and without.
enum EvenAttention: Experiment {
  static let name = "even-attention"
  static let summary = "attention that is spent evenly over the source, at no cost in exactness"

  /// `λ`, the weight of the penalty.
  private static let weight: Float = 2

  /// What became of one model.
  struct Outcome {
    var right: [Bool]
    /// The mean over the held-out names of the variance of `Σₜ α[t, i]` over the characters `i`.
    var variance: Double
    var alignment: HeatMapFigure
  }

  static func measure(_ run: ExperimentRun) throws {
    let names = try TranslatedNames(run.data)
    let seeds = run.choose(smoke: 1, full: 3)
    var (free, even) = ([Outcome](), [Outcome]())
    var size = 0
    for seed in (0..<UInt64(seeds)).map({ run.seed &+ $0 }) {
      let pairs = NamePairs(names, limit: run.choose(smoke: 1000, full: nil), seed: seed)
      for weight in [0, weight] {
        var rng = SeededGenerator(seed: seed)
        var model = pairs.translator(units: run.choose(smoke: 48, full: 128), using: &rng)
        size = model.parameters.scalarCount
        let graph = Graph<Float>(threads: run.threads, seed: seed)
        let outcome = try train(&model, weight, pairs, seed, on: graph, of: run)
        if weight == 0 { free.append(outcome) } else { even.append(outcome) }
      }
    }

    func variance(_ outcomes: [Outcome]) -> Double { Spread(outcomes.map(\.variance)).mean }
    run.report("variance of Σα, without penalty", variance(free), parameters: size)
    run.report("variance of Σα, with", variance(even), parameters: size)
    run.report(
      "how many times the variance falls", variance(free) / variance(even),
      .atLeast(run.choose(smoke: 1.5, full: 5)))
    let differences = zip(free, even).map { Spread($0.right).mean - Spread($1.right).mean }
    let lost = Spread(differences)
    // Name by name, so that those that both find do not count as doubt.
    let byName = Spread(
      zip(free, even).flatMap { a, b -> [Double] in
        zip(a.right, b.right).map { $0 == $1 ? 0 : $0 ? 1 : -1 }
      })
    let error = max(lost.standardError, byName.standardError)
    run.report("exact, without penalty", Spread(free.map { Spread($0.right).mean }).mean)
    run.report("exact, with", Spread(even.map { Spread($0.right).mean }).mean)
    run.report(
      "exactness lost, in standard errors", error > 0 ? lost.mean / error : 0,
      run.choose(smoke: nil, full: .atMost(2)),
      note: "λ = \(weight), \(seeds) seeds, standard error \(Format.shortest(error))")
    for (title, outcome) in [("without penalty", free[0]), ("with penalty", even[0])] {
      var figure = outcome.alignment
      figure.title += ", " + title
      run.show(.heatMap(figure))
    }
  }

  private static func train(
    _ model: inout NamePairs.Translator, _ weight: Float, _ pairs: NamePairs, _ seed: UInt64,
    on graph: Graph<Float>, of run: ExperimentRun
  ) throws -> Outcome {
    var order = pairs.order(batch: 32, seed: seed)
    let fitting = Fitting(
      updates: run.choose(smoke: 4, full: 16) * order.batchesPerEpoch, rate: 3e-3)
    try fitting.train(&model, on: graph, of: run) {
      pairs.batch(order.next())
    } loss: { model, batch, graph in
      let pass = model.pass(
        batch.sources.tokens, lengths: batch.sources.lengths, inputs: batch.inputs.tokens,
        on: graph)
      let loss = pass.scores.crossEntropy(batch.labels.tokens, lengths: batch.labels.lengths)
      guard weight > 0, let weights = pass.attention else { return loss }
      return loss + weight
        * weights.unevenness(sources: batch.sources.lengths, targets: batch.labels.lengths)
    }
    let sources = pairs.held.map { pairs.tokens($0).source }
    let written = pairs.task.write(
      model, sources, maximumLength: NamePairs.maximumLength, on: graph)
    let alignments = stride(from: 0, to: sources.count, by: 250).flatMap { first in
      let some = first..<min(first + 250, sources.count)
      let batch = PaddedBatch(
        Array(sources[some]), padding: Padding(with: pairs.task.padding))
      return model.evaluate(on: graph) {
        $0.alignments(
          of: batch.tokens, lengths: batch.lengths, writing: Array(written[some]),
          begin: pairs.task.begin, on: $1)
      }
    }
    let outcome = Outcome(
      right: NamePairs.Score(written, of: pairs).right,
      variance: Spread(alignments.map(variance)).mean,
      alignment: HeatMapFigure(
        title: "Where attention looks", rowAxis: "written", columnAxis: "source",
        rows: pairs.characters.decode(written[0]) + ["end"],
        columns: pairs.characters.decode(sources[0]), values: alignments[0].weights))
    run.say(
      """
      seed \(seed), λ = \(weight): exact \(Format.shortest(Spread(outcome.right).mean)), \
      variance \(Format.shortest(outcome.variance))
      """)
    return outcome
  }

  /// The variance over the source of what each of its steps got.
  private static func variance(_ alignment: Alignment) -> Double {
    let totals = (0..<alignment.sourceCount).map { i in
      alignment.weights.reduce(0) { $0 + $1[i] }
    }
    let mean = totals.reduce(0, +) / Double(totals.count)
    return totals.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(totals.count)
  }
}
