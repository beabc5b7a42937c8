import Autodiff
import LinAlg
import Recurrent
import Testing

/// A model whose loss is checked by all its parameters.
struct PartCase: CustomTestStringConvertible, Sendable {
  var name: String
  /// The largest difference relative to the largest gradient.
  var error: @Sendable (_ threads: Int) -> Double
  /// The types of the operations that it runs.
  var types: @Sendable () -> Set<String>

  var testDescription: String { name }

  init<M: Model<Double>>(
    _ name: String, _ make: @escaping @Sendable (inout SeededGenerator) -> M,
    _ loss: @escaping @Sendable (M, Graph<Double>) -> Node<Double>
  ) {
    self.name = name
    error = { threads in
      var rng = SeededGenerator(seed: 12)
      return parameterGradientError(make(&rng), threads: threads, loss)
    }
    types = {
      var rng = SeededGenerator(seed: 12)
      let graph = Graph<Double>(threads: 1)
      _ = make(&rng).gradients(on: graph, of: loss)
      return graph.operationTypes
    }
  }
}

/// Differences of the gradients by all parameters of a model from central differences.
func parameterGradientError<M: Model<Double>>(
  _ model: M, threads: Int, _ loss: (M, Graph<Double>) -> Node<Double>
) -> Double {
  let graph = Graph<Double>(threads: threads, seed: 4)
  func value(_ model: M) -> Double {
    graph.noise.pass = 0
    let loss = model.gradients(on: graph, of: loss)
    return loss.sum / Double(loss.count)
  }
  _ = value(model)
  let gradients = graph.gradients
  var (difference, scale) = (0.0, 1e-3)
  let h = 1e-3
  for i in 0..<gradients.blockCount {
    let actual = gradients[block: i].withUnsafeBufferPointer { Array($0) }
    for k in actual.indices {
      func moved(_ offset: Double) -> Double {
        var copy = model
        var parameters = copy.parameters
        parameters.withUnsafeMutableBufferPointer(ofBlock: i) { $0[k] += offset }
        copy.parameters = parameters
        return value(copy)
      }
      let expected = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
      guard actual[k].isFinite, expected.isFinite else { return .infinity }
      difference = max(difference, abs(actual[k] - expected))
      scale = max(scale, abs(expected))
    }
  }
  return difference / scale
}

private struct One<Part: Trainable<Double>>: Model {
  typealias Scalar = Double
  var part: Part
  mutating func visitParts(_ visit: inout PartVisitor<Double>) { visit("part", &part) }
}

private struct Two<A: Trainable<Double>, B: Trainable<Double>>: Model {
  typealias Scalar = Double
  var a: A
  var b: B
  mutating func visitParts(_ visit: inout PartVisitor<Double>) {
    visit("a", &a)
    visit("b", &b)
  }
}

private func x(_ graph: Graph<Double>, _ T: Int, _ N: Int, _ F: Int) -> Node<Double> {
  var rng = SeededGenerator(seed: 30)
  return graph.constant(.uniform(steps: T, batch: N, features: F, using: &rng))
}

private let words = TokenBatch(steps: 3, batch: 2, tokens: [0, 1, 2, 1, 4, 0])

