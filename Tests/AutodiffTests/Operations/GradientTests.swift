import Autodiff
import Foundation
import LinAlg
import Recurrent
import Testing

/// An operation with shapes that it takes.
struct OperationCase: CustomTestStringConvertible, Sendable {
  var name: String
  /// The shapes of the inputs from random lengths: `T`, `N`, `F` and one more.
  var shapes: @Sendable (Int, Int, Int, Int) -> [NodeShape]
  /// Where the inputs are drawn from: away from kinks and from where a function is not defined.
  var range: ClosedRange<Double> = -1...1
  var apply: @Sendable (Graph<Double>, [Node<Double>], Int) -> Node<Double>

  var testDescription: String { name }

  init(
    _ name: String, in range: ClosedRange<Double> = -1...1,
    shapes: @escaping @Sendable (Int, Int, Int, Int) -> [NodeShape] = { T, N, F, _ in
      [NodeShape(steps: T, batch: N, features: F)]
    },
    _ apply: @escaping @Sendable (Graph<Double>, [Node<Double>], Int) -> Node<Double>
  ) {
    (self.name, self.shapes, self.range, self.apply) = (name, shapes, range, apply)
  }
}

private func shape(_ T: Int, _ N: Int, _ F: Int) -> NodeShape {
  NodeShape(steps: T, batch: N, features: F)
}

/// Lengths for `N` sequences of `T` steps, an empty one among them where there is room.
private func lengths(_ T: Int, _ N: Int, _ seed: Int) -> [Int] {
  (0..<N).map { (seed + 3 * $0 + 1) % (T + 1) }
}

private func tokens(_ T: Int, _ N: Int, below limit: Int, seed: Int) -> TokenBatch {
  TokenBatch(
    steps: T, batch: N, tokens: (0..<T * N).map { Token((seed + 5 * $0) % max(limit, 1)) })
}

private func numbers(_ T: Int, _ N: Int, _ F: Int, seed: Int) -> SequenceBatch<Double> {
  var rng = SeededGenerator(seed: UInt64(seed) + 77)
  return .uniform(steps: T, batch: N, features: F, in: 0...1, using: &rng)
}

private struct Cube: CustomOperation {
  func callAsFunction(_ x: SequenceBatch<Double>) -> SequenceBatch<Double> {
    SequenceBatch(
      steps: x.steps, batch: x.batch, features: x.features,
      elements: x.elements.map { $0 * $0 * $0 })
  }

  func gradient(
    _ dy: SequenceBatch<Double>, x: SequenceBatch<Double>, y: SequenceBatch<Double>
  ) -> SequenceBatch<Double> {
    SequenceBatch(
      steps: x.steps, batch: x.batch, features: x.features,
      elements: zip(x.elements, dy.elements).map { 3 * $0 * $0 * $1 })
  }
}

