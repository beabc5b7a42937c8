import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels
import Testing

@Suite struct LanguageModelTests {
  /// Trains on a text until it is known by heart.
  static func trained(
    on text: String, seed: UInt64, steps: Int = 150
  ) throws -> (model: LanguageModel<GRU<Float>>, vocabulary: Vocabulary) {
    let vocabulary = Vocabulary(
      counting: text, by: CharacterTokenizer(), special: [.unknown])
    var rng = SeededGenerator(seed: seed)
    var model = LanguageModel<GRU<Float>>.gru(
      vocabularySize: vocabulary.count, embeddingSize: 8, hiddenSize: 24, using: &rng)
    let streams = TokenStreams(
      vocabulary.encode(text, by: CharacterTokenizer()), batch: 2, steps: 12)
    let graph = Graph<Float>(seed: seed)
    var adam = Adam(for: model.parameters, learningRate: 0.02)
    var (state, window): (SequenceBatch<Float>?, TokenWindow) = (nil, TokenWindow())
    for step in 0..<steps {
      let index = step % streams.windowCount
      if index == 0 { state = nil }
      streams.load(index, into: &window)
      try model.trainingStep(
        window, state: &state, on: graph, optimizer: &adam, maximumNorm: 5)
    }
    return (model, vocabulary)
  }

  static let sentence = "the quick brown fox jumps over the lazy dog. "

  @Test func `learns a short repeating text by heart`() throws {
    let text = String(repeating: Self.sentence, count: 6)
    let (model, vocabulary) = try Self.trained(on: text, seed: 51)
    let loss = model.evaluate(vocabulary.encode(text, by: CharacterTokenizer()))
    #expect(loss.count == text.unicodeScalars.count - 1)
    // Only the first characters, read without a past, leave a choice.
    #expect(loss.bitsPerToken < 0.1, "seed 51: \(loss.bitsPerToken) bits per character")
    var rng = SeededGenerator(seed: 52)
    let written = model.write(
      after: "the quick ", length: 35, by: TokenSampler(temperature: 0.5), vocabulary,
      CharacterTokenizer(), using: &rng)
    #expect(written == Self.sentence.dropFirst(10))
  }

  @Test func `an untrained model knows nothing`() {
    let model = CharacterModelSamples.lstm(Double.self)
    let loss = model.evaluate(CharacterModelSamples.tokens(400))
    #expect(abs(loss.bitsPerToken - Double.log2(7)) < 0.3)
  }

  @Test func `windows with a carried state are one long pass`() {
    let model = CharacterModelSamples.lstm(Double.self)
    let tokens = CharacterModelSamples.tokens(50)
    let pieces = TokenStreams(tokens, batch: 3, steps: 4)
    let whole = TokenStreams(tokens, batch: 3, steps: 100)
    #expect(pieces.windowCount == 5 && whole.windowCount == 1)
    let once = model.layer(model.embedding(whole[0].inputs))
    let graph = Graph<Double>()
    var state: SequenceBatch<Double>?
    var loss = Loss()
    for w in 0..<pieces.windowCount {
      var run: LayerNodes<Double>?
      loss += model.gradients(on: graph) { model, graph in
        let nodes = model(pieces[w].inputs, from: state.map { graph.constant($0) }, on: graph)
        run = nodes
        return nodes.outputs.crossEntropy(pieces[w].targets, ignoring: TokenStreams.ignored)
      }
      run?.finalState.copy(into: &state)
      let logits = model.logits(once.outputs)
      for t in 0..<pieces[w].inputs.steps {
        for n in 0..<3 {
          for k in 0..<7 {
            let own = run?.outputs.value[t, n, k] ?? .nan
            #expect(abs(own - logits[w * 4 + t, n, k]) < 1e-14)
          }
        }
      }
    }
    for n in 0..<3 {
      for h in 0..<4 {
        #expect(abs((state?[0, n, h] ?? .nan) - once.finalState.hidden[n, h]) < 1e-14)
        #expect(abs((state?[0, n, 4 + h] ?? .nan) - once.finalState.cell[n, h]) < 1e-14)
      }
    }
    graph.beginEvaluation()
    let direct = graph.constant(model.logits(once.outputs))
      .crossEntropy(whole[0].targets, ignoring: TokenStreams.ignored).loss
    #expect(loss.count == 49 && direct.count == 49)
    #expect(abs(loss.sum - direct.sum) < 1e-12)
    for steps in [1, 7, 64] {
      let evaluated = model.evaluate(tokens, streams: 3, steps: steps)
      #expect(evaluated.count == 49 && abs(evaluated.sum - direct.sum) < 1e-12)
    }
  }

