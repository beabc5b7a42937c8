import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// Dates as people write them, in 20 forms, to ISO 8601, character by character, with attention (Bahdanau et
/// al. 2015). A tenth of the days of a century is held out in every form.
enum Dates: Experiment {
  static let name = "dates"
  static let summary = "dates written in 20 forms, rewritten as ISO 8601"

  typealias Translator = EncoderDecoder<Bidirectional<GRU<Float>>, GRU<Float>>

  static func measure(_ run: ExperimentRun) throws {
    let data = DateTask(seed: run.seed)
    let (model, graph) = try data.train(
      run, units: run.choose(smoke: 32, full: 64), updates: run.choose(smoke: 300, full: 1500))
    let days = data.heldOut.prefix(run.choose(smoke: 10, full: 200))
    let size = model.parameters.scalarCount
    var (all, worst) = (ExactMatch(), (form: 0, exact: 2.0))
    for form in 0..<WrittenDate.formCount {
      let written = data.task.write(
        model, days.map { data.encode($0.written(form)) }, maximumLength: 12, on: graph)
      var own = ExactMatch()
      for (day, tokens) in zip(days, written) { own.add(tokens, reference: data.encode(day.iso)) }
      if own.value < worst.exact { worst = (form, own.value) }
      all += own
    }
    run.report(
      "exact", all.value, run.choose(smoke: .atLeast(0.5), full: .atLeast(0.99)),
      parameters: size, note: "\(all.count) dates of days that were held out")
    run.report(
      "exact in the worst form", worst.exact,
      note: data.heldOut.first.map { "as \($0.written(worst.form))" })
    if let day = days.first {
      run.show(.heatMap(data.alignment(model, day.written(7), on: graph)))
    }
  }
}

/// Dates for an encoder–decoder: which are trained on, and their characters.
struct DateTask {
  let vocabulary: Vocabulary
  let task: TranslationTask
  let trained: [WrittenDate]
  let heldOut: [WrittenDate]

  init(seed: UInt64) {
    var rng = SeededGenerator(seed: seed)
    let days = WrittenDate.all.shuffled(using: &rng)
    (heldOut, trained) = (Array(days.prefix(days.count / 10)), Array(days[(days.count / 10)...]))
    let text = days.prefix(1000).map { day in
      (0..<WrittenDate.formCount).map(day.written).joined() + day.iso
    }
    vocabulary = Vocabulary(counting: CharacterTokenizer().symbols(of: text.joined()))
    task = TranslationTask(
      padding: vocabulary.padding ?? 0, begin: vocabulary.beginning ?? 0,
      end: vocabulary.end ?? 0)
  }

  func encode(_ text: String) -> [Token] {
    vocabulary.encode(CharacterTokenizer().symbols(of: text))
  }

  /// A model after some updates of 64 dates each.
  func train(
    _ run: ExperimentRun, units: Int, updates: Int
  ) throws -> (Dates.Translator, Graph<Float>) {
    var rng = SeededGenerator(seed: run.seed &+ 1)
    var model = Dates.Translator(
      sourceVocabulary: vocabulary.count, targetVocabulary: vocabulary.count,
      encoder: Bidirectional { GRU(inputSize: 32, hiddenSize: units, using: &rng) },
      attention: .additive(units: units), feedsInput: false, units: units, embeddingSize: 32,
      using: &rng
    ) { GRU(inputSize: $0, hiddenSize: units, using: &$1) }
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    try task.train(&model, on: graph, updates: updates, rate: 0.005, run: run) {
      task.batch(
        (0..<64).map { _ in
          let day = trained[Int.random(in: 0..<trained.count, using: &rng)]
          let form = Int.random(in: 0..<WrittenDate.formCount, using: &rng)
          return (encode(day.written(form)), encode(day.iso))
        })
    }
    return (model, graph)
  }

  /// Where the model looks while it writes one date.
  func alignment(
    _ model: Dates.Translator, _ text: String, on graph: Graph<Float>
  ) -> HeatMapFigure {
    let source = encode(text)
    let written = task.write(model, [source], maximumLength: 12, on: graph)[0]
    let batch = PaddedBatch([source], padding: Padding(with: task.padding))
    let alignment = model.evaluate(on: graph) {
      $0.alignments(
        of: batch.tokens, lengths: nil, writing: [written], begin: task.begin, on: $1)[0]
    }
    return HeatMapFigure(
      title: "Where attention looks: \(text)", rowAxis: "written", columnAxis: "read",
      rows: written.map { vocabulary.symbol(of: $0) },
      columns: source.map { vocabulary.symbol(of: $0) },
      values: Array(alignment.weights.prefix(written.count)))
  }
}
