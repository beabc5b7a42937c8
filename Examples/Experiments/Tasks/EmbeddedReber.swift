import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// The embedded Reber grammar (Hochreiter & Schmidhuber 1997): the second symbol, T or P, stands again before
/// the last, with a string of Reber's own grammar between the two. To predict it, a network must have kept
/// one bit over all of that string.
///
/// In the grammar both ways from a state are equally likely. Both networks are trained on its strings, and on
/// strings whose loops are taken more often, with a probability that is drawn for each, so that the bit is kept
/// over up to 151 steps. Whether it is kept over 50 steps and more is measured on the latter.
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

  /// Which strings a network is trained on.
  private enum Strings {
    /// Those of the grammar.
    case grammar
    /// Those whose loops are taken more often.
    case long

    func draw(using rng: inout some RandomNumberGenerator) -> [Token] {
      switch self {
      case .grammar: symbols.encode(string(stay: 0.5, using: &rng))
      case .long: string(distance: 0, using: &rng)
      }
    }
  }

  static func measure(_ run: ExperimentRun) throws {
    let updates = run.choose(smoke: 2000, full: 2500)
    /// Whether the embedded symbol is right, of strings like those trained on and of such in which it lies 50
    /// to 151 steps back.
    func train<Layer: CausalLayer<Float>>(
      on strings: Strings, _ make: (Int, inout SeededGenerator) -> Layer
    ) throws -> (like: [Bool], far: [Bool], size: Int) {
      var rng = SeededGenerator(seed: run.seed)
      var model = SequenceTagger(
        vocabularySize: symbols.count, encoder: make(symbols.count, &rng),
        labels: symbols.count, using: &rng)
      let graph = Graph<Float>(threads: run.threads, seed: run.seed)
      // The same strings for both networks.
      var draws = SeededGenerator(seed: ~run.seed)
      try Fitting(updates: updates, rate: 3e-3).train(&model, on: graph, of: run) {
        pairs((0..<32).map { _ in strings.draw(using: &draws) })
      } loss: { model, batch, graph in
        model(batch.sources.tokens, lengths: batch.sources.lengths, on: graph)
          .crossEntropy(batch.targets.tokens, lengths: batch.targets.lengths)
      }
      func answers(_ string: () -> [Token]) -> [Bool] {
        (0..<run.choose(smoke: 4, full: 40)).flatMap { _ in
          let batch = pairs((0..<100).map { _ in string() })
          let best = model.evaluate(on: graph) {
            $0(batch.sources.tokens, lengths: batch.sources.lengths, on: $1).value.argmax()
          }
          return batch.sources.lengths.enumerated().map { n, length in
            best[length - 2, n] == batch.targets.tokens[length - 2, n]
          }
        }
      }
      var tests = SeededGenerator(seed: run.seed &+ 0x9e37)
      let like = answers { strings.draw(using: &tests) }
      let far = answers { string(distance: 50, using: &tests) }
      return (like, far, model.parameters.scalarCount)
    }
    func lstm(_ inputs: Int, _ rng: inout SeededGenerator) -> LSTM<Float> {
      LSTM(inputSize: inputs, hiddenSize: 32, using: &rng)
    }
    func simple(_ inputs: Int, _ rng: inout SeededGenerator) -> SimpleRNN<Float> {
      SimpleRNN(inputSize: inputs, hiddenSize: 64, using: &rng)
    }
    if run.budget == .smoke {
      let (answers, _, size) = try train(on: .long, lstm)
      run.report(
        "LSTM, embedded symbol", Spread(answers).mean, .atLeast(0.75), parameters: size,
        note: "of \(answers.count) strings")
      return
    }

    for (strings, name) in [(Strings.grammar, "the grammar's"), (.long, "long")] {
      let network = try train(on: strings, lstm)
      run.report(
        "LSTM, \(name) strings", Spread(network.like).mean, .atLeast(0.995),
        parameters: network.size, note: "of \(network.like.count) strings")
      run.report("the same, 50 to 151 steps back", Spread(network.far).mean)
      let plain = try train(on: strings, simple)
      run.report(
        "simple RNN, \(name) strings", Spread(plain.like).mean, parameters: plain.size)
      run.report(
        "the same, 50 to 151 steps back", Spread(plain.far).mean,
        .atMost(0.5 + 2 * (0.25 / Double(plain.far.count)).squareRoot()),
        note: "chance and two standard errors")
    }
  }

  /// Each symbol with the next one.
  private static func pairs(_ strings: [[Token]]) -> SequencePairs.Batch {
    SequencePairs(
      sources: strings.map { Array($0.dropLast()) }, targets: strings.map { Array($0.dropFirst()) },
      padding: Padding(with: 0)
    ).batch(Array(strings.indices))
  }
}