/// Every operation whose inputs are nodes; those with parameters are checked as parts of models.
let operationCases: [OperationCase] =
  [
    Activation.identity, .tanh, .sigmoid, .leakyRelu(), .elu(), .softplus, .softsign,
    .hardSigmoid(), .exp,
  ].map { function in
    // Away from 0, where some of these have a kink, and from ±2.5, where the hard sigmoid has.
    OperationCase("\(function)", in: 0.1...1.1) { _, x, seed in
      seed % 2 == 0 ? x[0].activated(function) : (-x[0]).activated(function)
    }
  } + [
    OperationCase("relu", in: 0.1...1) { _, x, _ in (x[0] - 0.05).relu() },
    OperationCase("tanh, sigmoid, exp by name") { _, x, _ in
      x[0].tanh() + x[0].sigmoid() * x[0].exp()
    },
    OperationCase("log", in: 0.2...2) { _, x, _ in x[0].log() },
    OperationCase("squared") { _, x, _ in x[0].squared() },
    OperationCase("squareRoot", in: 0.2...2) { _, x, _ in x[0].squareRoot() },
    OperationCase("magnitude", in: 0.1...1) { _, x, _ in (-x[0]).magnitude() + x[0].magnitude() },
    OperationCase("scaled") { _, x, _ in 1 - (2 * x[0] + 3) / 4 },
    OperationCase("clamped", in: 0.1...0.9) { _, x, _ in
      x[0].clamped(to: 0...1) + x[0].clamped(to: 2...3)
    },
    OperationCase("stopGradient") { _, x, _ in x[0] + x[0].scaled(by: 0).stopGradient() },
    OperationCase("product", shapes: { T, N, F, M in [shape(T, N, F), shape(1, F, M)] }) {
      _, x, _ in x[0].product(x[1])
    },
    OperationCase(
      "product, transposed", shapes: { T, N, F, M in [shape(T, N, F), shape(1, M, F)] }
    ) { _, x, _ in x[0].product(transposed: x[1]) },
    OperationCase(
      "weighted sums of steps", shapes: { T, N, F, M in [shape(M, N, T), shape(T, N, F)] }
    ) { _, x, _ in x[0].weightedSums(of: x[1]) },
    OperationCase(
      "inner products of steps", shapes: { T, N, F, M in [shape(M, N, F), shape(T, N, F)] }
    ) { _, x, _ in x[0].innerProducts(with: x[1]) },
    OperationCase("slices", shapes: { T, N, F, _ in [shape(T + 1, N + 1, F + 1)] }) { _, x, _ in
      let s = x[0].shape
      return x[0][steps: 1..<s.steps].sum() + x[0][batch: 0..<s.batch - 1].squared().sum()
        + x[0][features: 1..<s.features].exp().sum() + x[0][step: 0].sum()
    },
    OperationCase("joined features", shapes: { T, N, F, M in [shape(T, N, F), shape(T, N, M)] }) {
      _, x, _ in x[0].joined(x[1], along: .features)
    },
    OperationCase("joined steps", shapes: { T, N, F, M in [shape(T, N, F), shape(M, N, F)] }) {
      _, x, _ in Node.joined([x[0], x[1], x[0]], along: .steps)
    },
    OperationCase("joined sequences", shapes: { T, N, F, M in [shape(T, N, F), shape(T, M, F)] }) {
      _, x, _ in x[0].joined(x[1], x[0], along: .batch)
    },
    OperationCase("gathered rows") { _, x, seed in
      let rows = x[0].shape.rows
      return x[0].gathered(
        rows: TokenBatch(
          steps: 2, batch: 3, tokens: (0..<6).map { Token((seed + $0 * 7) % (rows + 1) - 1) }))
    },
    OperationCase("gathered rows side by side") { _, x, seed in
      let rows = x[0].shape.rows
      return x[0].gathered(
        rows: TokenBatch(
          steps: 2, batch: 6, tokens: (0..<12).map { Token((seed + $0 * 5) % (rows + 1) - 1) }),
        sideBySide: 3)
    },
    OperationCase(
      "LSTM cells", shapes: { T, N, F, _ in [shape(T, N, 4 * F), shape(T, N, F)] }
    ) { _, x, _ in
      let (next, first) = (x[0].lstmCells(after: x[1]), x[0].lstmCells(after: nil))
      return next.hidden.joined(next.cell, first.hidden, along: .features)
    },
    OperationCase("scattered rows") { _, x, seed in
      x[0].scattered(
        rows: TokenBatch(
          steps: x[0].steps, batch: x[0].batch,
          tokens: (0..<x[0].shape.rows).map { Token((seed + $0 * 3) % 5 - 1) }), steps: 2, batch: 2)
    },
    OperationCase("last") { _, x, seed in x[0].last(lengths: lengths(x[0].steps, x[0].batch, seed))
    },
    OperationCase("mean of steps") { _, x, seed in
      x[0].mean(lengths: lengths(x[0].steps, x[0].batch, seed)) + x[0].mean(lengths: nil)
    },
    OperationCase("maximum of steps") { _, x, seed in
      x[0].maximum(lengths: lengths(x[0].steps, x[0].batch, seed))
    },
    OperationCase("ends", shapes: { T, N, F, _ in [shape(T, N, 2 * F)] }) { _, x, seed in
      x[0].ends(lengths: lengths(x[0].steps, x[0].batch, seed))
    },
    OperationCase("sums") { _, x, _ in
      x[0].sum(over: .steps) + x[0].sum(over: .batch) + x[0].sum(over: .features) + x[0].sum()
    },
    OperationCase("means") { _, x, _ in
      x[0].mean(over: .steps) * x[0].mean(over: .batch) + x[0].mean(over: .features) * x[0].mean()
    },
    OperationCase("maxima") { _, x, _ in
      x[0].maximum(over: .steps) * x[0].maximum(over: .batch) + x[0].maximum(over: .features)
    },
    OperationCase("softmax") { _, x, _ in x[0].softmax() },
    OperationCase("masked softmax") { _, x, seed in
      x[0].softmax(lengths: lengths(x[0].features, x[0].batch, seed))
    },
    OperationCase("logSoftmax") { _, x, _ in x[0].logSoftmax() },
    OperationCase("masked logSoftmax") { _, x, seed in
      // Without the logarithms of 0, whose gradients are not to count.
      x[0].logSoftmax(lengths: lengths(x[0].features, x[0].batch, seed)).clamped(to: -40...0)
    },
    OperationCase("dropout per step") { _, x, _ in x[0].dropout(0.4) },
    OperationCase("dropout per sequence") { _, x, _ in x[0].dropout(0.4, mask: .perSequence) },
    OperationCase("custom operation") { _, x, _ in x[0].applying(Cube()) },
    OperationCase("cross-entropy of labels") { _, x, seed in
      let s = x[0].shape
      return x[0].crossEntropy(
        tokens(s.steps, s.batch, below: s.features, seed: seed),
        lengths: seed % 2 == 0 ? nil : lengths(s.steps, s.batch, seed), ignoring: 1,
        smoothing: seed % 3 == 0 ? 0 : 0.2,
        weights: seed % 2 == 0 ? numbers(s.steps, s.batch, 1, seed: seed) : nil,
        classWeights: seed % 4 < 2 ? nil : (0..<s.features).map { 0.5 + Double($0) })
    },
    OperationCase("losses of rows", shapes: { T, N, _, _ in [shape(T, N, 1)] }) { _, x, seed in
      let s = x[0].shape
      return x[0].squared().meanLoss(
        of: tokens(s.steps, s.batch, below: 3, seed: seed),
        lengths: seed % 2 == 0 ? nil : lengths(s.steps, s.batch, seed), ignoring: 1,
        weights: seed % 3 == 0 ? nil : numbers(s.steps, s.batch, 1, seed: seed))
    },
    OperationCase("cross-entropy of distributions") { _, x, seed in
      let s = x[0].shape
      return x[0].crossEntropy(
        distributions: numbers(s.steps, s.batch, s.features, seed: seed),
        lengths: seed % 2 == 0 ? nil : lengths(s.steps, s.batch, seed))
    },
    OperationCase("squared, absolute, Huber and logistic errors", in: 1.5...4) { _, x, seed in
      let s = x[0].shape
      let y = numbers(s.steps, s.batch, s.features, seed: seed)
      let lengths = seed % 2 == 0 ? nil : lengths(s.steps, s.batch, seed)
      return x[0].meanSquaredError(y, lengths: lengths)
        + 2 * x[0].meanAbsoluteError(y, lengths: lengths)
        + 3 * (x[0] * 0.1).huber(y, delta: 5, lengths: lengths)
        + 4 * x[0].huber(y, delta: 0.25, lengths: lengths)
        + 5 * (2 - x[0]).binaryCrossEntropy(y, lengths: lengths)
    },
    OperationCase(
      "dot attention",
      shapes: { T, N, F, M in [shape(M, N, F), shape(T, N, F), shape(T, N, M)] }
    ) { _, x, seed in
      let a = x[0].attending(
        keys: x[1], values: x[2], scale: 0.7, lengths: lengths(x[1].steps, x[1].batch, seed))
      return a.context.sum() + (a.weights * a.weights).sum() + a.context.squared().sum()
    },
    OperationCase("picked") { _, x, seed in
      // Some rows are left out.
      var numbers = tokens(x[0].steps, x[0].batch, below: x[0].features, seed: seed)
      numbers[0, 0] = -1
      return x[0].picked(numbers)
    },
    OperationCase("entropy") { _, x, _ in x[0].entropy() },
    OperationCase(
      "additive attention",
      shapes: { T, N, F, M in [shape(M, N, F), shape(T, N, F), shape(T, N, M), shape(1, 1, F)] }
    ) { _, x, seed in
      let a = x[0].attending(
        keys: x[1], values: x[2], additive: x[3], lengths: lengths(x[1].steps, x[1].batch, seed))
      return a.context.exp().sum() + a.weights.squared().sum()
    },
    OperationCase(
      "additive attention with coverage",
      shapes: { T, N, F, M in
        [
          shape(M, N, F), shape(T, N, F), shape(T, N, M), shape(1, 1, F), shape(M, N, T),
          shape(1, 1, F),
        ]
      }
    ) { _, x, seed in
      let a = x[0].attending(
        keys: x[1], values: x[2], additive: x[3],
        coverage: AttentionCoverage(covered: x[4], weights: x[5]),
        lengths: lengths(x[1].steps, x[1].batch, seed))
      return a.context.exp().sum() + a.weights.squared().sum()
    },
    // The softmax leaves out what has no score; the others show the scores as they are.
    OperationCase(
      "dot scores", shapes: { T, N, F, M in [shape(M, N, F), shape(T, N, F)] }
    ) { _, x, seed in
      let lengths = lengths(x[1].steps, x[1].batch, seed)
      return x[0].attentionScores(keys: x[1], scale: 0.7)
        + x[0].attentionScores(keys: x[1], lengths: lengths).softmax(lengths: lengths)
    },
    OperationCase(
      "additive scores",
      shapes: { T, N, F, M in
        [shape(M, N, F), shape(T, N, F), shape(1, 1, F), shape(M, N, T), shape(1, 1, F)]
      }
    ) { _, x, seed in
      let lengths = lengths(x[1].steps, x[1].batch, seed)
      return x[0].attentionScores(
        keys: x[1], additive: x[2], coverage: AttentionCoverage(covered: x[3], weights: x[4]))
        + x[0].attentionScores(keys: x[1], additive: x[2], lengths: lengths)
        .softmax(lengths: lengths)
    },
    OperationCase(
      "masked", shapes: { T, N, F, _ in [shape(T, N, F + 1), shape(T, N, F + 1)] }
    ) { graph, x, _ in
      // The last feature is never forbidden.
      let (T, N, F) = (x[1].steps, x[1].batch, x[1].features - 1)
      let mask = x[1][features: 0..<F].stopGradient()
        .joined(graph.constant(0, shape(T, N, 1)), along: .features)
      return x[0].masked(where: mask).softmax()
    },
    OperationCase("sums of earlier steps") { _, x, _ in x[0].sumsOfEarlierSteps() },
    OperationCase("occurrences and what is valid") { graph, x, seed in
      let (T, N, F) = (x[0].steps, x[0].batch, x[0].features)
      return x[0] * graph.occurrences(of: tokens(T, N, below: F, seed: seed), features: F)
        + x[0] * graph.validSteps(lengths(T, N, seed), steps: T)
        * graph.validFeatures(lengths(F, N, seed), features: F)
    },
    OperationCase(
      "copying",
      shapes: { T, N, F, M in [shape(M, N, F), shape(M, N, T), shape(M, N, 1)] }
    ) { _, x, seed in
      // Two words more than the vocabulary, each at some place; words of which there are several.
      let (T, N, W) = (x[1].features, x[0].batch, x[0].features + 2)
      let logs = x[0].mixedWithCopies(
        of: tokens(T, N, below: W, seed: seed), attention: x[1], generating: x[2], words: W,
        lengths: seed % 2 == 0 ? nil : lengths(T, N, seed))
      return logs.exp()
        + logs[features: 0..<W - 2].joined(
          logs[features: W - 2..<W].exp(), along: .features)
    },
  ]
  + ["+", "-", "*", "/"].flatMap { name in
    broadcasts.map { which, shapes in
      OperationCase("\(name) with \(which)", in: 0.5...1.5, shapes: shapes) { _, x, _ in
        switch name {
        case "+": x[0] + x[1]
        case "-": x[0] - x[1]
        case "*": x[0] * x[1]
        default: x[0] / x[1]
        }
      }
    }
  }

