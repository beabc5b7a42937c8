import Autodiff
import Charts
import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// Beam search on models that are trained here: against all that could be written, where that is little, and
/// against greedy decoding.
enum Beam: Experiment {
  static let name = "beam"
  static let summary = "beam search against brute force and against greedy decoding"

  private typealias Writer = EncoderDecoder<Bidirectional<GRU<Float>>, GRU<Float>>

  static func measure(_ run: ExperimentRun) throws {
    try compareWithAll(run)
    try compareOnSums(run)
    try compareOnDates(run)
  }

  /// A model that adds small numbers, written with three digits at most: 40 outputs that end.
  private static func compareWithAll(_ run: ExperimentRun) throws {
    let task = TranslationTask(padding: 0, begin: 1, end: 2)
    // Numbers to the base 3, whose digits are the tokens 3, 4 and 5.
    func digits(_ number: Int) -> [Token] {
      number < 3 ? [Token(3 + number)] : digits(number / 3) + [Token(3 + number % 3)]
    }
    let pairs: [(source: [Token], target: [Token])] = (0..<169).map { i in
      (digits(i / 13) + [6] + digits(i % 13), digits(i / 13 + i % 13))
    }
    var rng = SeededGenerator(seed: run.seed)
    var model = makeWriter(vocabulary: 7, units: 8, using: &rng)
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    // Not trained to the end: what is certain is found by anything.
    try task.train(&model, on: graph, updates: 100, rate: 0.01, run: run) {
      task.batch((0..<32).map { _ in pairs[Int.random(in: 0..<pairs.count, using: &rng)] })
    }
    let sources = Array(pairs.shuffled(using: &rng).prefix(run.choose(smoke: 10, full: 50)))
    var outputs: [[Token]] = [[]]
    for length in 0..<3 {
      outputs += outputs.filter { $0.count == length }
        .flatMap { start in [3, 4, 5].map { start + [$0] } }
    }
    for penalty in [0.0, 1.0] {
      var search = BeamSearch(width: outputs.count, maximumLength: 3)
      search.best = 5
      search.lengthPenalty = penalty
      // Brute force knows neither the other tokens nor what begins and fills.
      search.banned = [0, 1, 6]
      var different = 0
      for (source, _) in sources {
        let found = self.search(model, [source], search, task, on: graph)[0]
        let scores = logProbabilities(model, source, outputs, task, on: graph)
          .enumerated().map { i, log in
            (outputs[i], log / .pow(Double(5 + outputs[i].count) / 6, penalty))
          }
        let expected = scores.sorted { $0.1 > $1.1 }.prefix(5)
        for (a, b) in zip(found, expected) where a.tokens != b.0 {
          // Equal but for rounding: another order is no other answer.
          let own = scores.first { $0.0 == a.tokens }?.1 ?? -.infinity
          if abs(own - b.1) > 1e-5 { different += 1 }
        }
        if found.count != 5 { different += 5 - found.count }
      }
      run.report(
        "unlike brute force, length penalty \(Format.shortest(penalty))", Double(different),
        .equal(0),
        note: "best 5 of \(outputs.count) outputs, \(sources.count) sources")
    }
  }

  /// Sums of two numbers of three digits, while they are still being learned.
  private static func compareOnSums(_ run: ExperimentRun) throws {
    let task = TranslationTask(padding: 0, begin: 1, end: 2)
    func encode(_ text: String) -> [Token] {
      text.utf8.map { $0 == UInt8(ascii: "+") ? 13 : Token($0 - UInt8(ascii: "0")) + 3 }
    }
    var rng = SeededGenerator(seed: run.seed &+ 1)
    func draw() -> (source: [Token], target: [Token]) {
      let (a, b) = (Int.random(in: 0..<1000, using: &rng), Int.random(in: 0..<1000, using: &rng))
      return (encode("\(a)+\(b)"), encode("\(a + b)"))
    }
    var generator = SeededGenerator(seed: run.seed)
    var model = makeWriter(
      vocabulary: 14, units: run.choose(smoke: 32, full: 64), using: &generator)
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    let updates = run.choose(smoke: 600, full: 1000)
    try task.train(&model, on: graph, updates: updates, rate: 0.005, run: run) {
      task.batch((0..<64).map { _ in draw() })
    }
    let pairs = (0..<run.choose(smoke: 100, full: 1000)).map { _ in draw() }
    compare("sums", model, pairs, task, maximumLength: 6, run, on: graph)
  }

