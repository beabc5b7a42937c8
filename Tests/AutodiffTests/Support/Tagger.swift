import Autodiff
import LinAlg
import Recurrent

/// Labels for every token of a sentence: embedding, both directions of an LSTM, an affine map.
struct Tagger<Scalar: RecurrentScalar>: Model {
  var embedding: Embedding<Scalar>
  var encoder: Bidirectional<LSTM<Scalar>>
  var output: Linear<Scalar>

  init(vocabulary: Int = 11, features: Int = 6, hidden: Int = 5, labels: Int = 4, seed: UInt64 = 1)
  {
    var rng = SeededGenerator(seed: seed)
    embedding = Embedding(vocabularySize: vocabulary, features: features, using: &rng)
    encoder = Bidirectional {
      LSTM<Scalar>(inputSize: features, hiddenSize: hidden, using: &rng)
    }
    output = Linear(inputSize: 2 * hidden, outputSize: labels, using: &rng)
  }

  mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("embedding", &embedding)
    part("encoder", &encoder)
    part("output", &output)
  }

  func callAsFunction(
    _ tokens: TokenBatch, lengths: [Int]? = nil, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    let x = embedding(tokens, on: graph).dropout(0.2)
    return output(encoder(x, lengths: lengths).outputs)
  }
}

/// A decoder with attention: every operation that a step of one has.
struct Decoder<Scalar: RecurrentScalar>: Model {
  var embedding: Embedding<Scalar>
  var cell: GRU<Scalar>
  var query: Linear<Scalar>

  init(seed: UInt64 = 2) {
    var rng = SeededGenerator(seed: seed)
    embedding = Embedding(vocabularySize: 9, features: 5, using: &rng)
    cell = GRU(inputSize: 5, hiddenSize: 6, using: &rng)
    query = Linear(inputSize: 6, outputSize: 5, using: &rng)
  }

  mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("embedding", &embedding)
    part("cell", &cell)
    part("query", &query)
  }

  /// Scores of the next token after each token, from sources `[T, N]`.
  func callAsFunction(
    _ source: TokenBatch, _ target: TokenBatch, lengths: [Int]?, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    let keys = embedding(source, on: graph)
    let inputs = embedding(target, on: graph)
    var state: Node<Scalar>?
    var result: Node<Scalar>?
    for t in 0..<target.steps {
      let step = cell.step(inputs[step: t], from: state)
      state = step.finalState
      let a = query(step.outputs).attending(keys: keys, values: keys, lengths: lengths)
      let scores = embedding.scores(a.context.tanh())
      result = result?.joined(scores, along: .steps) ?? scores
    }
    return result ?? inputs
  }
}

func randomTokens(_ steps: Int, _ batch: Int, below limit: Int, seed: UInt64) -> TokenBatch {
  var rng = SeededGenerator(seed: seed)
  return TokenBatch(
    steps: steps, batch: batch,
    tokens: (0..<steps * batch).map { _ in Token.random(in: 0..<Token(limit), using: &rng) })
}
