import Autodiff
import LinAlg
import RealModule
import SequenceModels
import Testing

@Suite struct WordVectorTrainerTests {
  typealias Options = WordVectorOptions

  static let methods: [Options] = Options.Model.allCases.flatMap { model in
    [.negativeSampling(3), .hierarchicalSoftmax, .fullSoftmax].map { Options(model, $0) }
  }

  static let sentences: [[Token]] = [[0, 1, 2, 0, 3], [4, 1, 1, 0, 2, 4], [3], [], [0, 4]]

  /// A small corpus read without chance but that of noise.
  static func small(_ options: Options) -> Options {
    var options = options
    (options.features, options.window, options.hasDynamicWindow) = (4, 2, false)
    (options.subsampling, options.epochs, options.rate, options.finalRate) = (nil, 2, 0.3, 0.1)
    return options
  }

  static func trainer<S>(_ options: Options, _: S.Type = S.self) -> WordVectorTrainer<S> {
    var trainer = WordVectorTrainer<S>(options, vocabulary: Vocabulary(["a", "b", "c", "d", "e"]))
    // Zeros would hide what their products add.
    var rng = SeededGenerator(seed: 9)
    let rows = trainer.outputs.rows
    trainer.start(
      from: .uniform(rows: 5, columns: options.features, in: -1..<1, using: &rng),
      outputs: .uniform(rows: rows, columns: options.features, in: -1..<1, using: &rng))
    return trainer
  }

  /// The examples of a sentence.
  static func examples(
    _ options: Options, _ corpus: WordCorpus, _ sentence: [Token], number: Int, epoch: Int
  ) -> RowExamples {
    var (examples, scratch) = (RowExamples(), ExampleMaker.Scratch())
    ExampleMaker(options, counts: corpus.counts).addExamples(
      of: sentence[...], number: number, epoch: epoch, to: &examples, limit: .max,
      scratch: &scratch
    ) { _ in }
    return examples
  }

  /// Example `e` alone: its words, and the words or nodes that it predicts with their answers.
  static func example(_ examples: RowExamples, _ e: Int) -> (inputs: [Int], outputs: [(Int, Bool)])
  {
    let inputs = examples.inputs[
      Int(examples.inputStarts[e])..<Int(examples.inputStarts[e + 1])]
    let outputs = examples.outputs[
      Int(examples.outputStarts[e])..<Int(examples.outputStarts[e + 1])]
    return (inputs.map { Int($0) }, outputs.map { (Int($0 < 0 ? ~$0 : $0), $0 >= 0) })
  }

  /// The loss of an example, from its definition.
  static func loss(
    _ options: Options, _ inputs: [Int], _ outputs: [(Int, Bool)], _ v: Matrix<Double>,
    _ u: Matrix<Double>
  ) -> Double {
    let h = (0..<options.features).map { j in
      inputs.reduce(0) { $0 + v[$1, j] } / Double(inputs.count)
    }
    func score(_ row: Int) -> Double { h.indices.reduce(0) { $0 + h[$1] * u[row, $1] } }
    if options.output == .fullSoftmax {
      let sum = (0..<u.rows).reduce(0) { $0 + Double.exp(score($1)) }
      return Double.log(sum) - score(outputs[0].0)
    }
    return outputs.reduce(0) { $0 - Double.log(1 / (1 + .exp($1.1 ? -score($1.0) : score($1.0)))) }
  }