/// Shapes of two operands that go together.
private let broadcasts: [(String, @Sendable (Int, Int, Int, Int) -> [NodeShape])] = [
  ("equal shapes", { T, N, F, _ in [shape(T, N, F), shape(T, N, F)] }),
  ("a row", { T, N, F, _ in [shape(T, N, F), shape(1, 1, F)] }),
  ("a column", { T, N, F, _ in [shape(1, N, 1), shape(T, N, F)] }),
  ("a number", { T, N, F, _ in [shape(T, N, F), shape(1, 1, 1)] }),
  ("both broadcast", { T, N, F, _ in [shape(T, 1, F), shape(1, N, 1)] }),
]

@Suite struct GradientTests {
  /// What comes behind the softmax of a pointer's scores.
  @Test func `scores are those of attention, and what is forbidden has no probability`() {
    let graph = Graph<Double>()
    graph.beginEvaluation()
    let (q, k, w) = (
      graph.constant(numbers(3, 2, 4, seed: 1)), graph.constant(numbers(5, 2, 4, seed: 2)),
      graph.constant(numbers(1, 1, 4, seed: 3))
    )
    for lengths in [nil, [5, 2]] as [[Int]?] {
      let scores = [
        q.attentionScores(keys: k, scale: 0.5, lengths: lengths),
        q.attentionScores(keys: k, additive: w, lengths: lengths),
      ]
      let attention = [
        q.attending(keys: k, values: k, scale: 0.5, lengths: lengths),
        q.attending(keys: k, values: k, additive: w, lengths: lengths),
      ]
      for (e, a) in zip(scores, attention) {
        #expect(relativeError(e.softmax().value.elements, a.weights.value.elements) < 1e-14)
        #expect(
          relativeError(e.logSoftmax().exp().value.elements, a.weights.value.elements) < 1e-14)
      }
    }
    // By hand: w·tanh(q + k + wc·c).
    let (c, wc) = (numbers(3, 2, 5, seed: 4), numbers(1, 1, 4, seed: 5))
    let covered = q.attentionScores(
      keys: k, additive: w,
      coverage: AttentionCoverage(covered: graph.constant(c), weights: graph.constant(wc)))
    for s in 0..<3 {
      for n in 0..<2 {
        for t in 0..<5 {
          var expected = 0.0
          for i in 0..<4 {
            let inner = q.value[s, n, i] + k.value[t, n, i] + wc[0, 0, i] * c[s, n, t]
            expected += w.value[0, 0, i] * .tanh(inner)
          }
          #expect(abs(covered.value[s, n, t] - expected) < 1e-14)
        }
      }
    }
    let e = graph.constant(numbers(2, 1, 3, seed: 6))
    let mask = graph.constant(
      SequenceBatch(steps: 2, batch: 1, features: 3, elements: [0.0, 1, 0, 2, -1, 0]))
    let p = e.masked(where: mask).softmax().value
    #expect(p[0, 0, 1] == 0 && p[1, 0, 0] == 0)
    for t in 0..<2 { #expect(abs(p[t, 0, 0] + p[t, 0, 1] + p[t, 0, 2] - 1) < 1e-15) }
  }

