import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// The embedded Reber grammar (Hochreiter & Schmidhuber 1997): the second symbol, T or P, stands again before
/// the last, with a string of Reber's own grammar between the two. To predict it, a network must have kept
/// one bit over all of that string.
///
/// The inner strings' loops are taken with a probability that is drawn for each string, so that the bit is
/// kept over up to 150 steps. Both networks are trained twice: on strings in which it is never kept over fewer
/// than 50 steps, and on such among short ones, from which a simple RNN with orthogonal weights learns it, too.
enum EmbeddedReber: Experiment {
  static let name = "reber"
  static let summary = "embedded Reber grammar: one bit kept by an LSTM, lost by a simple RNN"

  static let symbols = Vocabulary(["B", "T", "S", "X", "P", "V", "E"])

  /// From each state of Reber's grammar: the symbols that may follow and the states that they lead to. The
  /// first stays in a loop where there is one.
  static let arcs: [[(symbol: String, state: Int)]] = [
    [("B", 1)], [("T", 2), ("P", 3)], [("S", 2), ("X", 4)], [("T", 3), ("V", 5)],
    [("X", 3), ("S", 6)], [("P", 4), ("V", 6)], [("E", 7)],
  ]

  /// A string of the embedded grammar.
  ///
  /// - Parameter stay: how likely a loop is taken once more.
  static func string(stay: Double, using rng: inout some RandomNumberGenerator) -> [String] {
    var inner: [String] = []
    var state = 0
    while state < arcs.count {
      let choices = arcs[state]
      let isLoop = choices[0].state == state
      let first =
        choices.count == 1 || Double.random(in: 0..<1, using: &rng) < (isLoop ? stay : 0.5)
      let choice = choices[first ? 0 : 1]
      inner.append(choice.symbol)
      state = choice.state
    }
    let bit = Bool.random(using: &rng) ? "T" : "P"
    return ["B", bit] + inner + [bit, "E"]
  }

  /// A string of at most 154 symbols; the mean number of turns of a loop is drawn evenly in its logarithm.
  ///
  /// - Parameter distance: how many steps the embedded symbol lies back at least.
  static func string(
    distance: Int, using rng: inout some RandomNumberGenerator
  ) -> [Token] {
    while true {
      let turns = Double.exp(Double.random(in: 0..<1, using: &rng) * .log(64))
      let string = string(stay: 1 - 1 / (1 + turns), using: &rng)
      if string.count <= 154 && string.count >= distance + 3 { return symbols.encode(string) }
    }
  }

  /// Right answers at the embedded symbol, and how many steps it lies back.
  private struct Answers {
    var right: [Bool] = []
    var distance: [Int] = []

    func share(from: Int = 0) -> (share: Double, count: Int) {
      let far = zip(right, distance).filter { $0.1 >= from }.map(\.0)
      return (Spread(far).mean, far.count)
    }
  }

  static func measure(_ run: ExperimentRun) throws {
    let updates = run.choose(smoke: 2000, full: 2500)
    func train<Layer: CausalLayer<Float>>(
      from distance: Int, _ make: (Int, inout SeededGenerator) -> Layer
    ) throws -> (Answers, Int) {
      var rng = SeededGenerator(seed: run.seed)
      var model = SequenceTagger(
        vocabularySize: symbols.count, encoder: make(symbols.count, &rng),
        labels: symbols.count, using: &rng)
      let graph = Graph<Float>(threads: run.threads, seed: run.seed)
      // The same strings for both networks.
      var strings = SeededGenerator(seed: ~run.seed)
      try Fitting(updates: updates, rate: 3e-3).train(&model, on: graph, of: run) {
        pairs((0..<32).map { _ in string(distance: distance, using: &strings) })
      } loss: { model, batch, graph in
        model(batch.sources.tokens, lengths: batch.sources.lengths, on: graph)
          .crossEntropy(batch.targets.tokens, lengths: batch.targets.lengths)
      }
      var tests = SeededGenerator(seed: run.seed &+ 0x9e37)
      var answers = Answers()
      for _ in 0..<run.choose(smoke: 4, full: 40) {
        let batch = pairs((0..<100).map { _ in string(distance: distance, using: &tests) })
        model.evaluate(on: graph) { model, graph in
          let scores = model(batch.sources.tokens, lengths: batch.sources.lengths, on: graph).value
          for n in 0..<batch.sources.batch {
            let t = batch.sources.lengths[n] - 2
            let expected = Int(batch.targets.tokens[t, n])
            let best = (0..<symbols.count).max { scores[t, n, $0] < scores[t, n, $1] }
            answers.right.append(best == expected)
            answers.distance.append(t)
          }
        }
      }
      return (answers, model.parameters.scalarCount)
    }
    func lstm(from distance: Int) throws -> (Answers, Int) {
      try train(from: distance) { inputs, rng in
        // The gate begins open: 0.993⁵⁰ of a cell is left after 50 steps.
        LSTM<Float>(
          inputSize: inputs, hiddenSize: 32, forgetBias: distance == 0 ? 1 : 5, using: &rng)
      }
    }
    func simple(from distance: Int) throws -> (Answers, Int) {
      try train(from: distance) { inputs, rng in
        SimpleRNN<Float>(
          inputSize: inputs, hiddenSize: 64, recurrentWeights: .glorotUniform, using: &rng)
      }
    }
    if run.budget == .smoke {
      let (answers, size) = try lstm(from: 0)
      run.report(
        "LSTM, embedded symbol", answers.share().share, .atLeast(0.75), parameters: size,
        note: "of \(answers.right.count) strings")
      return
    }

    let (far, size) = try lstm(from: 50)
    run.report(
      "LSTM, embedded symbol 50 to 151 steps back", far.share().share, .atLeast(0.995),
      parameters: size, note: "of \(far.right.count) strings")
    let (farSimple, simpleSize) = try simple(from: 50)
    run.report(
      "simple RNN, embedded symbol 50 to 151 steps back", farSimple.share().share,
      .atMost(0.5 + 2 * (0.25 / Double(farSimple.right.count)).squareRoot()),
      parameters: simpleSize, note: "chance and two standard errors")
    let (all, _) = try lstm(from: 0)
    run.report(
      "LSTM, trained on short strings, too", all.share().share, .atLeast(0.995),
      note: "the symbol lies 6 to 151 steps back")
    run.report("the same, ≥ 50 steps back", all.share(from: 50).share)
    let (allSimple, _) = try simple(from: 0)
    run.report("simple RNN, trained on short strings, too", allSimple.share().share)
    run.report("the same, ≥ 50 steps back", allSimple.share(from: 50).share)
  }

  /// Each symbol with the next one.
  private static func pairs(_ strings: [[Token]]) -> SequencePairs.Batch {
    SequencePairs(
      sources: strings.map { Array($0.dropLast()) }, targets: strings.map { Array($0.dropFirst()) },
      padding: Padding(with: 0)
    ).batch(Array(strings.indices))
  }
}
