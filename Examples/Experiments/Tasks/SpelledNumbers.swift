import Autodiff
import Charts
import LinAlg
import Recurrent
import SequenceModels

/// Numbers below a million from their digits to English words: one to many. A tenth of the numbers from 100 on
/// is held out.
enum SpelledNumbers: Experiment {
  static let name = "spelled-numbers"
  static let summary = "a number's digits, as one vector, spelled in English words"

  private static let digits = 6

  static func measure(_ run: ExperimentRun) throws {
    let vocabulary = Vocabulary(
      NumberWords.all, special: [.padding, .beginning, .end])
    let frame = SequenceFrame(vocabulary)
    var rng = SeededGenerator(seed: run.seed)
    /// A number of one to six digits, each as likely, that is held out or not.
    func draw(heldOut: Bool) -> Int {
      while true {
        let range = Int(pow10(Int.random(in: 0..<digits, using: &rng)))
        let number = Int.random(in: (range == 1 ? 0 : range)..<10 * range, using: &rng)
        if isHeldOut(number, seed: run.seed) == heldOut { return number }
      }
    }
    let writer = LanguageModel<LSTM<Float>>.lstm(
      vocabularySize: vocabulary.count, embeddingSize: 32,
      hiddenSize: run.choose(smoke: 64, full: 192), using: &rng)
    var model = SequenceGenerator(inputSize: 10 * digits, writer: writer, using: &rng)
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    let curve = try Fitting(updates: run.choose(smoke: 1200, full: 4000), rate: 4e-3)
      .train(&model, on: graph, of: run) {
        let numbers = (0..<64).map { _ in draw(heldOut: false) }
        return (vectors(numbers), frame(numbers.map { vocabulary.encode(NumberWords.of($0)) }))
      } loss: { model, batch, graph in
        model.writer.loss(batch.1, from: model.start(graph.constant(batch.0)), on: graph)
      }
    run.show(
      .lines(
        LineFigure(
          title: "Spelling numbers", x: "update", y: "cross-entropy", series: [curve])))

    let tests = (0..<run.choose(smoke: 200, full: 5000)).map { _ in draw(heldOut: true) }
    let search = SequenceSampler.greedy(maximumLength: 16)
    let written = model.evaluate(on: graph) { model, graph in
      search(
        from: model.start(graph.constant(vectors(tests))), begin: frame.beginning, end: frame.end
      ) { model.writer.step($0, $1, on: graph) }.map { $0[0] }
    }
    var exact = ExactMatch()
    for (number, found) in zip(tests, written) {
      exact.add(
        found.hasEnded ? found.tokens : [], reference: vocabulary.encode(NumberWords.of(number)))
    }
    run.report(
      "exact", exact.value, run.choose(smoke: .atLeast(0.9), full: .atLeast(0.99)),
      parameters: model.parameters.scalarCount, note: "\(exact.count) numbers that were held out")
    run.show(
      .text(
        title: "Spelled",
        lines: zip(tests, written).prefix(10).map {
          "\($0): \(vocabulary.decode($1.tokens).joined(separator: " "))"
        }))
  }

  private static func pow10(_ exponent: Int) -> Int { (0..<exponent).reduce(1) { n, _ in 10 * n } }

  /// By a hash, so that no list of them is needed.
  private static func isHeldOut(_ number: Int, seed: UInt64) -> Bool {
    var generator = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(number))
    return number >= 100 && generator.next() % 10 == 0
  }

  /// One of ten features for each of six digits, the units' last.
  private static func vectors(_ numbers: [Int]) -> SequenceBatch<Float> {
    var x = SequenceBatch<Float>.zeros(steps: 1, batch: numbers.count, features: 10 * digits)
    for (n, number) in numbers.enumerated() {
      var rest = number
      for place in (0..<digits).reversed() {
        x[0, n, 10 * place + rest % 10] = 1
        rest /= 10
      }
    }
    return x
  }
}

/// Numbers below a million in English, as people say them.
enum NumberWords {
  private static let small = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
  ]
  private static let tens = [
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
  ]

  /// Every word that occurs.
  static let all = small + tens + ["hundred", "thousand", "and"]

  /// The words of a number: 120,304 is one hundred and twenty thousand three hundred and four.
  static func of(_ number: Int) -> [String] {
    switch number {
    case ..<20: [small[number]]
    case ..<100: [tens[number / 10 - 2]] + (number % 10 == 0 ? [] : [small[number % 10]])
    case ..<1000:
      [small[number / 100], "hundred"] + (number % 100 == 0 ? [] : ["and"] + of(number % 100))
    default:
      of(number / 1000) + ["thousand"]
        + (number % 1000 == 0 ? [] : (number % 1000 < 100 ? ["and"] : []) + of(number % 1000))
    }
  }
}
