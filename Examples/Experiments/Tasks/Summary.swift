import Autodiff
import Charts
import LinAlg
import Recurrent
import SequenceModels

/// Summaries of short reports in which names that were never seen carry the point (See et al. 2017): with a
/// pointer–generator, and with the same encoder–decoder without copying.
///
/// A report has one sentence with news and some beside the point, in any order; all have names, and no name
/// occurs twice in training and measuring together. The summary says the news in other words, with its names
/// often in another order.
enum Summary: Experiment {
  static let name = "summary"
  static let summary = "names that no vocabulary has are copied into summaries"

  typealias Network = EncoderDecoder<Bidirectional<LSTM<Float>>, LSTM<Float>>

  static func measure(_ run: ExperimentRun) throws {
    var names = Names(seed: run.seed)
    let updates = run.choose(smoke: 150, full: 600)
    let batch = 32
    let vocabulary = Vocabulary(
      Set((Report.news.flatMap { [$0.0, $0.1] } + Report.besides).flatMap(words))
        .subtracting(Report.places).sorted(), special: Set(Vocabulary.Special.allCases))
    let network = try network(run, vocabulary: vocabulary.count)
    guard let unknown = vocabulary.unknown else { return }
    var rng = SeededGenerator(seed: run.seed &+ 7)
    var copying = PointerGenerator(network, unknown: unknown, using: &rng)
    var plain = network

    let fitting = Fitting(updates: updates, rate: 4e-3)
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    func draw() -> Batch { Batch((0..<batch).map { _ in Report(&names) }, vocabulary) }
    var curves = [
      try fitting.train(&copying, on: graph, of: run, next: draw) {
        $0($1.encoded($0, $2), inputs: $1.inputs.tokens, on: $2).scores
          .crossEntropy($1.targets.tokens, lengths: $1.targets.lengths)
      },
      try fitting.train(
        &plain, on: Graph(threads: run.threads, seed: run.seed), of: run, next: draw
      ) {
        $0(
          $1.known($1.sources.tokens), lengths: $1.sources.lengths,
          inputs: $1.known($1.inputs.tokens), on: $2
        ).crossEntropy($1.known($1.targets.tokens), lengths: $1.targets.lengths)
      },
    ]
    (curves[0].name, curves[1].name) = ("with copying", "without")

    let reports = (0..<run.choose(smoke: 100, full: 2000)).map { _ in Report(&names) }
    var (copied, written) = ([[String]](), [[String]]())
    var samples: [String] = []
    for first in stride(from: 0, to: reports.count, by: 100) {
      let some = Array(reports[first..<min(first + 100, reports.count)])
      let batch = Batch(some, vocabulary)
      let search = BeamSearch(width: 4, maximumLength: 16)
      let found = copying.evaluate(on: graph) {
        $0.decode(
          batch.encoded($0, $1), by: search, begin: batch.begin, end: batch.end, on: $1)
      }
      copied += found.map { batch.words.decode($0.first?.tokens ?? []) }
      let plainFound = plain.evaluate(on: graph) { model, graph in
        let encoded = model.encode(
          batch.known(batch.sources.tokens), lengths: batch.sources.lengths, on: graph)
        let rows = encoded.repeated(search.width)
        return search(from: encoded.state, begin: batch.begin, end: batch.end) { tokens, state in
          model.step(tokens, state, rows, on: graph)
        }
      }
      written += plainFound.map { batch.words.decode($0.first?.tokens ?? []) }
      if first > 0 { continue }
      for n in 0..<min(5, some.count) {
        samples += [
          some[n].source.joined(separator: " "), "  " + copied[n].joined(separator: " "),
          "  without copying: " + written[n].joined(separator: " "),
        ]
      }
      let alignment = copying.evaluate(on: graph) {
        $0.alignments(
          of: batch.encoded($0, $1), writing: found.map { $0.first?.tokens ?? [] },
          begin: batch.begin, on: $1)[0]
      }
      run.show(
        .heatMap(
          HeatMapFigure(
            title: "Where the summary looks", rowAxis: "written", columnAxis: "read",
            rows: copied[0] + ["<eos>"], columns: some[0].source,
            values: alignment.weights)))
    }
    let parameters = copying.parameters.scalarCount
    run.report(
      "names of the summary right, with copying", rightNames(copied, reports),
      .atLeast(run.choose(smoke: 0.9, full: 0.95)), parameters: parameters,
      note: "\(reports.count) reports of names never seen, beam of 4")
    run.report(
      "names of the summary right, without copying", rightNames(written, reports), .equal(0),
      parameters: plain.parameters.scalarCount)
    run.report(
      "summaries right word for word, with copying",
      Double(zip(copied, reports).count { $0 == $1.summary }) / Double(reports.count))
    run.show(.text(title: "Reports and summaries", lines: samples))
    run.show(
      .lines(
        LineFigure(
          title: "Summaries", x: "updates", y: "cross-entropy in nats", hasLogarithmicY: true,
          series: curves)))
  }

  /// The share of the names of all summaries that stand in their places.
  private static func rightNames(_ found: [[String]], _ reports: [Report]) -> Double {
    var (right, all) = (0, 0)
    for (text, report) in zip(found, reports) {
      for (place, word) in report.summary.enumerated() where report.names.contains(word) {
        all += 1
        if place < text.count, text[place] == word { right += 1 }
      }
    }
    return Double(right) / Double(all)
  }