  /// Word by word, in the order of the equation.
  @Test func `words are generated or copied`() {
    let graph = Graph<Double>()
    graph.beginEvaluation()
    let (z, e, g) = (
      numbers(2, 2, 3, seed: 1), numbers(2, 2, 4, seed: 2), numbers(2, 2, 1, seed: 3)
    )
    let tokens = TokenBatch(steps: 4, batch: 2, tokens: [0, 4, 3, 1, 0, 4, 3, 2])
    let lengths = [4, 2]
    let logs = graph.constant(z).mixedWithCopies(
      of: tokens, attention: graph.constant(e), generating: graph.constant(g), words: 5,
      lengths: lengths
    ).value
    for s in 0..<2 {
      for n in 0..<2 {
        let p = 1 / (1 + .exp(-g[s, n, 0]))
        let total = (0..<3).reduce(0) { $0 + .exp(z[s, n, $1]) }
        let copies = (0..<lengths[n]).reduce(0) { $0 + .exp(e[s, n, $1]) }
        for w in 0..<5 {
          var expected = w < 3 ? p * .exp(z[s, n, w]) / total : 0
          for t in 0..<lengths[n] where Int(tokens[t, n]) == w {
            expected += (1 - p) * .exp(e[s, n, t]) / copies
          }
          #expect(abs(.exp(logs[s, n, w]) - expected) < 1e-15)
        }
      }
    }
  }

