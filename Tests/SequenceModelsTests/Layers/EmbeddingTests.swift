import LinAlg
import Recurrent
import SequenceModels
import Testing

@Suite struct EmbeddingTests {
  static func embedding() -> Embedding<Double> {
    var rng = SeededGenerator(seed: 5)
    return Embedding(vocabularySize: 5, features: 3, using: &rng)
  }

  /// Token 3 occurs three times, tokens 1 and 4 never.
  static let tokens = TokenBatch(steps: 3, batch: 2, tokens: [3, 0, 3, 2, 2, 3])

  @Test func `gathers the rows of the tokens`() {
    let embedding = Self.embedding()
    let (y, W) = (embedding(Self.tokens), embedding.parameters.W)
    #expect(y.shape == [3, 2, 3])
    for t in 0..<3 {
      for n in 0..<2 {
        for f in 0..<3 { #expect(y[t, n, f] == W[Int(Self.tokens[t, n]), f]) }
      }
    }
    var row = Matrix<Double>.zeros(rows: 1, columns: 3)
    embedding.gather(3, into: &row)
    #expect((0..<3).allSatisfy { row[0, $0] == W[3, $0] })
  }

  @Test func `its gradient is that of the loss`() {
    let embedding = Self.embedding()
    var rng = SeededGenerator(seed: 6)
    let weights: [Double] = randomNumbers(18, &rng)
    let tape = EmbeddingTape<Double>()
    var gradients = embedding.parameters.zeros()
    #expect(embedding.forward(Self.tokens, recording: tape) == embedding(Self.tokens))
    embedding.backward(
      SequenceBatch(steps: 3, batch: 2, features: 3, elements: weights), through: tape,
      accumulatingInto: &gradients)
    let numeric = numericGradient(embedding.parameters.elements) {
      var moved = embedding
      moved.parameters.elements = $0
      return inner(weights, moved(Self.tokens).elements)
    }
    #expect(relativeError(gradients.elements, numeric) < 1e-9)
    let (absent, present) = (gradients.W, [0, 2, 3])
    for v in 0..<5 where !present.contains(v) {
      #expect((0..<3).allSatisfy { absent[v, $0] == 0 })
    }
  }

  @Test func `gradients accumulate, and each recording serves once`() async {
    let embedding = Self.embedding()
    let dy = embedding(Self.tokens)
    let tape = EmbeddingTape<Double>()
    var gradients = embedding.parameters.zeros()
    for _ in 0..<2 {
      _ = embedding.forward(Self.tokens, recording: tape)
      embedding.backward(dy, through: tape, accumulatingInto: &gradients)
    }
    var once = embedding.parameters.zeros()
    _ = embedding.forward(Self.tokens, recording: tape)
    embedding.backward(dy, through: tape, accumulatingInto: &once)
    #expect(relativeError(gradients.elements, once.elements.map { 2 * $0 }) < 1e-15)

    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let embedding = EmbeddingTests.embedding()
      var gradients = embedding.parameters.zeros()
      embedding.backward(
        embedding(EmbeddingTests.tokens), through: EmbeddingTape<Double>(),
        accumulatingInto: &gradients)
    }
    #expect(message(result).contains("each recording serves once"))
  }

  @Test func `a token outside the vocabulary traps with its place`() async {
    let tooLarge = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = EmbeddingTests.embedding()(TokenBatch(steps: 2, batch: 3, tokens: [0, 1, 2, 3, 5, 4]))
    }
    #expect(
      message(tooLarge).contains(
        "token 5 at step 1 of sequence 1 is outside the vocabulary of 5"))
    let negative = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = EmbeddingTests.embedding()(TokenBatch(steps: 1, batch: 1, tokens: [-1]))
    }
    #expect(message(negative).contains("token -1 at step 0 of sequence 0"))
    let single = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var row = Matrix<Double>.zeros(rows: 1, columns: 3)
      EmbeddingTests.embedding().gather(5, into: &row)
    }
    #expect(message(single).contains("token 5 is outside the vocabulary of 5"))
  }

  @Test func `a gradient of another shape traps with both`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let embedding = EmbeddingTests.embedding()
      let tape = EmbeddingTape<Double>()
      var gradients = embedding.parameters.zeros()
      _ = embedding.forward(EmbeddingTests.tokens, recording: tape)
      embedding.backward(
        .zeros(steps: 3, batch: 2, features: 4), through: tape, accumulatingInto: &gradients)
    }
    #expect(message(result).contains("[3, 2, 4], expected [T, N, D] = [3, 2, 3]"))
  }
}
