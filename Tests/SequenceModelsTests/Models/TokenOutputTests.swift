import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels
import Testing

/// Language models whose tokens get their probabilities in each of the ways.
@Suite struct TokenOutputTests {
  enum Kind: CaseIterable {
    case softmax, tied, projected, hierarchical, sampled, sampledTied
  }

  static let counts = [3, 9, 1, 0, 4, 5, 2]

  static func model<S: RecurrentScalar>(
    _ kind: Kind, _: S.Type = S.self
  ) -> LanguageModel<LSTM<S>> {
    var rng = SeededGenerator(seed: 61)
    let hidden = kind == .tied || kind == .sampledTied ? 3 : 4
    let output: TokenOutput<S>.Kind =
      switch kind {
      case .softmax, .sampled: .softmax
      case .tied, .projected, .sampledTied: .tied
      case .hierarchical: .hierarchical(HuffmanTree(counts: counts))
      }
    var model = LanguageModel<LSTM<S>>.lstm(
      vocabularySize: 7, embeddingSize: 3, hiddenSize: hidden, output: output, using: &rng)
    if kind == .sampled || kind == .sampledTied {
      model.output.samples = .unigram(count: 5, counts: counts)
    }
    return model
  }

  static let sequences: [[Token]] = [[2, 3, 4], [], [5, 6, 6, 4, 3]]
  static let frame = SequenceFrame(beginning: 0, end: 1)

  @Test(arguments: Kind.allCases, [nil, GradientHorizon(4, every: 2), GradientHorizon(1)])
  func `gradients are central differences`(kind: Kind, horizon: GradientHorizon?) {
    var model = Self.model(kind, Double.self)
    model.dropout = 0.2
    // A horizon leaves gradients out, but not where nothing is earlier than it.
    let sequences = horizon == nil ? Self.sequences : [[2], [], [5]]
    let error = modelGradientError(model) { model, graph in
      model.loss(
        Self.frame(sequences), horizon: horizon.map { GradientHorizon(2, every: $0.every) },
        on: graph)
    }
    #expect(error < 1e-7)
  }

  /// Recorded, evaluated, and token by token; alone and in a batch.
  @Test(arguments: Kind.allCases)
  func `three ways to the same losses`(kind: Kind) {
    let model = Self.model(kind, Double.self)
    let batch = Self.frame(Self.sequences)
    let graph = Graph<Double>(seed: 1)
    var scores: [Double] = []
    var whole = Loss()
    model.evaluate(on: graph) { model, graph in
      scores = model(batch.inputs, lengths: batch.lengths, on: graph).outputs.value.elements
      whole = model.loss(batch, on: graph).loss
    }
    #expect(whole.count == 11)
    var recorded: [Double] = []
    let loss = model.gradients(on: graph) { model, graph in
      recorded = model(batch.inputs, lengths: batch.lengths, on: graph).outputs.value.elements
      return model.loss(batch, on: graph)
    }
    #expect(recorded == scores)
    // What is estimated in training is exact in evaluation.
    #expect((loss == whole) == (model.output.samples == nil))
    var sum = 0.0
    for (n, sequence) in Self.sequences.enumerated() {
      var reader = TokenReader(model)
      for (t, label) in (sequence + [1]).enumerated() {
        reader.read(t == 0 ? 0 : sequence[t - 1])
        let logs = RowActivation.logSoftmax(reader.scores)
        let probabilities = (0..<7).reduce(0.0) { $0 + Double.exp(logs[0, $1]) }
        #expect(abs(probabilities - 1) < 1e-13)
        for k in 0..<7 {
          #expect(abs(reader.scores[0, k] - scores[(t * 3 + n) * 7 + k]) < 1e-13)
        }
        sum -= logs[0, Int(label)]
      }
      let alone = model.evaluate(on: graph) { $0.loss(Self.frame([sequence]), on: $1).loss }
      #expect(alone.count == sequence.count + 1)
    }
    #expect(abs(sum - whole.sum) < 1e-12)
    #expect(abs(model.evaluate(Self.sequences, in: Self.frame, batch: 2).sum - whole.sum) < 1e-12)
  }

  @Test(arguments: Kind.allCases)
  func `threads change no bit`(kind: Kind) {
    var rng = SeededGenerator(seed: 62)
    var model = LanguageModel<LSTM<Float>>.lstm(
      vocabularySize: 90, embeddingSize: 24,
      hiddenSize: kind == .projected || kind == .hierarchical ? 40 : 24,
      output: kind == .hierarchical
        ? .hierarchical(HuffmanTree(counts: (0..<90).map { 100 / ($0 + 1) }))
        : kind == .softmax || kind == .sampled ? .softmax : .tied, using: &rng)
    model.dropout = 0.3
    if kind == .sampled || kind == .sampledTied {
      model.output.samples = .logUniform(count: 70, vocabularySize: 90)
    }
    let tokens: [Token] = (0..<800).map { i in
      let square = i * i
      return Token((square + 7 * i) % 90)
    }
    let window = TokenStreams(tokens, batch: 18, steps: 40)[0]
    func run(_ threads: Int) -> [Float] {
      let graph = Graph<Float>(threads: threads, seed: 3)
      let loss = model.gradients(on: graph) { model, graph in
        model.loss(window, horizon: GradientHorizon(20, every: 10), on: graph).loss
      }
      return [Float(loss.mean)] + graph.gradients.elements
    }
    let one = run(1)
    for threads in 2...3 {
      #expect(run(threads).map(\.bitPattern) == one.map(\.bitPattern))
    }
  }

  @Test(arguments: Kind.allCases)
  func `each learns`(kind: Kind) throws {
    var model = Self.model(kind, Float.self)
    if model.output.samples != nil {
      model.output.samples = .unigram(count: 40, counts: Self.counts)
    }
    let tokens = (0..<400).map { Token([2, 5, 3, 6, 4][$0 % 5]) }
    let streams = TokenStreams(tokens, batch: 4, steps: 10)
    let graph = Graph<Float>(seed: 1)
    var adam = Adam(for: model.parameters, learningRate: 0.05)
    var (state, window): (SequenceBatch<Float>?, TokenWindow) = (nil, TokenWindow())
    for step in 0..<80 {
      if step % streams.windowCount == 0 { state = nil }
      streams.load(step % streams.windowCount, into: &window)
      try model.trainingStep(window, state: &state, on: graph, optimizer: &adam, maximumNorm: 1)
    }
    let perplexity = model.evaluate(tokens, streams: 4).perplexity
    #expect(perplexity < 1.2, "\(perplexity)")
  }

  @Test func `a tree or samples for another vocabulary trap`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var model = Self.model(.softmax, Float.self)
      model.output.samples = .logUniform(count: 3, vocabularySize: 8)
      _ = model.gradients(on: Graph()) { $0.loss(Self.frame(Self.sequences), on: $1) }
    }
    #expect(message(result).contains("sampled softmax: samples of 8 tokens for 7 scores"))
    let tree = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var rng = SeededGenerator(seed: 1)
      _ = LanguageModel<LSTM<Float>>.lstm(
        vocabularySize: 7, embeddingSize: 3, hiddenSize: 3,
        output: .hierarchical(HuffmanTree(counts: [1, 2])), using: &rng)
    }
    #expect(message(tree).contains("TokenOutput: a tree of 2 tokens for a vocabulary of 7"))
  }
}
