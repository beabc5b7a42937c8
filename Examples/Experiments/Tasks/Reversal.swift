import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// Writing a sequence of letters backwards, trained on up to 20 of them and asked for 40, with attention
/// (Bahdanau et al. 2015) and without (Sutskever et al. 2014).
enum Reversal: Experiment {
  static let name = "reversal"
  static let summary =
    "sequences written backwards, trained to length 20, with and without attention"

  private static let letters = 26
  private static let task = TranslationTask(padding: 0, begin: 1, end: 2)

  private typealias Translator = EncoderDecoder<Bidirectional<GRU<Float>>, GRU<Float>>

  /// What a model reaches on sequences of one length.
  private struct Score {
    /// The share of sequences without an error.
    var exact = 0.0
    /// The share of letters in their places.
    var tokens = 0.0
  }

  static func measure(_ run: ExperimentRun) throws {
    let trained = run.choose(smoke: 8, full: 20)
    let test = run.choose(smoke: 100, full: 2000)
    let updates = run.choose(smoke: 400, full: 6000)
    func sequences(_ count: Int, length: Int, seed: UInt64) -> [[Token]] {
      var rng = SeededGenerator(seed: seed)
      return (0..<count).map { _ in
        (0..<length).map { _ in Token.random(in: 3..<Token(3 + letters), using: &rng) }
      }
    }
    func train(_ attention: Attention<Float>.Score?) throws -> (Translator, Graph<Float>) {
      var rng = SeededGenerator(seed: run.seed)
      let units = run.choose(smoke: 64, full: 128)
      var model = Translator(
        sourceVocabulary: 3 + letters, targetVocabulary: 3 + letters,
        encoder: Bidirectional { GRU(inputSize: 32, hiddenSize: units, using: &rng) },
        attention: attention, feedsInput: false, units: units, embeddingSize: 32, using: &rng
      ) { GRU(inputSize: $0, hiddenSize: units, using: &$1) }
      let graph = Graph<Float>(threads: run.threads, seed: run.seed)
      try task.train(&model, on: graph, updates: updates, rate: 0.003, run: run) {
        let length = Int.random(in: 1...trained, using: &rng)
        return task.batch(
          (0..<64).map { _ in
            let source = (0..<length).map { _ in
              Token.random(in: 3..<Token(3 + letters), using: &rng)
            }
            return (source, source.reversed())
          })
      }
      return (model, graph)
    }
    func score(_ model: Translator, length: Int, on graph: Graph<Float>) -> Score {
      let sources = sequences(test, length: length, seed: run.seed &+ 1_000_003)
      let written = task.write(model, sources, maximumLength: length + 5, on: graph)
      var score = Score()
      for (source, written) in zip(sources, written) {
        let wanted = Array(source.reversed())
        if written == wanted { score.exact += 1 / Double(test) }
        let right = zip(wanted, written).count { $0 == $1 }
        score.tokens += Double(right) / Double(length * test)
      }
      return score
    }

    let (model, graph) = try train(.additive(units: 64))
    let (plain, plainGraph) = try train(nil)
    let (short, long) = (trained, 2 * trained)
    let with = (score(model, length: short, on: graph), score(model, length: long, on: graph))
    let without = (
      score(plain, length: short, on: plainGraph), score(plain, length: long, on: plainGraph)
    )
    let (size, plainSize) = (model.parameters.scalarCount, plain.parameters.scalarCount)
    run.report(
      "exact at length \(short), attention", with.0.exact,
      run.choose(smoke: .atLeast(0.5), full: .atLeast(0.99)), parameters: size)
    run.report("exact at length \(short), without", without.0.exact, parameters: plainSize)
    run.report("letters right at length \(long), attention", with.1.tokens, parameters: size)
    run.report("letters right at length \(long), without", without.1.tokens, parameters: plainSize)
    run.report(
      "the difference", with.1.tokens - without.1.tokens,
      run.choose(smoke: nil, full: .atLeast(0.2)))

    let (share, picture) = alignment(
      model, sequences(200, length: short, seed: run.seed &+ 2_000_003), on: graph)
    run.report(
      "largest weights within one of the anti-diagonal, length \(short)", share,
      run.choose(smoke: nil, full: .atLeast(0.95)))
    run.show(.heatMap(picture))
  }

  /// For how many of the letters that should be written the largest weight is at most one place beside the
  /// letter's own, and the weights of the first sequence.
  private static func alignment(
    _ model: Translator, _ sources: [[Token]], on graph: Graph<Float>
  ) -> (Double, HeatMapFigure) {
    let T = sources[0].count
    let batch = PaddedBatch(sources, padding: Padding(with: task.padding))
    let alignments = model.evaluate(on: graph) {
      $0.alignments(
        of: batch.tokens, lengths: batch.lengths, writing: sources.map { $0.reversed() },
        begin: task.begin, on: $1)
    }
    // What stands behind the letters is the end's.
    let close = alignments.reduce(0) { sum, alignment in
      sum + alignment.strongest.prefix(T).enumerated().count { abs($1 - (T - 1 - $0)) <= 1 }
    }
    func name(_ token: Token) -> String {
      String(UnicodeScalar(UInt8(UInt8(ascii: "a") + UInt8(token - 3))))
    }
    return (
      Double(close) / Double(sources.count * T),
      HeatMapFigure(
        title: "Where attention looks", rowAxis: "written", columnAxis: "read",
        rows: sources[0].reversed().map(name), columns: sources[0].map(name),
        values: Array(alignments[0].weights.prefix(T)))
    )
  }
}