  @Test func `copying is stable, however large the scores`() {
    let graph = Graph<Float>()
    var model = NoParts<Float>()
    for sign in [1e4, -1e4] as [Float] {
      var nodes: [Node<Float>] = []
      let loss = model.recordGradients(on: graph) { _, graph in
        func variable(_ F: Int, _ x: [Float]) -> Node<Float> {
          graph.variable(SequenceBatch(steps: 1, batch: 1, features: F, elements: x))
        }
        nodes = [variable(2, [sign, -sign]), variable(3, [-sign, sign, 0]), variable(1, [sign])]
        return nodes[0].mixedWithCopies(
          of: TokenBatch(steps: 3, batch: 1, tokens: [0, 2, 3]), attention: nodes[1],
          generating: nodes[2], words: 4
        ).crossEntropy(TokenBatch(repeating: 3, steps: 1, batch: 1))
      }
      // Word 3 can only be copied, from step 2; where the gate is open that has e^(−2e4).
      #expect(abs(loss.mean - (sign > 0 ? 2e4 : 1e4)) < 1)
      for node in nodes {
        #expect(node.gradient?.elements.allSatisfy { $0.isFinite } == true)
      }
    }
  }

  /// Attention out of its parts.
  @Test func `attention is a softmax of inner products`() {
    let graph = Graph<Double>()
    graph.beginEvaluation()
    let (q, k, v) = (
      graph.constant(numbers(3, 2, 4, seed: 1)), graph.constant(numbers(5, 2, 4, seed: 2)),
      graph.constant(numbers(5, 2, 3, seed: 3))
    )
    for lengths in [nil, [5, 2]] as [[Int]?] {
      let whole = q.attending(keys: k, values: v, scale: 0.5, lengths: lengths)
      let weights = (q.innerProducts(with: k) * 0.5).softmax(lengths: lengths)
      #expect(relativeError(weights.value.elements, whole.weights.value.elements) < 1e-14)
      let context = weights.weightedSums(of: v)
      #expect(relativeError(context.value.elements, whole.context.value.elements) < 1e-14)
    }
  }

