import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// A decoder whose scores follow from the tokens so far: an untrained network with sharp probabilities.
struct Writer: Model {
  typealias Scalar = Double
  static let (V, begin, end) = (4, Token(0), Token(3))
  var embedding: Embedding<Double>
  var cell: GRU<Double>
  var output: Linear<Double>

  init(seed: UInt64) {
    var rng = SeededGenerator(seed: seed)
    embedding = Embedding(vocabularySize: Self.V, features: 3, using: &rng)
    cell = GRU(inputSize: 3, hiddenSize: 5, using: &rng)
    output = Linear(inputSize: 5, outputSize: Self.V, weights: .normal(2), using: &rng)
  }

  mutating func visitParts(_ part: inout PartVisitor<Double>) {
    part("embedding", &embedding)
    part("cell", &cell)
    part("output", &output)
  }

  func step(_ tokens: TokenBatch, _ state: Node<Double>, on graph: Graph<Double>) -> DecoderStep<
    Double
  > {
    let run = cell.step(embedding(tokens, on: graph), from: state)
    return DecoderStep(scores: output(run.outputs), state: run.finalState)
  }

  func search(_ search: BeamSearch, sources: Int = 2) -> [[Hypothesis]] {
    evaluate(on: Graph()) { model, graph in
      search(from: start(sources, on: graph), begin: Self.begin, end: Self.end) { tokens, state in
        model.step(tokens, state, on: graph)
      }
    }
  }

  func start(_ sources: Int, on graph: Graph<Double>) -> Node<Double> {
    graph.constant(
      SequenceBatch(
        steps: 1, batch: sources, features: 5,
        elements: (0..<sources * 5).map { Double($0 % 7) / 4 - 0.6 }))
  }

  /// `log P` of a sequence after one source, by running it through.
  func logProbability(_ tokens: [Token], source: Int, ends: Bool) -> Double {
    evaluate(on: Graph()) { model, graph in
      var state = start(source + 1, on: graph)[batch: source..<source + 1]
      var (last, sum) = (Self.begin, 0.0)
      for token in tokens + (ends ? [Self.end] : []) {
        let step = model.step(TokenBatch(repeating: last, steps: 1, batch: 1), state, on: graph)
        sum += step.scores.logSoftmax().value[0, 0, Int(token)]
        (state, last) = (step.state, token)
      }
      return sum
    }
  }

  /// All sequences up to a length that end, with their logarithms.
  func all(upTo length: Int, source: Int) -> [(tokens: [Token], log: Double)] {
    var sequences: [[Token]] = [[]]
    var longest: [[Token]] = [[]]
    for _ in 0..<length {
      longest = longest.flatMap { s in [Token(0), 1, 2].map { s + [$0] } }
      sequences += longest
    }
    return sequences.map { ($0, logProbability($0, source: source, ends: true)) }
  }
}
