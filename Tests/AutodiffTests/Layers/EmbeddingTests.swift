import Autodiff
import LinAlg
import Recurrent
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

  @Test func `rows of tokens that do not occur have no gradient`() {
    struct Words: Model {
      typealias Scalar = Double
      var embedding = EmbeddingTests.embedding()
      mutating func visitParts(_ part: inout PartVisitor<Double>) { part("embedding", &embedding) }
    }
    let graph = Graph<Double>()
    _ = Words().gradients(on: graph) { $0.embedding(Self.tokens, on: $1).sum() }
    let dW = graph.gradients[block: 0][tensor: 0]
    // How often each token occurs.
    for (v, count) in [1.0, 0, 2, 3, 0].enumerated() {
      #expect((0..<3).allSatisfy { dW[v, $0] == count })
    }
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

  @Test func `the block of another kind of layer traps with both shapes`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var rng = SeededGenerator(seed: 61)
      var table = Embedding<Float>(vocabularySize: 300, features: 40, using: &rng)
      table.parameters.block =
        Linear<Float>(inputSize: 40, outputSize: 7, using: &rng).parameters.block
      _ = table(TokenBatch(repeating: 299, steps: 2, batch: 3))
    }
    #expect(
      message(result).contains(
        "parameters of the embedding: W has shape [7, 40], expected [300, 40]"))
  }
}