  @Test func `a masked logarithm is that of the masked softmax, and −∞ teaches nothing`() {
    let graph = Graph<Double>()
    var model = NoParts<Double>()
    var (x, weights): (Node<Double>?, [Double]) = (nil, [])
    _ = model.recordGradients(on: graph) { _, graph in
      let node = graph.variable(numbers(2, 3, 4, seed: 1))
      let logs = node.logSoftmax(lengths: [4, 2, 0])
      weights = logs.value.elements.map { exp($0) }
      #expect(relativeError(weights, node.softmax(lengths: [4, 2, 0]).value.elements) < 1e-14)
      x = node
      // The chosen features count alone: no gradient of −∞ · 0.
      return logs.crossEntropy(
        TokenBatch(steps: 2, batch: 3, tokens: [3, 1, 0, 0, 0, 0]), lengths: [2, 2, 0])
    }
    let gradient = x?.gradient?.elements ?? []
    #expect(gradient.count == 24 && gradient.allSatisfy(\.isFinite))
    #expect(gradient[6] == 0 && gradient[7] == 0 && gradient[8] == 0 && gradient[4] != 0)
  }

  @Test func `a step of LSTM cells is its equation`() {
    let graph = Graph<Double>()
    graph.beginEvaluation()
    let x = graph.constant(numbers(2, 3, 20, seed: 1))
    let c = graph.constant(numbers(2, 3, 5, seed: 2))
    let gate = (0..<4).map { x[features: $0 * 5..<($0 + 1) * 5] }
    for cell in [c, nil] {
      let made = x.lstmCells(after: cell)
      var expected = gate[0].sigmoid() * gate[2].tanh()
      if let cell { expected = expected + gate[1].sigmoid() * cell }
      let hidden = gate[3].sigmoid() * expected.tanh()
      #expect(relativeError(made.cell.value.elements, expected.value.elements) < 1e-14)
      #expect(relativeError(made.hidden.value.elements, hidden.value.elements) < 1e-14)
    }
  }

