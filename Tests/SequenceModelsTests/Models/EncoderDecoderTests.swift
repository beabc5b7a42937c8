import Autodiff
import LinAlg
import Recurrent
import SequenceModels
import Testing

@Suite struct EncoderDecoderTests {
  typealias Sample<S: RecurrentScalar> = EncoderDecoder<Bidirectional<GRU<S>>, LSTM<S>>

  /// What the decoder sees of the source.
  struct Kind: Sendable {
    var score: Attention<Double>.Score?
    var feedsInput = false
    var coverage = false
  }

  static let kinds: [Kind] = [
    Kind(), Kind(score: .dot), Kind(score: .general, feedsInput: true),
    Kind(score: .additive(units: 3)), Kind(score: .additive(units: 3), feedsInput: true),
    Kind(score: .additive(units: 3), coverage: true),
    Kind(score: .additive(units: 3), feedsInput: true, coverage: true),
  ]

  static func model<S>(
    _ score: Attention<S>.Score?, feedsInput: Bool, coverage: Bool = false, hidden: Int = 2,
    vocabulary: Int = 6, seed: UInt64 = 1
  ) -> Sample<S> {
    var rng = SeededGenerator(seed: seed)
    let encoder = Bidirectional {
      GRU<S>(inputSize: hidden + 1, hiddenSize: hidden, using: &rng)
    }
    return EncoderDecoder(
      sourceVocabulary: vocabulary, targetVocabulary: vocabulary, encoder: encoder,
      attention: score, feedsInput: feedsInput, coverage: coverage, units: hidden + 2,
      embeddingSize: hidden + 1, using: &rng
    ) { inputSize, rng in
      LSTM<S>(inputSize: inputSize, hiddenSize: 2 * hidden, using: &rng)
    }
  }

  static let source = TokenBatch(steps: 4, batch: 2, tokens: [2, 3, 4, 5, 5, 3, 2, 0])
  static let lengths = [4, 3]
  static let inputs = TokenBatch(steps: 3, batch: 2, tokens: [0, 0, 4, 2, 3, 3])
  static let targets = TokenBatch(steps: 3, batch: 2, tokens: [4, 2, 3, 3, 1, 1])

  @Test(arguments: kinds)
  func `gradients are central differences`(kind: Kind) {
    let model = Self.model(kind.score, feedsInput: kind.feedsInput, coverage: kind.coverage)
    let graph = Graph<Double>(seed: 2)
    func loss(_ model: Sample<Double>, _ graph: Graph<Double>) -> Node<Double> {
      model(Self.source, lengths: Self.lengths, inputs: Self.inputs, on: graph)
        .crossEntropy(Self.targets)
    }
    graph.noise.pass = 0
    _ = model.gradients(on: graph, of: loss)
    let gradients = graph.gradients
    for block in 0..<gradients.blockCount {
      let start = model.parameters[block: block].withUnsafeBufferPointer { Array($0) }
      let own = gradients[block: block].withUnsafeBufferPointer { Array($0) }
      let error = slopeError(own, at: start) { values in
        var (moved, parameters) = (model, model.parameters)
        parameters.withUnsafeMutableBufferPointer(ofBlock: block) {
          _ = $0.update(fromContentsOf: values)
        }
        moved.parameters = parameters
        return recordedLoss(moved, on: graph, loss)
      }
      let difference = error * (own.map(abs).max() ?? 0)
      #expect(difference < 1e-9, "\(gradients.names[block])")
    }
  }

  /// Recorded, evaluated, and token by token.
  @Test(arguments: kinds)
  func `three ways to the same scores`(kind: Kind) {
    let model = Self.model(kind.score, feedsInput: kind.feedsInput, coverage: kind.coverage)
    let graph = Graph<Double>()
    var recorded: [Double] = []
    _ = model.gradients(on: graph) { model, graph in
      let scores = model(Self.source, lengths: Self.lengths, inputs: Self.inputs, on: graph)
      recorded = scores.value.elements
      return scores.crossEntropy(Self.targets)
    }
    let evaluated = model.evaluate(on: graph) {
      $0(Self.source, lengths: Self.lengths, inputs: Self.inputs, on: $1).value.elements
    }
    let stepped = model.evaluate(on: graph) { model, graph in
      let encoded = model.encode(Self.source, lengths: Self.lengths, on: graph)
      var (state, result) = (encoded.state, [Double]())
      for t in 0..<3 {
        let tokens = TokenBatch(
          steps: 1, batch: 2, tokens: [Self.inputs[t, 0], Self.inputs[t, 1]])
        let step = model.step(tokens, state, encoded, on: graph)
        state = step.state
        result += step.scores.value.elements
      }
      return result
    }
    #expect(evaluated == recorded)
    #expect(relativeError(stepped, recorded) < 1e-13)
  }