  /// Training is one step of descent along each example's loss after the other, by central differences; the
  /// words of an example all move by the gradient at their mean.
  @Test(arguments: methods) func `training descends along the loss`(method: Options) {
    let options = Self.small(method)
    var trained = Self.trainer(options, Double.self)
    var (v, u) = (trained.vectors.vectors, trained.outputs)
    let corpus = WordCorpus(Self.sentences, vocabularySize: 5)
    var losses: [Double] = []
    trained.train(on: corpus, wantsLoss: true) { epoch, loss in
      losses.append(loss)
      return true
    }
    let step = 1e-5
    for epoch in 0..<2 {
      var (total, count) = (0.0, 0)
      for (number, sentence) in Self.sentences.enumerated() {
        let examples = Self.examples(options, corpus, sentence, number: number, epoch: epoch)
        for e in 0..<examples.count {
          let (inputs, outputs) = Self.example(examples, e)
          let rate = 0.3 - 0.2 * (Double(14 * epoch) + Self.readAtFlush) / 28
          total += Self.loss(options, inputs, outputs, v, u)
          count += 1
          var (nextV, nextU) = (v, u)
          for i in Set(inputs) {
            for j in 0..<4 {
              var (above, below) = (v, v)
              above[i, j] += step
              below[i, j] -= step
              let slope =
                (Self.loss(options, inputs, outputs, above, u)
                  - Self.loss(options, inputs, outputs, below, u)) / (2 * step)
              nextV[i, j] -= rate * slope * Double(inputs.count)
            }
          }
          for i in 0..<u.rows {
            for j in 0..<4 {
              var (above, below) = (u, u)
              above[i, j] += step
              below[i, j] -= step
              let slope =
                (Self.loss(options, inputs, outputs, v, above)
                  - Self.loss(options, inputs, outputs, v, below)) / (2 * step)
              nextU[i, j] -= rate * slope
            }
          }
          (v, u) = (nextV, nextU)
        }
      }
      #expect(abs(losses[epoch] - total / Double(count)) < 1e-7, "epoch \(epoch)")
    }
    #expect(Self.largestDifference(trained.vectors.vectors, v) < 1e-7)
    #expect(Self.largestDifference(trained.outputs, u) < 1e-7)
  }

  /// All examples of an epoch fit one call, whose rate is that of the last sentence's beginning: 12 words.
  static let readAtFlush = 12.0