  /// Lengths of axes: ones and others.
  static let lengths = [(1, 1, 1, 1), (3, 2, 4, 2), (2, 3, 1, 5), (1, 4, 3, 1), (4, 1, 5, 3)]

  @Test(arguments: operationCases)
  func `gradients are central differences`(operation: OperationCase) {
    for (k, (T, N, F, M)) in Self.lengths.enumerated() {
      for loss in TestLoss.allCases {
        var rng = SeededGenerator(seed: UInt64(100 * k + 7))
        let inputs = Inputs(operation.shapes(T, N, F, M), in: operation.range, using: &rng)
        let (error, _) = gradientError(inputs) { graph, nodes in
          loss(operation.apply(graph, nodes, k))
        }
        #expect(error < 2e-8, "shape \((T, N, F, M)), \(loss)")
      }
    }
  }

  /// Every class of an operation in the sources is run by a case above, or as a part of a model.
  @Test func `no operation is unchecked`() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../Sources/Autodiff/Operations")
    var declared: Set<String> = []
    for file in try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    {
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: /final class (\w+)</) { declared.insert(String(match.1)) }
    }
    #expect(declared.count > 15)
    var run: Set<String> = []
    for operation in operationCases {
      var rng = SeededGenerator(seed: 1)
      let inputs = Inputs(operation.shapes(2, 2, 2, 2), in: operation.range, using: &rng)
      run.formUnion(
        gradientError(inputs) { graph, nodes in operation.apply(graph, nodes, 0).sum() }.types)
    }
    for part in PartCase.all { run.formUnion(part.types()) }
    #expect(declared.subtracting(run).sorted() == [])
  }

  @Test(arguments: operationCases)
  func `any number of threads, the same bits`(operation: OperationCase) {
    // Large enough for a second thread.
    func run(threads: Int) -> [[Double]] {
      var rng = SeededGenerator(seed: 5)
      let inputs = Inputs(operation.shapes(23, 17, 96, 20), in: operation.range, using: &rng)
      let graph = Graph<Double>(threads: threads, seed: 3)
      var (model, nodes) = (NoParts<Double>(), [Node<Double>]())
      var value: [Double] = []
      _ = model.recordGradients(on: graph) { _, graph in
        nodes = inputs.values.map { graph.variable($0) }
        let y = operation.apply(graph, nodes, 2)
        value = y.value.elements
        return TestLoss.squares(y)
      }
      return [value] + nodes.map { $0.gradient?.elements ?? [] }
    }
    let one = run(threads: 1)
    for threads in 2...3 {
      #expect(
        run(threads: threads).map { $0.map(\.bitPattern) } == one.map { $0.map(\.bitPattern) })
    }
  }
}
