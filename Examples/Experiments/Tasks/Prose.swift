import Autodiff
import Charts
import LinAlg
import Recurrent
import SequenceModels

/// Verses, and paragraphs of four verses, of the King James Bible: written from `<bos>`, ended by `<eos>`, and
/// compared with chapters that were held out.
enum Prose: Experiment {
  static let name = "prose"
  static let summary = "verses and paragraphs written from <bos> to <eos>: lengths and words"

  private typealias Writer = SequenceGenerator<LSTM<Float>>

  /// How many verses a paragraph has; the last of a chapter may have fewer.
  private static let paragraph = 4
  /// Of how many of the commonest words frequencies are compared.
  private static let common = 10

  static func measure(_ run: ExperimentRun) throws {
    let data = ScriptureTask(
      try Bible(run.data), chapters: run.choose(smoke: 60, full: nil), seed: run.seed)
    let frame = SequenceFrame(data.vocabulary)
    let training = sequences(data.training, between: frame.beginning)
    let heldOut = sequences(data.heldOut, between: frame.beginning)
    var rng = SeededGenerator(seed: run.seed)
    let writer = LanguageModel<LSTM<Float>>.lstm(
      vocabularySize: data.vocabulary.count, embeddingSize: run.choose(smoke: 32, full: 192),
      hiddenSize: run.choose(smoke: 48, full: 320), output: .tied, using: &rng)
    var model = Writer(classes: training.count, writer: writer, using: &rng)
    model.writer.dropout = run.choose(smoke: 0, full: 0.2)
    model.writer.output.samples = .unigram(
      count: run.choose(smoke: 200, full: 1000),
      counts: counts(training, of: data.vocabulary.count, end: frame.end), power: 0.75)
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    var orders = training.enumerated().map { kind, own in
      BatchOrder(
        FramedSequences(own, frame: frame)
          .buckets(batch: kind == 0 ? 48 : 16, seed: run.seed, pool: 16))
    }
    let perEpoch = orders.map(\.batchesPerEpoch)
    var turn = 0
    let curve = try Fitting(
      updates: run.choose(smoke: 800, full: 5 * (perEpoch[0] + perEpoch[1])), rate: 4e-3
    ).train(&model, on: graph, of: run) {
      // As many batches of one kind for each of the other as it has.
      turn += 1
      let kind = turn * perEpoch[1] % (perEpoch[0] + perEpoch[1]) < perEpoch[1] ? 1 : 0
      return (kind, frame(orders[kind].next().map { training[kind][$0] }))
    } loss: { model, batch, graph in
      let classes = TokenBatch(
        repeating: Token(batch.0), steps: 1, batch: batch.1.lengths.count)
      // Each token weighs the same. By batches of similar lengths, those of short sequences would weigh more
      // than they should, and their ends with them.
      let weight = Float(batch.1.tokenCount) / 1500
      return weight * model.writer.loss(batch.1, from: model.start(classes, on: graph), on: graph)
    }
    run.show(
      .lines(LineFigure(title: "Prose", x: "update", y: "loss", series: [curve])))

    let count = run.choose(smoke: 100, full: 1000)
    for (kind, name) in ["verses", "paragraphs"].enumerated() {
      var sampler = SequenceSampler(maximumLength: kind == 0 ? 200 : 700)
      (sampler.count, sampler.seed) = (count, run.seed)
      let written = model.evaluate(on: graph) { model, graph in
        sampler(
          from: model.start(TokenBatch(repeating: Token(kind), steps: 1, batch: 1), on: graph),
          begin: frame.beginning, end: frame.end
        ) { model.writer.step($0, $1, on: graph) }[0]
      }
      compare(written, with: heldOut[kind], name, data, run, model.parameters.scalarCount)
    }
  }

  /// Verses by themselves, and paragraphs of verses with a symbol between each two.
  private static func sequences(
    _ chapters: [[[Token]]], between symbol: Token
  ) -> [[[Token]]] {
    var paragraphs: [[Token]] = []
    for verses in chapters {
      for first in stride(from: 0, to: verses.count, by: paragraph) {
        paragraphs.append(
          Array(
            verses[first..<min(first + paragraph, verses.count)].joined(separator: [symbol])))
      }
    }
    return [Array(chapters.joined()), paragraphs]
  }

  /// How often each token is a label.
  private static func counts(_ kinds: [[[Token]]], of vocabularySize: Int, end: Token) -> [Int] {
    var counts = [Int](repeating: 0, count: vocabularySize)
    for sequence in kinds.joined() {
      for token in sequence { counts[Int(token)] += 1 }
      counts[Int(end)] += 1
    }
    return counts
  }

  private static func compare(
    _ written: [Hypothesis], with heldOut: [[Token]], _ name: String, _ data: ScriptureTask,
    _ run: ExperimentRun, _ parameters: Int
  ) {
    func lengths(_ sequences: [[Token]]) -> Spread { Spread(sequences.map { Double($0.count) }) }
    let (own, others) = (lengths(written.map(\.tokens)), lengths(heldOut))
    run.report(
      "\(name), mean length, deviation", abs(own.mean / others.mean - 1),
      // In seconds it does not learn which of the two it writes.
      run.choose(smoke: .atMost(0.8), full: .atMost(0.1)),
      parameters: parameters,
      note: """
        \(Format.shortest(own.mean)) of \(written.count) samples, \
        \(Format.shortest(others.mean)) of \(heldOut.count) held out
        """)
    run.report(
      "\(name), ended by <eos>", Double(written.count(where: \.hasEnded)) / Double(written.count),
      run.choose(smoke: .atLeast(0.9), full: .atLeast(0.99)))
    let (shares, expected) = (frequencies(written.map(\.tokens)), frequencies(heldOut))
    let words = expected.keys.sorted {
      (expected[$0] ?? 0, $1) > (expected[$1] ?? 0, $0)
    }.prefix(common)
    let (off, all) = words.reduce(into: (0.0, 0.0)) {
      $0.0 += abs((shares[$1] ?? 0) - (expected[$1] ?? 0))
      $0.1 += expected[$1] ?? 0
    }
    run.report(
      "\(name), frequencies of the \(common) commonest words, mean deviation", off / all,
      run.choose(smoke: .atMost(0.4), full: .atMost(0.1)),
      note: words.map {
        "\(data.vocabulary.symbol(of: $0)) \(Format.percent((shares[$0] ?? 0) / (expected[$0] ?? 1)))"
      }.joined(separator: ", "))
    run.show(
      .text(title: "Written: \(name)", lines: written.prefix(8).map { data.text($0.tokens) }))
  }

  /// What share of all tokens each is.
  private static func frequencies(_ sequences: [[Token]]) -> [Token: Double] {
    var counts: [Token: Double] = [:]
    for token in sequences.joined() { counts[token, default: 0] += 1 }
    let total = counts.values.reduce(0, +)
    return counts.mapValues { $0 / total }
  }
}