  /// Dates in 20 forms, while they are still being learned.
  private static func compareOnDates(_ run: ExperimentRun) throws {
    let data = DateTask(seed: run.seed)
    let (model, graph) = try data.train(
      run, units: 32, updates: run.choose(smoke: 200, full: 500))
    var rng = SeededGenerator(seed: run.seed &+ 2)
    let pairs = data.heldOut.prefix(run.choose(smoke: 50, full: 1000)).map { day in
      let form = Int.random(in: 0..<WrittenDate.formCount, using: &rng)
      return (source: data.encode(day.written(form)), target: data.encode(day.iso))
    }
    compare("dates", model, pairs, data.task, maximumLength: 12, run, on: graph)
  }

  /// Exact match of widths 2, 5 and 10 against greedy decoding, on the same items.
  private static func compare(
    _ what: String, _ model: Writer, _ pairs: [(source: [Token], target: [Token])],
    _ task: TranslationTask, maximumLength: Int, _ run: ExperimentRun, on graph: Graph<Float>
  ) {
    let sources = pairs.map(\.source)
    let greedy = task.write(model, sources, maximumLength: maximumLength, on: graph)
    let isRight = zip(greedy, pairs).map { $0 == $1.target }
    let count = Double(pairs.count)
    run.report("\(what), greedy: exact", Double(isRight.count { $0 }) / count)
    for width in [2, 5, 10] {
      var found: [[Token]] = []
      let search = BeamSearch(width: width, maximumLength: maximumLength)
      for start in stride(from: 0, to: sources.count, by: 50) {
        let some = Array(sources[start..<min(start + 50, sources.count)])
        found += self.search(model, some, search, task, on: graph).map { $0.first?.tokens ?? [] }
      }
      let gains = zip(zip(found, pairs).map { $0 == $1.target }, isRight).map { beam, greedy in
        (beam ? 1.0 : 0.0) - (greedy ? 1.0 : 0.0)
      }
      let gain = gains.reduce(0, +) / count
      let variance = gains.reduce(0) { $0 + ($1 - gain) * ($1 - gain) } / (count - 1)
      let error = (variance / count).squareRoot()
      run.report(
        "\(what), width \(width): exact",
        Double(zip(found, pairs).count { $0 == $1.target }) / count)
      run.report(
        "\(what), width \(width): gain in its standard errors", error > 0 ? gain / error : 0,
        .atLeast(-2), note: "\(pairs.count) pairs, gain \(Format.shortest(gain))")
    }
  }

  private static func makeWriter(
    vocabulary: Int, units: Int, using rng: inout SeededGenerator
  ) -> Writer {
    Writer(
      sourceVocabulary: vocabulary, targetVocabulary: vocabulary,
      encoder: Bidirectional { GRU(inputSize: 16, hiddenSize: units, using: &rng) },
      attention: .general, units: units, embeddingSize: 16, using: &rng
    ) { GRU(inputSize: $0, hiddenSize: units, using: &$1) }
  }

  private static func search(
    _ model: Writer, _ sources: [[Token]], _ search: BeamSearch, _ task: TranslationTask,
    on graph: Graph<Float>
  ) -> [[Hypothesis]] {
    let batch = PaddedBatch(sources, padding: Padding(with: task.padding))
    return model.evaluate(on: graph) { model, graph in
      let encoded = model.encode(batch.tokens, lengths: batch.lengths, on: graph)
      let rows = encoded.repeated(search.width)
      return search(from: encoded.state, begin: task.begin, end: task.end) { tokens, state in
        model.step(tokens, state, rows, on: graph)
      }
    }
  }

  /// `log P` of each output that ends, by teacher forcing.
  private static func logProbabilities(
    _ model: Writer, _ source: [Token], _ outputs: [[Token]], _ task: TranslationTask,
    on graph: Graph<Float>
  ) -> [Double] {
    let batch = task.batch(outputs.map { (source, $0) })
    return model.evaluate(on: graph) { model, graph in
      let scores = model(
        batch.sources.tokens, lengths: batch.sources.lengths, inputs: batch.inputs.tokens,
        on: graph
      ).logSoftmax().value
      return outputs.indices.map { n in
        (0..<batch.labels.lengths[n]).reduce(0.0) {
          $0 + Double(scores[$1, n, Int(batch.labels.tokens[$1, n])])
        }
      }
    }
  }
}
