import Autodiff
import Charts
import LinAlg
import Recurrent
import SequenceModels

/// English names of countries and languages into French, character by character: an encoder–decoder with
/// attention, and the same with a gate by which it copies and attention that sees what it has given (See et al.
/// 2017).
enum NameTranslation: Experiment {
  static let name = "translation"
  static let summary = "English to French names by characters, with attention, and copying"

  static func measure(_ run: ExperimentRun) throws {
    let names = try TranslatedNames(run.data)
    let seeds = run.choose(smoke: 1, full: 3)
    var (plain, copying) = ([NamePairs.Score](), [NamePairs.Score]())
    var (size, copyingSize) = (0, 0)
    for seed in (0..<UInt64(seeds)).map({ run.seed &+ $0 }) {
      let pairs = NamePairs(names, limit: run.choose(smoke: 1000, full: nil), seed: seed)
      var rng = SeededGenerator(seed: seed)
      let units = run.choose(smoke: 48, full: 128)
      let batch = 32
      var order = pairs.order(batch: batch, seed: seed)
      let fitting = Fitting(
        updates: run.choose(smoke: 4, full: 16) * order.batchesPerEpoch, rate: 3e-3)

      if run.budget == .full {
        try PeerTranslation(run.data).write(
          pairs, units: units, batch: batch, fitting: fitting, seed: seed)
      }
      var model = pairs.translator(units: units, using: &rng)
      size = model.parameters.scalarCount
      let graph = Graph<Float>(threads: run.threads, seed: seed)
      try fitting.train(&model, on: graph, of: run) {
        pairs.batch(order.next())
      } loss: {
        pairs.task.loss($0, $1, on: $2)
      }
      let written = pairs.task.write(
        model, pairs.held.map { pairs.tokens($0).source }, maximumLength: NamePairs.maximumLength,
        on: graph)
      plain.append(NamePairs.Score(written, of: pairs))
      run.say("seed \(seed): exact \(Format.shortest(plain[plain.count - 1].all))")

      var copier = PointerGenerator(
        pairs.translator(units: units, coverage: true, using: &rng),
        unknown: pairs.characters.unknown ?? 0, using: &rng)
      copyingSize = copier.parameters.scalarCount
      let second = Graph<Float>(threads: run.threads, seed: seed)
      try fitting.train(&copier, on: second, of: run) {
        pairs.batch(order.next())
      } loss: { model, batch, graph in
        let encoded = model.encode(
          batch.sources.tokens, wordCount: pairs.characters.count, lengths: batch.sources.lengths,
          on: graph)
        return model(encoded, inputs: batch.inputs.tokens, on: graph).scores
          .crossEntropy(batch.labels.tokens, lengths: batch.labels.lengths)
      }
      let copied = copies(copier, of: pairs, on: second)
      copying.append(NamePairs.Score(copied, of: pairs))
      run.say("seed \(seed): exact with copying \(Format.shortest(copying[copying.count - 1].all))")
      if seed == run.seed {
        show(written, of: pairs, in: run)
        showMistakes(written, copied, of: pairs, in: run)
      }
    }

    let spread = Spread(plain.map(\.all))
    var target: Target?
    var peer = "PyTorch has not been trained: Tools/peers/run translation"
    if run.budget == .full, let exact = try PeerTranslation(run.data).exact() {
      let torch = Spread(exact)
      // Over seeds or over held-out names, whichever is larger.
      let seeds =
        (spread.standardError * spread.standardError
        + torch.standardError * torch.standardError).squareRoot()
      let names =
        (2 * spread.mean * (1 - spread.mean)
        / Double(plain.reduce(0) { $0 + $1.right.count })).squareRoot()
      target = .atLeast(torch.mean - 2 * max(seeds, names))
      peer = "PyTorch \(Format.shortest(torch.mean)), less two standard errors of the difference"
    }
    run.report(
      "exact, attention", spread.mean, target, parameters: size,
      note: "held-out fifth, mean of \(seeds) seeds, "
        + "standard error \(Format.shortest(spread.standardError)); \(peer)")
    run.report("the same, names that differ by case at most", Spread(plain.map(\.same)).mean)
    run.report("the same, names that differ by more", Spread(plain.map(\.different)).mean)
    run.report(
      "exact, copying, with coverage", Spread(copying.map(\.all)).mean, parameters: copyingSize)
    run.report("the same, names that differ by case at most", Spread(copying.map(\.same)).mean)
    run.report("the same, names that differ by more", Spread(copying.map(\.different)).mean)
    run.report(
      "what copying gains on names that differ by case at most",
      Spread(zip(copying, plain).map { $0.same - $1.same }).mean,
      run.choose(smoke: nil, full: .atLeast(0.03)))
  }

  /// What the copying model writes for the held-out names, greedily.
  private static func copies(
    _ model: PointerGenerator<Bidirectional<GRU<Float>>, GRU<Float>>, of pairs: NamePairs,
    on graph: Graph<Float>
  ) -> [[Token]] {
    let sources = pairs.held.map { pairs.tokens($0).source }
    return stride(from: 0, to: sources.count, by: 250).flatMap { start in
      let batch = PaddedBatch(
        Array(sources[start..<min(start + 250, sources.count)]),
        padding: Padding(with: pairs.task.padding))
      return model.evaluate(on: graph) { model, graph in
        let encoded = model.encode(
          batch.tokens, wordCount: pairs.characters.count, lengths: batch.lengths, on: graph)
        return model.decode(
          encoded, by: BeamSearch(width: 1, maximumLength: NamePairs.maximumLength),
          begin: pairs.task.begin,
          end: pairs.task.end, on: graph
        ).map { $0[0].tokens }
      }
    }
  }

  /// The first names that were held out, beside what was written.
  private static func show(_ written: [[Token]], of pairs: NamePairs, in run: ExperimentRun) {
    let lines = zip(pairs.held, written).prefix(30).map { pair, tokens in
      let text = pairs.characters.decode(tokens).joined()
      return "\(pair.english) → \(text)" + (text == pair.french ? "" : " (\(pair.french))")
    }
    run.show(.text(title: "Written, and what was expected where that differs", lines: lines))
  }

  /// Names that were only to be copied and were not, by either model.
  private static func showMistakes(
    _ written: [[Token]], _ copied: [[Token]], of pairs: NamePairs, in run: ExperimentRun
  ) {
    var lines: [String] = []
    for ((pair, plain), copy) in zip(zip(pairs.held, written), copied) where pair.isSame {
      let (plain, copy) = (
        pairs.characters.decode(plain).joined(), pairs.characters.decode(copy).joined()
      )
      if plain != pair.french || copy != pair.french {
        lines.append("\(pair.french): \(plain), with copying \(copy)")
      }
    }
    run.show(
      .text(title: "Equal but for case, and written otherwise", lines: Array(lines.prefix(60))))
  }
}