  static func largestDifference(_ a: Matrix<Double>, _ b: Matrix<Double>) -> Double {
    zip(a.elements, b.elements).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test(arguments: methods) func `examples are words, their neighbours and their targets`(
    method: Options
  ) {
    let options = Self.small(method)
    let corpus = WordCorpus(Self.sentences, vocabularySize: 5)
    let sentence = Self.sentences[1]
    let examples = Self.examples(options, corpus, sentence, number: 1, epoch: 0)
    var pairs: [(inputs: [Int], word: Int)] = []
    for i in sentence.indices {
      let around = (max(0, i - 2)...min(5, i + 2)).filter { $0 != i }.map { Int(sentence[$0]) }
      pairs +=
        options.model == .skipGram
        ? around.map { ([$0], Int(sentence[i])) } : [(around, Int(sentence[i]))]
    }
    let tree = HuffmanTree(counts: corpus.counts)
    #expect(examples.count == pairs.count)
    for (e, pair) in pairs.enumerated() {
      let (inputs, outputs) = Self.example(examples, e)
      #expect(inputs == pair.inputs)
      switch options.output {
      case .fullSoftmax: #expect(outputs.map(\.0) == [pair.word])
      case .hierarchicalSoftmax: #expect(outputs.count == tree.depth(of: Token(pair.word)))
      case .negativeSampling(let count):
        #expect(outputs.first.map { $0.0 } == pair.word && outputs.first?.1 == true)
        #expect(outputs.dropFirst().allSatisfy { $0.0 != pair.word && !$0.1 })
        #expect(outputs.count <= 1 + count)
      }
    }
  }

  /// The probabilities that the tree's decisions make of any vector sum to 1.
  @Test func `decisions of a tree are a distribution over words`() {
    var options = Self.small(Options(.continuousBag, .hierarchicalSoftmax))
    options.window = 1
    let trainer = Self.trainer(options, Double.self)
    let corpus = WordCorpus(Self.sentences, vocabularySize: 5)
    let sum = (0..<5).reduce(0.0) { sum, word in
      let examples = Self.examples(options, corpus, [0, Token(word)], number: 0, epoch: 0)
      let (inputs, outputs) = Self.example(examples, 1)
      let loss = Self.loss(options, inputs, outputs, trainer.vectors.vectors, trainer.outputs)
      return sum + .exp(-loss)
    }
    #expect(abs(sum - 1) < 1e-12)
  }

  /// Words of one of three topics stand together.
  static func topics(_ rng: inout SeededGenerator) -> [[Token]] {
    (0..<400).map { _ in
      let topic = Token.random(in: 0..<3, using: &rng)
      return (0..<8).map { _ in 3 * Token.random(in: 0..<5, using: &rng) + topic }
    }
  }

  @Test(arguments: methods, [Options.Threads.one, .shared(3)])
  func `words of a topic become neighbours`(method: Options, threads: Options.Threads) {
    var rng = SeededGenerator(seed: 4)
    let corpus = WordCorpus(Self.topics(&rng), vocabularySize: 15)
    var options = method
    (options.features, options.threads, options.subsampling) = (12, threads, nil)
    (options.rate, options.epochs) = (0.1, 6)
    let vocabulary = Vocabulary((0..<15).map { "w\($0)" })
    var trainer = WordVectorTrainer<Float>(options, vocabulary: vocabulary)
    var losses: [Double] = []
    trainer.train(on: corpus, wantsLoss: true) { epoch, loss in
      losses.append(loss)
      return true
    }
    // What guessing costs: four decisions, or one of fifteen words.
    let guessing =
      options.output == .negativeSampling(3) ? 4 * Double.log(2) : Double.log(15)
    #expect(losses.count == 6 && (losses.last ?? .nan) < 0.9 * guessing, "\(losses)")
    let found = WordNeighbors(trainer.vectors).nearest(to: (0..<15).map { Token($0) }, count: 4)
    for (word, neighbors) in found.enumerated() {
      #expect(neighbors.allSatisfy { Int($0.token) % 3 == word % 3 }, "\(word): \(neighbors)")
    }
    guard threads == .one else { return }
    var again = WordVectorTrainer<Float>(options, vocabulary: vocabulary)
    again.train(on: corpus)
    #expect(again.vectors.vectors.elements == trainer.vectors.vectors.elements)
    #expect(again.outputs.elements == trainer.outputs.elements)
    options.seed = 2
    var other = WordVectorTrainer<Float>(options, vocabulary: vocabulary)
    other.train(on: corpus) { _, loss in
      #expect(loss.isNaN)
      return false
    }
    #expect(other.vectors.vectors.elements != trainer.vectors.vectors.elements)
  }

  @Test func `noise is drawn in proportion to its weights`() {
    var rng = SeededGenerator(seed: 6)
    let weights = [0, 1, 7.5, 0.01, 3, 0, 20]
    let table = NoiseTable(weights: weights)
    var counts = [Int](repeating: 0, count: 7)
    let draws = 200_000
    table.columns.withUnsafeBufferPointer { columns in
      for _ in 0..<draws { counts[Int(columns.token(rng.next()))] += 1 }
    }
    for (count, weight) in zip(counts, weights) {
      let share = weight / 31.51
      // Five standard deviations of a binomial share.
      let bound = 5 * (share * (1 - share) / Double(draws)).squareRoot()
      #expect(abs(Double(count) / Double(draws) - share) <= bound)
    }
  }

  @Test func `noise words are drawn as counts to the power of three quarters`() {
    var options = Options(.skipGram, .negativeSampling(5))
    options.subsampling = nil
    let corpus = WordCorpus(
      [10_000, 400, 20, 1].enumerated().map { word, count in
        [Token](repeating: Token(word), count: count)
      }, vocabularySize: 4)
    var drawn = [Int](repeating: 0, count: 4)
    for number in 0..<5000 {
      let examples = Self.examples(options, corpus, [3, 3], number: number, epoch: 0)
      for e in 0..<examples.count {
        for (word, isRight) in Self.example(examples, e).1 where !isRight { drawn[Int(word)] += 1 }
      }
    }
    let weights = corpus.counts.map { Double.pow(Double($0), 0.75) }
    // What is the target itself is drawn and left out.
    let total = Double(drawn.reduce(0, +))
    #expect(drawn[3] == 0 && total > 40_000)
    for word in 0..<3 {
      let share = weights[word] / (weights[0] + weights[1] + weights[2])
      #expect(
        abs(Double(drawn[word]) / total - share) < 5 * (share / total).squareRoot(), "\(word)")
    }
  }

