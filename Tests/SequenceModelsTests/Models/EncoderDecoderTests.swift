import Autodiff
import LinAlg
import Recurrent
import SequenceModels
import Testing

@Suite struct EncoderDecoderTests {
  typealias Sample<S: RecurrentScalar> = EncoderDecoder<Bidirectional<GRU<S>>, LSTM<S>>

  /// What the decoder sees of the source.
  static let kinds: [(Attention<Double>.Score?, Bool)] = [
    (nil, false), (.dot, false), (.general, true), (.additive(units: 3), false),
    (.additive(units: 3), true),
  ]

  static func model<S>(
    _ score: Attention<S>.Score?, feedsInput: Bool, hidden: Int = 2, vocabulary: Int = 6,
    seed: UInt64 = 1
  ) -> Sample<S> {
    var rng = SeededGenerator(seed: seed)
    let encoder = Bidirectional {
      GRU<S>(inputSize: hidden + 1, hiddenSize: hidden, using: &rng)
    }
    return EncoderDecoder(
      sourceVocabulary: vocabulary, targetVocabulary: vocabulary, encoder: encoder,
      attention: score, feedsInput: feedsInput, units: hidden + 2, embeddingSize: hidden + 1,
      using: &rng
    ) { inputSize, rng in
      LSTM<S>(inputSize: inputSize, hiddenSize: 2 * hidden, using: &rng)
    }
  }

  static let source = TokenBatch(steps: 4, batch: 2, tokens: [2, 3, 4, 5, 5, 3, 2, 0])
  static let lengths = [4, 3]
  static let inputs = TokenBatch(steps: 3, batch: 2, tokens: [0, 0, 4, 2, 3, 3])
  static let targets = TokenBatch(steps: 3, batch: 2, tokens: [4, 2, 3, 3, 1, 1])

  @Test(arguments: kinds)
  func `gradients are central differences`(score: Attention<Double>.Score?, feedsInput: Bool) {
    let model = Self.model(score, feedsInput: feedsInput)
    let graph = Graph<Double>(seed: 2)
    func loss(_ model: Sample<Double>) -> Double {
      model.gradients(on: graph) { model, graph in
        model(Self.source, lengths: Self.lengths, inputs: Self.inputs, on: graph)
          .crossEntropy(Self.targets)
      }.mean
    }
    _ = loss(model)
    let gradients = graph.gradients
    for block in 0..<gradients.blockCount {
      let start = model.parameters[block: block].withUnsafeBufferPointer { Array($0) }
      let numeric = numericGradient(start) { values in
        var (moved, parameters) = (model, model.parameters)
        parameters.withUnsafeMutableBufferPointer(ofBlock: block) {
          _ = $0.update(fromContentsOf: values)
        }
        moved.parameters = parameters
        return loss(moved)
      }
      let own = gradients[block: block].withUnsafeBufferPointer { Array($0) }
      let difference = zip(own, numeric).map { abs($0 - $1) }.max() ?? 0
      #expect(difference < 1e-9, "\(gradients.names[block])")
    }
  }

  /// Recorded, evaluated, and token by token.
  @Test(arguments: kinds)
  func `three ways to the same scores`(score: Attention<Double>.Score?, feedsInput: Bool) {
    let model = Self.model(score, feedsInput: feedsInput)
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
