import Autodiff
import Charts
import LinAlg
import Recurrent
import SequenceModels

/// The part of speech of each word of a sentence: many to many, in step, both directions, ragged.
enum PartsOfSpeech: Experiment {
  static let name = "tagging"
  static let summary =
    "parts of speech of Chinese words in sentences, against each word's usual one"

  static func measure(_ run: ExperimentRun) throws {
    let sentences = try TaggedSentences(run.data).sentences
    let split = HeldOut(sentences.count, share: 0.1, seed: run.seed)
    let training = split.training.prefix(run.choose(smoke: 600, full: .max)).map { sentences[$0] }
    let held = split.held.prefix(run.choose(smoke: 300, full: .max)).map { sentences[$0] }

    let usual = UsualTags(training)
    let usualRight = held.flatMap { sentence in
      zip(sentence.words, sentence.tags).map { usual[$0] == $1 }
    }
    let baseline = Spread(usualRight).mean
    run.report(
      "each word's most frequent tag", baseline,
      run.choose(smoke: .atLeast(0.75), full: nil),
      note: "held-out tenth, \(usualRight.count) words, "
        + "\(Format.shortest(held.flatMap(\.words).map { usual.isKnown($0) ? 0 : 1 }.mean)) unknown"
    )

    let words = Vocabulary(
      counting: training.lazy.flatMap(\.words), special: [.padding, .unknown], minimumCount: 2)
    let tags = Vocabulary(counting: training.lazy.flatMap(\.tags), special: [.unknown])
    func pairs(_ sentences: [TaggedSentences.Sentence]) -> SequencePairs {
      SequencePairs(
        sources: sentences.map { words.encode($0.words) },
        targets: sentences.map { tags.encode($0.tags) }, padding: Padding(with: 0))
    }
    var rng = SeededGenerator(seed: run.seed)
    let (features, units) = (96, run.choose(smoke: 32, full: 96))
    var model = SequenceTagger(
      vocabularySize: words.count,
      encoder: Bidirectional { LSTM<Float>(inputSize: features, hiddenSize: units, using: &rng) },
      labels: tags.count, using: &rng)
    model.dropout = 0.5
    // Small, so that words that were seen twice weigh little.
    model.embedding = Embedding(
      vocabularySize: words.count, features: features, weights: .normal(0.1), using: &rng)
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    let source = pairs(training)
    var order = BatchOrder(source.buckets(batch: 16, seed: run.seed, pool: 64))
    var hidden = HiddenTokens(share: 0.02, unknown: words.unknown ?? 0, seed: run.seed &+ 1)
    let epochs = run.choose(smoke: 8, full: 8)
    let curve = try Fitting(updates: epochs * order.batchesPerEpoch, rate: 3e-3)
      .train(&model, on: graph, of: run) {
        var batch = source.batch(order.next())
        batch.sources = hidden.hiding(batch.sources, padding: source.sourcePadding)
        return batch
      } loss: { model, batch, graph in
        model(batch.sources.tokens, lengths: batch.sources.lengths, on: graph)
          .crossEntropy(batch.targets.tokens, lengths: batch.sources.lengths)
      }
    run.show(
      .lines(
        LineFigure(title: "Tagging", x: "update", y: "cross-entropy", series: [curve])))

    var accuracy = Accuracy()
    let tests = pairs(held)
    for numbers in tests.buckets(batch: 32, seed: 0).order(epoch: 0) {
      let batch = tests.batch(numbers)
      model.evaluate(on: graph) { model, graph in
        let scores = model(batch.sources.tokens, lengths: batch.sources.lengths, on: graph).value
        for (n, number) in numbers.enumerated() {
          let found = (0..<batch.sources.lengths[n]).map { t in
            tags.symbol(
              of: Token((0..<tags.count).max { scores[t, n, $0] < scores[t, n, $1] } ?? 0))
          }
          // Against the words of the text: a tag that was never trained on is wrong, and not <unk>.
          accuracy.add(found, expected: held[number].tags)
        }
      }
    }
    run.report(
      "both directions of an LSTM", accuracy.value,
      run.choose(smoke: nil, full: .atLeast(baseline + 0.03)),
      parameters: model.parameters.scalarCount, note: "the tag alone, and 3 points")
  }
}

/// Each word's most frequent tag; of unknown words the most frequent of all.
private struct UsualTags {
  private var usual: [String: String] = [:]
  private var commonest = ""

  init(_ sentences: [TaggedSentences.Sentence]) {
    var counts: [String: [String: Int]] = [:]
    var all: [String: Int] = [:]
    for sentence in sentences {
      for (word, tag) in zip(sentence.words, sentence.tags) {
        counts[word, default: [:]][tag, default: 0] += 1
        all[tag, default: 0] += 1
      }
    }
    usual = counts.mapValues(Self.most)
    commonest = Self.most(all)
  }

  subscript(word: String) -> String { usual[word] ?? commonest }

  func isKnown(_ word: String) -> Bool { usual[word] != nil }

  /// The most frequent; of several the first by name.
  private static func most(_ counts: [String: Int]) -> String {
    counts.max { $0.value < $1.value || ($0.value == $1.value && $0.key > $1.key) }?.key ?? ""
  }
}

extension [Int] {
  fileprivate var mean: Double { Double(reduce(0, +)) / Double(count) }
}
