import Autodiff
import Charts
import Foundation
import LinAlg
import Recurrent
import SequenceModels

/// A model of the words of the King James Bible against 5-grams with Kneser and Ney's discounts, on the same
/// tokens: a closed vocabulary, the same `<unk>`, and the ends of verses. A tenth of the chapters is held out.
enum WordModel: Experiment {
  static let name = "word-lm"
  static let summary = "perplexity of held-out chapters of the Bible, against 5-grams of IRSTLM"

  static func measure(_ run: ExperimentRun) throws {
    let data = ScriptureTask(
      try Bible(run.data), chapters: run.choose(smoke: 60, full: nil), seed: run.seed)
    let (V, verses) = (data.vocabulary.count, Array(data.heldOut.joined()))
    let grams = try IRSTLM(folder: run.data)
      .model(of: Array(data.training.joined()), order: 5, vocabularySize: V)
    let baseline = verses.map { grams.loss(of: $0) }
      .reduce(into: Loss()) { $0 += Loss(sum: $1.sum, count: $1.count) }
    // A model whose probabilities do not sum to 1 has no perplexity. `<bos>` and `<eos>` are no words of it.
    let outside = Set([data.vocabulary.beginning ?? -1, data.end])
    let totals = (0..<10).map {
      let verse = verses[$0 * (verses.count - 1) / 9]
      return grams.total(after: Array(verse.prefix(verse.count / 2)), besides: outside)
    }
    guard totals.allSatisfy({ abs($0 - 1) < 1e-3 }) else {
      throw ToolError("the probabilities of the 5-grams sum to \(totals)")
    }
    run.report(
      "5-grams", baseline.perplexity,
      note: "\(grams.count) n-grams, \(baseline.count) tokens of \(V - 1) kinds held out")

    var rng = SeededGenerator(seed: run.seed)
    var model = LanguageModel<LSTM<Float>>.lstm(
      vocabularySize: V, embeddingSize: run.choose(smoke: 32, full: 256),
      hiddenSize: run.choose(smoke: 48, full: 384), output: .tied, using: &rng)
    model.dropout = run.choose(smoke: 0.1, full: 0.4)
    model.output.samples = .unigram(
      count: run.choose(smoke: 200, full: 1000), counts: data.counts, power: 0.75)
    let streams = TokenStreams(
      data.stream(data.training), batch: run.choose(smoke: 8, full: 32), steps: 35)
    let test = data.stream(data.heldOut)
    let epochs = run.choose(smoke: 6, full: 8)
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    let updates = epochs * streams.windowCount
    var trainer = Trainer(optimizer: Adam(for: model.parameters))
    trainer.duration = .epochs(epochs)
    trainer.schedule = WarmUpCosine(
      peak: 3e-3, final: 3e-5, warmUpSteps: updates / 20, totalSteps: updates)
    // The held-out chapters choose nothing.
    trainer.keepsBest = false
    var curve = LineFigure.Series(name: "held out", x: [], y: [])
    trainer.didLook = { point in
      let perplexity = exp(point.validation ?? .nan)
      curve.x.append(point.epoch)
      curve.y.append(perplexity)
      run.say(
        "epoch \(Format.shortest(point.epoch)) of \(epochs), perplexity \(Format.shortest(perplexity))"
      )
    }
    var state: SequenceBatch<Float>?
    try trainer.run(
      &model, batches: .windows(of: streams),
      validate: {
        $0.evaluate(test, streams: 8, steps: 16, threads: run.threads).mean
      },
      step: { model, window, adam in
        if window.index == 0 { state = nil }
        return try model.trainingStep(
          window, state: &state, on: graph, optimizer: &adam, maximumNorm: 1)
      })
    let loss = model.evaluate(test, streams: 1, steps: 64, threads: run.threads)
    run.report(
      "LSTM", loss.perplexity,
      run.choose(smoke: .below(2 * baseline.perplexity), full: .below(baseline.perplexity)),
      parameters: model.parameters.scalarCount,
      note: "the same \(loss.count) tokens, after the last of \(epochs) epochs")
    run.show(
      .lines(
        LineFigure(
          title: "Words of the Bible", x: "epoch", y: "perplexity",
          series: [
            curve,
            LineFigure.Series(
              name: "5-grams", x: [1, Double(max(epochs, 2))],
              y: [baseline.perplexity, baseline.perplexity]),
          ])))
  }
}
