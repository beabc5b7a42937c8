import Autodiff
import Charts
import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// Whether a product review is positive, from its characters: many to one, over texts of very different
/// lengths.
enum ReviewMoods: Experiment {
  static let name = "reviews"
  static let summary =
    "positive and negative Chinese reviews by characters, against a logistic model"

  private typealias Classifier = SequenceClassifier<Bidirectional<LSTM<Float>>>

  static func measure(_ run: ExperimentRun) throws {
    let reviews = try Reviews(run.data)
    let split = HeldOut(reviews.texts.count, share: 0.1, seed: run.seed)
    let training = Array(split.training.prefix(run.choose(smoke: 1500, full: .max)))
    let texts = training.map { reviews.texts[$0] }
    let labels = training.map { reviews.isPositive[$0] }
    let expected = split.held.map { reviews.isPositive[$0] }

    let baseline = CharacterNGrams(texts, isPositive: labels, seed: run.seed)
    let baselineRight = split.held.map {
      baseline.isPositive(reviews.texts[$0]) == reviews.isPositive[$0]
    }
    let baselineShare = Spread(baselineRight).mean
    run.report(
      "logistic model over characters and pairs", baselineShare,
      run.choose(smoke: .atLeast(0.75), full: nil),
      parameters: baseline.parameterCount, note: "held-out tenth, \(expected.count) reviews")

    let tokenizer = CharacterTokenizer()
    let vocabulary = Vocabulary(
      counting: texts.lazy.flatMap { tokenizer.symbols(of: $0) }, special: [.padding, .unknown],
      minimumCount: 2)
    let tokens = reviews.texts.map { vocabulary.encode($0, by: tokenizer) }
    func classify(cut: Int) throws -> ([Bool], Int) {
      let padding = Padding(with: vocabulary.padding ?? 0, maximumLength: cut)
      func source(_ numbers: [Int]) -> LabelledSequences {
        LabelledSequences(
          numbers.map { tokens[$0] }, labels: numbers.map { reviews.isPositive[$0] ? 1 : 0 },
          padding: padding)
      }
      var rng = SeededGenerator(seed: run.seed)
      let units = run.choose(smoke: 32, full: 128)
      var reader = BidirectionalLanguageModel(
        counts: vocabulary.counts, features: run.choose(smoke: 32, full: 96), units: units,
        samples: run.choose(smoke: 100, full: 500), using: &rng)
      let graph = Graph<Float>(threads: run.threads, seed: run.seed)
      let sequences = source(training)
      var order = BatchOrder(sequences.buckets(batch: 32, seed: run.seed, pool: 16))
      var hidden = HiddenTokens(
        share: 0.1, unknown: vocabulary.unknown ?? 0, seed: run.seed &+ 1)
      // First the texts that are trained on are read without their labels.
      try Fitting(updates: run.choose(smoke: 2, full: 8) * order.batchesPerEpoch, rate: 3e-3)
        .train(&reader, on: graph, of: run) {
          sequences.batch(order.next()).sequences
        } loss: {
          $0.loss($1, on: $2)
        }
      var model = Classifier(
        vocabularySize: vocabulary.count, encoder: reader.encoder, classes: 2, pooling: .maximum,
        using: &rng)
      (model.embedding, model.dropout) = (reader.embedding, 0.5)
      let epochs = run.choose(smoke: 3, full: 5)
      let curve = try Fitting(updates: epochs * order.batchesPerEpoch, rate: 1e-3)
        .train(&model, on: graph, of: run) {
          var batch = sequences.batch(order.next())
          batch.sequences = hidden.hiding(batch.sequences, padding: padding)
          return batch
        } loss: { model, batch, graph in
          model(batch.sequences.tokens, lengths: batch.sequences.lengths, on: graph)
            .crossEntropy(batch.labels)
        }
      run.show(
        .lines(
          LineFigure(
            title: "Reviews of at most \(cut) characters", x: "update", y: "cross-entropy",
            series: [curve])))
      let held = source(split.held)
      var right = [Bool](repeating: false, count: split.held.count)
      for numbers in held.buckets(batch: 64, seed: 0).order(epoch: 0) {
        let batch = held.batch(numbers)
        model.evaluate(on: graph) { model, graph in
          let best = model(batch.sequences.tokens, lengths: batch.sequences.lengths, on: graph)
            .value.argmax()
          for (n, number) in numbers.enumerated() {
            right[number] = (best[0, n] == 1) == expected[number]
          }
        }
      }
      return (right, model.parameters.scalarCount)
    }

    let (right, size) = try classify(cut: run.choose(smoke: 40, full: 200))
    // Of the same items: how often one alone is right.
    let gain = Spread(zip(right, baselineRight).map { ($0 ? 1 : 0) - ($1 ? 1 : 0) })
    run.report(
      "both directions of an LSTM", Spread(right).mean,
      run.choose(smoke: nil, full: .above(baselineShare + 2 * gain.standardError)),
      parameters: size,
      note: "at most \(run.choose(smoke: 40, full: 200)) characters; "
        + "standard error of the difference \(Format.shortest(gain.standardError))")
    let (short, _) = try classify(cut: 25)
    run.report("the same, cut to 25 characters", Spread(short).mean)
  }
}