  private static func network(_ run: ExperimentRun, vocabulary: Int) throws -> Network {
    var rng = SeededGenerator(seed: run.seed)
    let encoder = Bidirectional { LSTM<Float>(inputSize: 32, hiddenSize: 32, using: &rng) }
    return EncoderDecoder(
      sourceVocabulary: vocabulary, targetVocabulary: vocabulary, encoder: encoder,
      attention: .additive(units: 64), units: 64, embeddingSize: 32, using: &rng
    ) { inputSize, rng in LSTM<Float>(inputSize: inputSize, hiddenSize: 64, using: &rng) }
  }

  fileprivate static func words(_ text: String) -> [String] {
    text.split(separator: " ").map(String.init)
  }

  /// Names of random syllables, none of them twice.
  struct Names {
    private var rng: SeededGenerator
    private var used: Set<String> = []

    init(seed: UInt64) { rng = SeededGenerator(seed: seed &+ 3_000_017) }

    mutating func next() -> String {
      while true {
        let name = (0..<Int.random(in: 2...3, using: &rng)).map { _ in
          Self.syllable(using: &rng)
        }.joined()
        if used.insert(name).inserted { return name.prefix(1).uppercased() + name.dropFirst() }
      }
    }

    private static func syllable(using rng: inout SeededGenerator) -> String {
      let (first, middle, last) = ("bdfgklmnprstvz", "aeiou", "lmnrs")
      func letter(_ letters: String) -> String {
        letters.randomElement(using: &rng).map { String($0) } ?? ""
      }
      return letter(first) + letter(middle) + (Bool.random(using: &rng) ? letter(last) : "")
    }

    /// One of some things.
    mutating func pick<Element>(_ choices: [Element]) -> Element {
      choices[Int.random(in: 0..<choices.count, using: &rng)]
    }

    mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
      elements.shuffled(using: &rng)
    }
  }

  /// Some sentences and their summary.
  struct Report {
    static let places = ["A", "B", "C"]
    /// What a sentence says, and how a summary says it.
    static let news = [
      ("on monday A bought the old mill of B .", "B sells mill to A"),
      ("A beat B in the final at C .", "B loses final to A"),
      ("the council of A chose B as its new mayor .", "B becomes mayor of A"),
      ("A left the company that B had founded in C .", "company of B without A"),
      ("a bridge from A to B was opened by C .", "C opens bridge between A and B"),
      ("A was seen in B by a neighbour of C .", "neighbour of C finds A"),
      ("B has married A in the church of C .", "wedding of A and B in C"),
      ("the school of A will be closed , said B .", "B closes school in A"),
    ]
    static let besides = [
      "A did not want to say more .", "it rained in A all day .",
      "A and B were there too .", "the market of A was quiet .", "for A it was a long week .",
      "nobody asked A about B .", "A , who is from B , was content .",
    ]

    var source: [String] = []
    var summary: [String] = []
    var names: Set<String> = []

    init(_ names: inout Names) {
      var own: Set<String> = []
      func filled(_ texts: [String]) -> [[String]] {
        let byPlace = Dictionary(uniqueKeysWithValues: Self.places.map { ($0, names.next()) })
        return texts.map { text in
          words(text).map { word in
            guard let name = byPlace[word] else { return word }
            own.insert(name)
            return name
          }
        }
      }
      let (said, short) = names.pick(Self.news)
      let news = filled([said, short])
      let count = names.pick([1, 2, 3])
      var sentences = [news[0]]
      for _ in 0..<count { sentences += filled([names.pick(Self.besides)]) }
      source = names.shuffled(sentences).flatMap { $0 }
      summary = news[1]
      self.names = own
    }
  }

  /// Reports as tokens.
  struct Batch {
    let words: ExtendedVocabulary
    let sources: PaddedBatch
    let inputs: PaddedBatch
    let targets: PaddedBatch
    let begin: Token
    let end: Token

    init(_ reports: [Report], _ vocabulary: Vocabulary) {
      let words = ExtendedVocabulary(vocabulary, sources: reports.map(\.source))
      let (begin, end) = (vocabulary.beginning ?? 0, vocabulary.end ?? 0)
      let padding = Padding(with: vocabulary.padding ?? 0)
      let texts = reports.map { words.encode($0.summary, from: $0.source) }
      sources = PaddedBatch(reports.map { words.encode($0.source) }, padding: padding)
      inputs = PaddedBatch(texts.map { [begin] + $0 }, padding: padding)
      targets = PaddedBatch(texts.map { $0 + [end] }, padding: padding)
      (self.words, self.begin, self.end) = (words, begin, end)
    }

    func encoded(
      _ model: PointerGenerator<Bidirectional<LSTM<Float>>, LSTM<Float>>, _ graph: Graph<Float>
    ) -> PointerGenerator<Bidirectional<LSTM<Float>>, LSTM<Float>>.Encoded {
      model.encode(
        sources.tokens, wordCount: words.count, lengths: sources.lengths, on: graph)
    }

    /// The tokens as a model without copying knows them.
    func known(_ tokens: TokenBatch) -> TokenBatch {
      let unknown = words.vocabulary.unknown ?? 0
      return TokenBatch(
        steps: tokens.steps, batch: tokens.batch,
        tokens: tokens.tokens.map { Int($0) < words.vocabulary.count ? $0 : unknown })
    }
  }
}
