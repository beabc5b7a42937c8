import Autodiff
import LinAlg
import Recurrent
import SequenceModels
import Testing

@Suite struct PointerGeneratorTests {
  typealias Sample<S: RecurrentScalar> = PointerGenerator<Bidirectional<GRU<S>>, LSTM<S>>

  static func model<S>(
    coverage: Bool = false, score: Attention<S>.Score = .additive(units: 3), hidden: Int = 2,
    vocabulary: Int = 6, seed: UInt64 = 1
  ) -> Sample<S> {
    let base: EncoderDecoder<Bidirectional<GRU<S>>, LSTM<S>> = EncoderDecoderTests.model(
      score, feedsInput: false, coverage: coverage, hidden: hidden, vocabulary: vocabulary,
      seed: seed)
    var rng = SeededGenerator(seed: seed + 100)
    return PointerGenerator(base, unknown: 1, using: &rng)
  }

  // Six words of the vocabulary and three of the sources alone.
  static let source = TokenBatch(steps: 4, batch: 2, tokens: [2, 6, 7, 4, 7, 8, 2, 0])
  static let lengths = [4, 3]
  static let inputs = TokenBatch(steps: 3, batch: 2, tokens: [0, 0, 7, 2, 3, 8])
  static let targets = TokenBatch(steps: 3, batch: 2, tokens: [7, 2, 3, 8, 2, 4])

  static func pass(_ model: Sample<Double>, _ graph: Graph<Double>) -> DecoderPass<Double> {
    model(
      model.encode(source, wordCount: 9, lengths: lengths, on: graph), inputs: inputs, on: graph)
  }