  @Test(arguments: kinds)
  func `a sequence gets in a batch what it gets alone`(kind: Kind) {
    let model = Self.model(kind.score, feedsInput: kind.feedsInput, coverage: kind.coverage)
    let graph = Graph<Double>()
    let together = model.evaluate(on: graph) {
      $0(Self.source, lengths: Self.lengths, inputs: Self.inputs, on: $1).value
    }
    for n in 0..<2 {
      func own(_ tokens: TokenBatch, _ steps: Int) -> TokenBatch {
        TokenBatch(steps: steps, batch: 1, tokens: (0..<steps).map { tokens[$0, n] })
      }
      let alone = model.evaluate(on: graph) {
        $0(own(Self.source, Self.lengths[n]), lengths: nil, inputs: own(Self.inputs, 3), on: $1)
          .value
      }
      for t in 0..<3 {
        for v in 0..<6 { #expect(abs(alone[t, 0, v] - together[t, n, v]) < 1e-13) }
      }
    }
  }

  @Test(arguments: kinds)
  func `any number of threads, the same bits`(kind: Kind) {
    let model = Self.model(
      kind.score, feedsInput: kind.feedsInput, coverage: kind.coverage, hidden: 24)
    #expect(
      threadsAgree(model) { model, graph in
        model(
          TokenBatch(steps: 12, batch: 9, tokens: (0..<108).map { Token($0 * 5 % 6) }),
          lengths: (0..<9).map { 4 + $0 },
          inputs: TokenBatch(steps: 7, batch: 9, tokens: (0..<63).map { Token($0 * 7 % 6) }),
          on: graph
        ).crossEntropy(
          TokenBatch(steps: 7, batch: 9, tokens: (0..<63).map { Token($0 * 11 % 6) }))
      })
  }

  /// Coverage is the sum of the weights of the steps before.
  @Test func `attention sees what it has given before`() {
    let model: Sample<Double> = Self.model(
      .additive(units: 3), feedsInput: true, coverage: true, seed: 4)
    let graph = Graph<Double>()
    model.evaluate(on: graph) { model, graph in
      let pass = model.pass(Self.source, lengths: Self.lengths, inputs: Self.inputs, on: graph)
      let encoded = model.encode(Self.source, lengths: Self.lengths, on: graph)
      var state = encoded.state
      for t in 0..<3 {
        // Behind the decoder's state of 8 and h̃ of 4.
        let covered = state[features: 12..<16].value
        for n in 0..<2 {
          for i in 0..<4 {
            let before = (0..<t).reduce(0.0) { $0 + (pass.attention?.value[$1, n, i] ?? 9) }
            #expect(abs(covered[0, n, i] - before) < 1e-13)
          }
        }
        state =
          model.step(
            TokenBatch(steps: 1, batch: 2, tokens: [Self.inputs[t, 0], Self.inputs[t, 1]]), state,
            encoded, on: graph
          ).state
      }
      // It makes a difference.
      let tokens = TokenBatch(repeating: 2, steps: 1, batch: 2)
      let blind = state[features: 0..<12].joined(
        graph.constant(0, NodeShape(steps: 1, batch: 2, features: 4)), along: .features)
      let (seeing, other) = (
        model.step(tokens, state, encoded, on: graph), model.step(tokens, blind, encoded, on: graph)
      )
      #expect(abs(seeing.scores.value[0, 0, 0] - other.scores.value[0, 0, 0]) > 1e-6)
    }
  }

  @Test func `learns to reverse, and a beam search finds what it learned`() throws {
    // Tokens 2…5; 0 begins, 1 ends.
    var rng = SeededGenerator(seed: 8)
    var model: Sample<Float> = Self.model(.general, feedsInput: false, hidden: 16, seed: 3)
    let graph = Graph<Float>(seed: 1)
    var adam = Adam(for: model.parameters, learningRate: 0.01)
    func draw(_ batch: Int) -> (source: TokenBatch, inputs: TokenBatch, targets: TokenBatch) {
      let words = (0..<batch).map { _ in (0..<4).map { _ in Token.random(in: 2...5, using: &rng) } }
      func batched(_ rows: [[Token]]) -> TokenBatch {
        let steps = rows[0].count
        return TokenBatch(
          steps: steps, batch: batch,
          tokens: (0..<steps * batch).map { rows[$0 % batch][$0 / batch] })
      }
      return (
        batched(words), batched(words.map { [0] + $0.reversed() }),
        batched(words.map { $0.reversed() + [1] })
      )
    }
    for _ in 0..<150 {
      let (source, inputs, targets) = draw(16)
      try model.trainingStep(on: graph, optimizer: &adam, maximumNorm: 1) { model, graph in
        model(source, lengths: nil, inputs: inputs, on: graph).crossEntropy(targets)
      }
    }
    let (source, _, targets) = draw(20)
    let search = BeamSearch(width: 3, maximumLength: 8)
    let found = model.evaluate(on: graph) { model, graph in
      let encoded = model.encode(source, lengths: nil, on: graph)
      let rows = encoded.repeated(search.width)
      return search(from: encoded.state, begin: 0, end: 1) { tokens, state in
        model.step(tokens, state, rows, on: graph)
      }
    }
    let right = (0..<20).count { n in
      found[n].first?.tokens == (0..<4).map { targets[$0, n] }
    }
    #expect(right >= 18, "seed 8: \(right) of 20")
  }
}