  @Test func `a stream sees what a pass sees`() {
    let model = CharacterModelSamples.gru(Double.self, .resetAfter)
    let tokens = CharacterModelSamples.tokens(9)
    let logits = model.logits(
      model.layer(model.embedding(TokenBatch(steps: 9, batch: 1, tokens: tokens))).outputs)
    var reader = TokenReader(model)
    for (t, token) in tokens.enumerated() {
      reader.read(token)
      for k in 0..<7 { #expect(abs(reader.scores[0, k] - logits[t, 0, k]) < 1e-14) }
    }
  }

  @Test func `any causal layer makes a model`() throws {
    func check<Layer: CausalLayer>(_ model: LanguageModel<Layer>) throws
    where Layer.Scalar == Double {
      var model = model
      let tokens = CharacterModelSamples.tokens(9)
      let run = model.layer(model.embedding(TokenBatch(steps: 9, batch: 1, tokens: tokens)))
      let logits = model.logits(run.outputs)
      var reader = TokenReader(model)
      for (t, token) in tokens.enumerated() {
        reader.read(token)
        for k in 0..<7 { #expect(abs(reader.scores[0, k] - logits[t, 0, k]) < 1e-14) }
      }
      let text = CharacterModelSamples.tokens(31)
      let window = TokenStreams(text, batch: 3, steps: 10)[0]
      let graph = Graph<Double>(seed: 1)
      var sgd = SGD(for: model.parameters, learningRate: 0.1)
      let before = model.evaluate(text, streams: 3)
      for _ in 0..<5 {
        var state: SequenceBatch<Double>?
        try model.trainingStep(window, state: &state, on: graph, optimizer: &sgd)
      }
      #expect(model.evaluate(text, streams: 3).mean < before.mean)
    }
    try check(CharacterModelSamples.stack(Double.self))
    try check(CharacterModelSamples.chain(Double.self))
    try check(CharacterModelSamples.projected(Double.self))
    var rng = SeededGenerator(seed: 48)
    let learned = LearnedInitialState(LSTM<Double>(inputSize: 3, hiddenSize: 4, using: &rng))
    try check(
      LanguageModel(
        vocabularySize: CharacterModelSamples.vocabulary.count, layer: learned, using: &rng))
  }

  @Test func `the seed of a graph is that of the layer's own choices, too`() throws {
    let model = try CharacterModelSamples.projected(Double.self)
    let window = TokenStreams(CharacterModelSamples.tokens(31), batch: 3, steps: 10)[0]
    func loss(_ seed: UInt64) -> Loss {
      model.gradients(on: Graph(seed: seed)) { model, graph in
        model(window.inputs, on: graph).outputs.crossEntropy(window.targets)
      }
    }
    #expect(loss(1) == loss(1))
    #expect(loss(1) != loss(2))
  }

  @Test func `a step descends, and copies keep their parameters`() throws {
    var model = CharacterModelSamples.lstm(Double.self)
    let (before, elements) = (model, model.parameters.elements)
    let window = TokenStreams(CharacterModelSamples.tokens(31), batch: 3, steps: 10)[0]
    let graph = Graph<Double>()
    var sgd = SGD(for: model.parameters, learningRate: 0.1)
    var state: SequenceBatch<Double>?
    let first = try model.trainingStep(window, state: &state, on: graph, optimizer: &sgd)
    let moved = zip(elements, graph.gradients.elements).map { $0 - 0.1 * $1 }
    #expect(relativeError(model.parameters.elements, moved) < 1e-15)
    #expect(abs(first.gradientNorm - graph.gradients.globalNorm) < 1e-15)
    state = nil
    let second = try model.trainingStep(window, state: &state, on: graph, optimizer: &sgd)
    #expect(second.loss.mean < first.loss.mean)
    #expect(before.parameters.elements == elements)
  }

  @Test func `parameters can be read and replaced`() {
    var model = CharacterModelSamples.lstm(Double.self)
    let other = CharacterModelSamples.lstm(Double.self)
    var parameters = model.parameters
    parameters.fill(with: 0)
    model.parameters = parameters
    let tokens = CharacterModelSamples.tokens(30)
    #expect(abs(model.evaluate(tokens).perplexity - 7) < 1e-12)
    model.parameters = other.parameters
    #expect(model.evaluate(tokens) == other.evaluate(tokens))
    #expect(model.parameters.scalarCount == 7 * 3 + 4 * (4 * 3 + 4 * 4 + 4) + 7 * 4 + 7)
  }

  @Test func `a loss that is not finite stops before the parameters change`() {
    var model = CharacterModelSamples.lstm(Float.self)
    model.layer.parameters.W[3, 1] = .nan
    let before = model.parameters.elements
    let window = TokenStreams(CharacterModelSamples.tokens(31), batch: 3, steps: 10)[0]
    let graph = Graph<Float>()
    var adam = Adam(for: model.parameters)
    var rng = SeededGenerator(seed: 3)
    var state: SequenceBatch<Float>? = .uniform(steps: 1, batch: 3, features: 8, using: &rng)
    let start = state
    #expect(throws: TrainingError.self) {
      try model.trainingStep(window, state: &state, on: graph, optimizer: &adam)
    }
    #expect(adam.stepCount == 0)
    #expect(state == start)
    let after = model.parameters.elements
    #expect(zip(after, before).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) })
  }

  @Test func `the same seed writes the same text`() {
    let model = CharacterModelSamples.gru(Float.self, .resetBefore)
    func write(_ seed: UInt64, topK: Int? = nil) -> String {
      var rng = SeededGenerator(seed: seed)
      return model.write(
        after: "ab?", length: 60, by: TokenSampler(temperature: 0.9, topK: topK),
        CharacterModelSamples.vocabulary, CharacterTokenizer(), using: &rng)
    }
    #expect(write(1) == write(1))
    #expect(write(1) != write(2))
    #expect(write(1).unicodeScalars.count == 60)
    #expect(!write(3).unicodeScalars.contains("\u{FFFD}"))
    #expect(write(1, topK: 1) == write(2, topK: 1))
    var rng = SeededGenerator(seed: 4)
    #expect(
      model.write(
        length: 0, CharacterModelSamples.vocabulary, CharacterTokenizer(), using: &rng) == "")
  }

  @Test func `parameters of another model trap`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var model = CharacterModelSamples.lstm(Double.self)
      var rng = SeededGenerator(seed: 1)
      model.parameters =
        LanguageModel<LSTM<Double>>.lstm(
          vocabularySize: CharacterModelSamples.vocabulary.count, embeddingSize: 3, hiddenSize: 5,
          using: &rng
        ).parameters
    }
    #expect(
      message(result).contains(
        "the parameters assigned, block 1: W has shape [20, 3], expected [16, 3]"))
  }
}