  @Test(arguments: [false, true])
  func `gradients are central differences`(coverage: Bool) {
    #expect(
      modelGradientError(Self.model(coverage: coverage)) {
        Self.pass($0, $1).scores.crossEntropy(Self.targets)
      } < 1e-7)
    #expect(
      modelGradientError(Self.model(score: .general)) {
        Self.pass($0, $1).scores.crossEntropy(Self.targets, lengths: [2, 3])
      } < 1e-7)
    // With the losses of attention.
    #expect(
      modelGradientError(Self.model(coverage: coverage)) {
        let pass = Self.pass($0, $1)
        let loss = pass.scores.crossEntropy(Self.targets)
        guard let weights = pass.attention else { return loss }
        return loss + weights.coverageLoss(targets: [2, 3])
          + weights.unevenness(sources: Self.lengths, targets: [2, 3])
      } < 1e-7)
  }

  /// Recorded, evaluated, and word by word.
  @Test(arguments: [false, true])
  func `three ways to the same distribution`(coverage: Bool) {
    let (model, graph) = (Self.model(coverage: coverage) as Sample<Double>, Graph<Double>())
    var recorded: [Double] = []
    _ = model.gradients(on: graph) { model, graph in
      let scores = Self.pass(model, graph).scores
      recorded = scores.exp().value.elements
      return scores.crossEntropy(Self.targets)
    }
    let evaluated = model.evaluate(on: graph) { Self.pass($0, $1).scores.exp().value }
    #expect(evaluated.elements == recorded)
    for t in 0..<3 {
      for n in 0..<2 {
        #expect(abs((0..<9).reduce(0) { $0 + evaluated[t, n, $1] } - 1) < 1e-14)
        // Words that only the other source has.
        for word in (n == 0 ? [8] : [] as [Int]) { #expect(evaluated[t, n, word] == 0) }
      }
    }
    let stepped = model.evaluate(on: graph) { model, graph in
      let encoded = model.encode(Self.source, wordCount: 9, lengths: Self.lengths, on: graph)
      var (state, result) = (encoded.state, [Double]())
      for t in 0..<3 {
        let tokens = TokenBatch(
          steps: 1, batch: 2, tokens: [Self.inputs[t, 0], Self.inputs[t, 1]])
        let step = model.step(tokens, state, encoded, on: graph)
        state = step.state
        result += step.scores.exp().value.elements
      }
      return result
    }
    #expect(relativeError(stepped, recorded) < 1e-13)
  }

  @Test func `a source gets in a batch what it gets alone`() {
    let (model, graph) = (Self.model(coverage: true) as Sample<Double>, Graph<Double>())
    let together = model.evaluate(on: graph) { Self.pass($0, $1).scores.exp().value }
    for n in 0..<2 {
      func own(_ tokens: TokenBatch, _ steps: Int) -> TokenBatch {
        TokenBatch(steps: steps, batch: 1, tokens: (0..<steps).map { tokens[$0, n] })
      }
      let alone = model.evaluate(on: graph) { model, graph in
        let source = own(Self.source, Self.lengths[n])
        return model(
          model.encode(source, wordCount: 9, lengths: nil, on: graph), inputs: own(Self.inputs, 3),
          on: graph
        ).scores.exp().value
      }
      for t in 0..<3 {
        for w in 0..<9 { #expect(abs(alone[t, 0, w] - together[t, n, w]) < 1e-13) }
      }
    }
  }

  @Test(arguments: [false, true])
  func `any number of threads, the same bits`(coverage: Bool) {
    let model: Sample<Double> = Self.model(coverage: coverage, hidden: 24, vocabulary: 60)
    func words(_ steps: Int, _ factor: Int) -> TokenBatch {
      TokenBatch(
        steps: steps, batch: 9, tokens: (0..<steps * 9).map { Token($0 * factor % 60) })
    }
    #expect(
      threadsAgree(model) { model, graph in
        var source = words(12, 5)
        for n in 0..<9 { source[2, n] = Token(60 + n) }
        return model(
          model.encode(source, wordCount: 69, lengths: (0..<9).map { 4 + $0 }, on: graph),
          inputs: words(7, 7), on: graph
        ).scores.crossEntropy(words(7, 11))
      })
  }

  /// The second word of a source, which no vocabulary has, is what the text says.
  @Test func `learns to copy words that it has never seen`() throws {
    let vocabulary = Vocabulary(
      ["met", "today", "then"], special: Set(Vocabulary.Special.allCases))
    var rng = SeededGenerator(seed: 9)
    var model: Sample<Float> = Self.model(hidden: 16, vocabulary: vocabulary.count, seed: 5)
    let graph = Graph<Float>(seed: 1)
    var adam = Adam(for: model.parameters, learningRate: 0.01)
    let (begin, end) = try (#require(vocabulary.beginning), #require(vocabulary.end))
    func draw(_ batch: Int) -> (
      words: ExtendedVocabulary, source: PaddedBatch, inputs: PaddedBatch, targets: PaddedBatch,
      texts: [[String]]
    ) {
      let sources = (0..<batch).map { _ in
        let name = "name\(Int.random(in: 0..<1_000_000, using: &rng))"
        return Bool.random(using: &rng) ? ["met", name, "today"] : ["today", "then", "met", name]
      }
      let texts = sources.map { words in [words[words.firstIndex(of: "met").map { $0 + 1 } ?? 0]] }
      let words = ExtendedVocabulary(vocabulary, sources: sources)
      let tokens = zip(texts, sources).map { words.encode($0, from: $1) }
      func padded(_ sequences: [[Token]]) -> PaddedBatch {
        PaddedBatch(sequences, padding: Padding(with: 0))
      }
      return (
        words, padded(sources.map { words.encode($0) }), padded(tokens.map { [begin] + $0 }),
        padded(tokens.map { $0 + [end] }), texts
      )
    }
    for _ in 0..<80 {
      let batch = draw(16)
      try model.trainingStep(on: graph, optimizer: &adam, maximumNorm: 1) { model, graph in
        model(
          model.encode(
            batch.source.tokens, wordCount: batch.words.count, lengths: batch.source.lengths,
            on: graph), inputs: batch.inputs.tokens, on: graph
        ).scores.crossEntropy(batch.targets.tokens, lengths: batch.targets.lengths)
      }
    }
    let batch = draw(30)
    let (found, alignments) = model.evaluate(on: graph) { model, graph in
      let encoded = model.encode(
        batch.source.tokens, wordCount: batch.words.count, lengths: batch.source.lengths,
        on: graph)
      let found = model.decode(
        encoded, by: BeamSearch(width: 3, maximumLength: 5), begin: begin, end: end, on: graph)
      let texts = found.map { $0.first?.tokens ?? [] }
      return (
        texts.map { batch.words.decode($0) },
        model.alignments(of: encoded, writing: texts, begin: begin, on: graph)
      )
    }
    let right = (0..<30).count { found[$0] == batch.texts[$0] }
    #expect(right >= 28, "seed 9: \(right) of 30")
    for n in 0..<30 where found[n] == batch.texts[n] {
      #expect(alignments[n].targetCount == 2)
      #expect(alignments[n].sourceCount == batch.source.lengths[n])
      #expect(batch.source.tokens[alignments[n].strongest[0], n] >= vocabulary.count)
    }
  }

  @Test func `without attention nothing can be copied`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let base: EncoderDecoder<Bidirectional<GRU<Float>>, LSTM<Float>> = EncoderDecoderTests.model(
        nil, feedsInput: false)
      var rng = SeededGenerator(seed: 1)
      _ = PointerGenerator(base, unknown: 1, using: &rng)
    }
    #expect(message(result).contains("PointerGenerator: without attention nothing can be copied"))
  }
}
