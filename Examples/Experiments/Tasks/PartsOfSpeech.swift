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
    let characters = Vocabulary(
      counting: training.lazy.flatMap(\.words).flatMap { $0.map(String.init) },
      special: [.padding, .unknown], minimumCount: 2)
    let tags = Vocabulary(counting: training.lazy.flatMap(\.tags), special: [.unknown])
    func batch(_ sentences: [TaggedSentences.Sentence]) -> Batch {
      Batch(sentences, words: words, characters: characters, tags: tags)
    }
    var rng = SeededGenerator(seed: run.seed)
    var model = WordTagger(
      words: words.count, characters: characters.count, tags: tags.count,
      units: run.choose(smoke: 32, full: 96), using: &rng)
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    var order = BatchOrder(
      LengthBuckets(
        lengths: training.map(\.words.count), batch: 16, seed: run.seed, pool: 64))
    var hidden = HiddenTokens(share: 0.05, unknown: words.unknown ?? 0, seed: run.seed &+ 1)
    let epochs = run.choose(smoke: 8, full: 8)
    let curve = try Fitting(updates: epochs * order.batchesPerEpoch, rate: 3e-3)
      .train(&model, on: graph, of: run) {
        var batch = batch(order.next().map { training[$0] })
        batch.words = hidden.hiding(batch.words, padding: Padding(with: words.padding ?? 0))
        return batch
      } loss: { model, batch, graph in
        model(batch, on: graph).crossEntropy(batch.tags.tokens, lengths: batch.tags.lengths)
      }
    run.show(
      .lines(
        LineFigure(title: "Tagging", x: "update", y: "cross-entropy", series: [curve])))

    var accuracy = Accuracy()
    for numbers in LengthBuckets(lengths: held.map(\.words.count), batch: 32, seed: 0)
      .order(epoch: 0)
    {
      let batch = batch(numbers.map { held[$0] })
      let best = model.evaluate(on: graph) { $0(batch, on: $1).value.argmax() }
      for (n, number) in numbers.enumerated() {
        let found = held[number].words.indices.map { tags.symbol(of: best[$0, n]) }
        // Against the words of the text: a tag that was never trained on is wrong, and not <unk>.
        accuracy.add(found, expected: held[number].tags)
      }
    }
    run.report(
      "words and their ends, both directions of an LSTM", accuracy.value,
      run.choose(smoke: nil, full: .atLeast(baseline + 0.03)),
      parameters: model.parameters.scalarCount, note: "the tag alone, and 3 points")
  }
}

/// Sentences as tokens: their words, the words' first and last characters, and their tags.
private struct Batch: Sendable {
  var words, first, last, tags: PaddedBatch

  init(
    _ sentences: [TaggedSentences.Sentence], words: Vocabulary, characters: Vocabulary,
    tags: Vocabulary
  ) {
    func padded(_ tokens: (TaggedSentences.Sentence) -> [Token]) -> PaddedBatch {
      PaddedBatch(sentences.map(tokens), padding: Padding(with: 0))
    }
    func ends(_ end: (String) -> Character?) -> PaddedBatch {
      padded { characters.encode($0.words.map { end($0).map(String.init) ?? "" }) }
    }
    self.words = padded { words.encode($0.words) }
    (first, last) = (ends(\.first), ends(\.last))
    self.tags = padded { tags.encode($0.tags) }
  }
}

/// A word is its own embedding and those of its first and last character, which say much of a word that is not
/// known (after Ling et al. 2015); then both directions of an LSTM and the scores of the tags.
private struct WordTagger: Model {
  private var word: Embedding<Float>
  private var first: Embedding<Float>
  private var last: Embedding<Float>
  private var encoder: Bidirectional<LSTM<Float>>
  private var output: Linear<Float>

  init(words: Int, characters: Int, tags: Int, units: Int, using rng: inout SeededGenerator) {
    // Small, so that what was seen twice weighs little.
    func embedding(_ count: Int, _ features: Int) -> Embedding<Float> {
      Embedding(vocabularySize: count, features: features, weights: .normal(0.1), using: &rng)
    }
    (word, first, last) = (
      embedding(words, 96), embedding(characters, 32), embedding(characters, 32)
    )
    encoder = Bidirectional { LSTM(inputSize: 160, hiddenSize: units, using: &rng) }
    output = Linear(inputSize: 2 * units, outputSize: tags, using: &rng)
  }

  mutating func visitParts(_ part: inout PartVisitor<Float>) {
    part("word", &word)
    part("first", &first)
    part("last", &last)
    part("encoder", &encoder)
    part("output", &output)
  }

  /// The scores of each word's tags, `[T, N, K]`.
  func callAsFunction(_ batch: Batch, on graph: Graph<Float>) -> Node<Float> {
    let x = Node.joined(
      [
        word(batch.words.tokens, on: graph), first(batch.first.tokens, on: graph),
        last(batch.last.tokens, on: graph),
      ], along: .features)
    let y = encoder(x.dropout(0.5), lengths: batch.words.lengths).outputs
    return output(y.dropout(0.5))
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