extension PartCase {
  static let all: [PartCase] = [
    PartCase("parameter", { One(part: Parameter<Double>(rows: 3, columns: 2, using: &$0)) }) {
      $0.part(on: $1).exp().sum()
    },
    PartCase("affine map", { One(part: Linear<Double>(inputSize: 3, outputSize: 4, using: &$0)) }) {
      $0.part(x($1, 3, 2, 3)).squared().sum()
    },
    PartCase(
      "embedding", { One(part: Embedding<Double>(vocabularySize: 5, features: 3, using: &$0)) }
    ) { $0.part(words, on: $1).exp().sum() },
    PartCase(
      "tied embedding", { One(part: Embedding<Double>(vocabularySize: 5, features: 3, using: &$0)) }
    ) { $0.part.scores($0.part(words, on: $1).tanh()).crossEntropy(words) },
    PartCase(
      "sampled softmax",
      {
        Two(
          a: Embedding<Double>(vocabularySize: 5, features: 3, using: &$0),
          b: Linear<Double>(inputSize: 3, outputSize: 5, using: &$0))
      }
    ) {
      let h = $0.a(words, on: $1).tanh()
      return $0.b.sampledCrossEntropy(
        h, words, samples: .logUniform(count: 4, vocabularySize: 5), lengths: [3, 2])
        + $0.b.sampledCrossEntropy(
          h, words, samples: .unigram(count: 3, counts: [4, 3, 0, 2, 1]), ignoring: 1)
    },
    PartCase(
      "sampled softmax of tied embeddings",
      { One(part: Embedding<Double>(vocabularySize: 5, features: 3, using: &$0)) }
    ) {
      $0.part.sampledCrossEntropy(
        $0.part(words, on: $1).tanh(), words,
        samples: .unigram(count: 70, counts: [4, 3, 0, 2, 1]))
    },
    PartCase(
      "hierarchical softmax",
      {
        Two(
          a: Embedding<Double>(vocabularySize: 5, features: 3, using: &$0),
          b: HierarchicalSoftmax<Double>(
            inputSize: 3, tree: HuffmanTree(counts: [9, 3, 0, 2, 1]), using: &$0))
      }
    ) {
      let h = $0.a(words, on: $1).tanh()
      return $0.b.crossEntropy(h, words, lengths: [1, 3]) + $0.b.crossEntropy(h, words, ignoring: 1)
        + $0.b.logProbabilities(h).squared().mean()
    },
    PartCase(
      "layer norm",
      {
        Two(
          a: Linear<Double>(inputSize: 3, outputSize: 4, using: &$0),
          b: LayerNorm<Double>(features: 4))
      }
    ) { $0.b($0.a(x($1, 3, 2, 3))).exp().sum() },
    PartCase(
      "LSTM with lengths and a state",
      {
        Two(
          a: LSTM<Double>(inputSize: 3, hiddenSize: 4, using: &$0),
          b: Parameter<Double>(rows: 2, columns: 8, using: &$0))
      }
    ) {
      let run = $0.a(x($1, 4, 2, 3), from: $0.b(on: $1), lengths: [4, 2])
      return run.outputs.exp().sum() + run.finalState.squared().sum()
    },
    PartCase(
      "GRU, final state alone", { One(part: GRU<Double>(inputSize: 3, hiddenSize: 4, using: &$0)) }
    ) { $0.part(x($1, 4, 2, 3)).finalState.exp().sum() },
    PartCase(
      "both directions of a stack",
      { rng in
        One(
          part: Bidirectional {
            Stacked(count: 2, inputSize: 3) {
              GRU<Double>(inputSize: $0, hiddenSize: 2, using: &rng)
            }
          })
      }
    ) {
      let run = $0.part(x($1, 3, 2, 3), lengths: [1, 3])
      return run.outputs.ends(lengths: [1, 3]).exp().sum() + run.finalState.squared().sum()
    },
    PartCase(
      "steps of a decoder",
      {
        Two(
          a: LSTM<Double>(inputSize: 3, hiddenSize: 4, using: &$0),
          b: Linear<Double>(inputSize: 4, outputSize: 3, using: &$0))
      }
    ) { model, graph in
      var input = x(graph, 1, 2, 3)
      var (state, outputs): (Node<Double>?, [Node<Double>]) = (nil, [])
      for _ in 0..<4 {
        let step = model.a.step(input, from: state)
        input = model.b(step.outputs).tanh()
        state = step.finalState
        outputs.append(input)
      }
      return Node.joined(outputs, along: .steps).exp().sum()
    },
    PartCase(
      "options with noise",
      { rng in
        var options = LSTMOptions()
        options.regularization.recurrentDropout = 0.3
        return One(
          part: (try? LSTM<Double>(
            inputSize: 3, hiddenSize: 4, options: options, using: &rng))
            ?? LSTM<Double>(inputSize: 3, hiddenSize: 4, using: &rng))
      }
    ) { $0.part(x($1, 4, 2, 3)).outputs.dropout(0.5).exp().sum() },
  ]
}

@Suite struct PartGradientTests {
  @Test(arguments: PartCase.all)
  func `gradients are central differences`(part: PartCase) {
    for threads in 1...2 { #expect(part.error(threads) < 1e-8, "threads \(threads)") }
  }
}