  @Test func `near neighbours count more`() {
    var options = Options(.skipGram, .fullSoftmax)
    (options.window, options.subsampling) = (4, nil)
    // Positions as words, so that distances can be read off.
    let words = (0..<51).map { Token($0) }
    let corpus = WordCorpus([words], vocabularySize: 51)
    var distances = [Int](repeating: 0, count: 5)
    for number in 0..<400 {
      let examples = Self.examples(options, corpus, words, number: number, epoch: 1)
      for e in 0..<examples.count {
        let (inputs, outputs) = Self.example(examples, e)
        if (4..<47).contains(outputs[0].0) { distances[abs(inputs[0] - outputs[0].0)] += 1 }
      }
    }
    for distance in 1...4 {
      // Within reach for 5 − distance of 4 windows, on two sides of 43 words.
      let share = Double(distances[distance]) / Double(400 * 43 * 2)
      #expect(abs(share - Double(5 - distance) / 4) < 0.02, "\(distance)")
    }
  }

  @Test func `frequent words are left out as often as they should be`() {
    var options = Options(.continuousBag, .fullSoftmax)
    (options.window, options.subsampling, options.hasDynamicWindow) = (1, 0.01, false)
    // Word 0 is half of the corpus, and each of the others a hundredth.
    let maker = ExampleMaker(options, counts: [500_000] + [Int](repeating: 10_000, count: 50))
    var (scratch, kept) = (ExampleMaker.Scratch(), 0)
    let draws = 20_000
    for number in 0..<draws {
      var examples = RowExamples()
      // A pair makes examples where its first word was kept: the second always is.
      maker.addExamples(
        of: [0, 1][...], number: number, epoch: 0, to: &examples, limit: .max, scratch: &scratch
      ) { _ in }
      if examples.count > 0 { kept += 1 }
    }
    let share = 0.02.squareRoot() + 0.02
    // Five standard deviations of a binomial share.
    #expect(
      abs(Double(kept) / Double(draws) - share)
        < 5 * (share * (1 - share) / Double(draws)).squareRoot())
  }

  @Test func `sentences of symbols leave out what is unknown`() {
    let vocabulary = Vocabulary(counting: ["b", "b", "a", "x"], special: [.unknown])
    let corpus = WordCorpus([["a", "?", "b", "<unk>"], [], ["b"]], vocabulary: vocabulary)
    #expect(corpus.tokenCount == 3 && corpus.sentenceCount == 3)
    #expect(corpus.counts == [0, 2, 1, 0])
    var trainer = WordVectorTrainer<Float>(Options(), vocabulary: vocabulary)
    trainer.train(on: corpus)
    trainer.train(on: WordCorpus([[Token]](), vocabularySize: 4))
    #expect(trainer.vectors.vectors.elements.allSatisfy { $0.isFinite })
  }

  @Test func `wrong tokens, shapes and options trap`() async {
    let token = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = WordCorpus([[0, 5]], vocabularySize: 5)
    }
    #expect(message(token).contains("token 5 is outside the vocabulary of 5"))
    let negative = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = WordCorpus([[-1]], vocabularySize: 5)
    }
    #expect(message(negative).contains("token -1 is outside the vocabulary of 5"))
    let corpus = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var trainer = WordVectorTrainerTests.trainer(Options(), Float.self)
      trainer.train(on: WordCorpus([[0, 1]], vocabularySize: 6))
    }
    #expect(message(corpus).contains("a corpus over a vocabulary of 6, expected one of 5"))
    let shape = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var trainer = WordVectorTrainerTests.trainer(Options(), Float.self)
      trainer.start(from: .zeros(rows: 5, columns: 3), outputs: .zeros(rows: 5, columns: 100))
    }
    #expect(message(shape).contains("vectors [5, 3] and [5, 100], expected [5, 100] and [5, 100]"))
    let few = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = WordVectorTrainer<Float>(Options(), vocabulary: Vocabulary(["a"]))
    }
    #expect(message(few).contains("a vocabulary of 1, expected two symbols at least"))
    let noise = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = WordVectorTrainerTests.trainer(Options(.skipGram, .negativeSampling(0)), Float.self)
    }
    #expect(message(noise).contains("0 noise words"))
  }
}
