import Autodiff
import CAllocationCounter
import LinAlg
import Recurrent
import Testing

@Suite struct GraphTests {
  static let tokens = randomTokens(7, 3, below: 11, seed: 5)
  static let labels = randomTokens(7, 3, below: 4, seed: 6)
  static let lengths = [7, 3, 5]

  static func loss<Scalar>(_ model: Tagger<Scalar>, _ graph: Graph<Scalar>) -> Node<Scalar> {
    model(tokens, lengths: lengths, on: graph).crossEntropy(labels, lengths: lengths)
  }

  @Test func `parts are found once, by name`() {
    let model = Tagger<Double>()
    let parameters = model.parameters
    #expect(parameters.names == ["embedding", "encoder.0", "encoder.1", "output"])
    #expect(parameters.scalarCount == 11 * 6 + 2 * 4 * 5 * (6 + 5 + 1) + 4 * 10 + 4)
    var other = Tagger<Double>(seed: 9)
    other.parameters = parameters
    let graph = Graph<Double>()
    let a = model.evaluate(on: graph) { Self.loss($0, $1).scalar }
    #expect(other.evaluate(on: graph) { Self.loss($0, $1).scalar } == a)
  }

  @Test func `a pass that is not recorded gives the same without dropout`() {
    let model = Tagger<Double>()
    let graph = Graph<Double>(seed: 2)
    let evaluated = model.evaluate(on: graph) { model, graph in
      (0..<3).map { _ in model(Self.tokens, lengths: Self.lengths, on: graph).value.elements }
    }
    #expect(evaluated[0] == evaluated[1] && evaluated[1] == evaluated[2])
    // Twice the same random choices for the same pass, others for the next.
    var losses: [Double] = []
    for pass in [0, 0, 1] as [UInt64] {
      graph.noise.pass = pass
      losses.append(model.gradients(on: graph) { Self.loss($0, $1) }.mean)
    }
    #expect(losses[0] == losses[1] && losses[1] != losses[2])
  }

  /// The padding of an affine map's results is what it makes of zeros, and no gradient comes from it.
  @Test(arguments: [1, 2, 3])
  func `padding is what it was, and not computed row by row`(threads: Int) {
    var model = Tagger<Float>(vocabulary: 50, features: 64, hidden: 48, labels: 40)
    var rng = SeededGenerator(seed: 5)
    model.output.parameters.b = .uniform(rows: 1, columns: 40, using: &rng)
    let (tokens, labels) = (
      randomTokens(40, 24, below: 50, seed: 1), randomTokens(40, 24, below: 40, seed: 2)
    )
    let lengths: [Int] = (0..<24).map { (n: Int) -> Int in 1 + n * 37 % 40 }
    let graph = Graph<Float>(threads: threads, seed: 8)
    let values = model.evaluate(on: graph) { model, graph in
      let encoded = model.encoder(model.embedding(tokens, on: graph), lengths: lengths).outputs
      return (encoded.value.elements, model.output(encoded).value.elements)
    }
    let x = SequenceBatch(steps: 40, batch: 24, features: 96, elements: values.0)
    #expect(values.1 == model.output(x).elements)
    let bias = model.output.parameters.b.elements
    for row in 0..<40 * 24 where row / 24 >= lengths[row % 24] {
      let padding: ArraySlice<Float> = values.1[row * 40..<row * 40 + 40]
      #expect(Array(padding) == bias)
    }
    func run(_ labels: TokenBatch, threads: Int) -> [[UInt32]] {
      let graph = Graph<Float>(threads: threads, seed: 8)
      _ = model.gradients(on: graph) {
        $0(tokens, lengths: lengths, on: $1).crossEntropy(labels, lengths: lengths)
      }
      return (0..<graph.gradients.blockCount).map { i in
        graph.gradients[block: i].withUnsafeBufferPointer { $0.map(\.bitPattern) }
      }
    }
    let gradients = run(labels, threads: threads)
    #expect(gradients == run(labels, threads: 1))
    // Whatever labels the padding has.
    var others: [Token] = labels.tokens
    for row in 0..<40 * 24 where row / 24 >= lengths[row % 24] { others[row] = 39 - others[row] }
    #expect(gradients == run(TokenBatch(steps: 40, batch: 24, tokens: others), threads: threads))
  }

  @Test(arguments: [2, 3])
  func `any number of threads, the same bits`(threads: Int) {
    let model = Tagger<Float>(vocabulary: 50, features: 64, hidden: 48, labels: 40)
    let (tokens, labels) = (
      randomTokens(40, 24, below: 50, seed: 1), randomTokens(40, 24, below: 40, seed: 2)
    )
    func run(_ threads: Int) -> [[UInt32]] {
      let graph = Graph<Float>(threads: threads, seed: 8)
      let loss = model.gradients(on: graph) { model, graph in
        model(tokens, on: graph).crossEntropy(labels)
      }
      return [[Float(loss.mean).bitPattern]]
        + (0..<graph.gradients.blockCount).map { i in
          graph.gradients[block: i].withUnsafeBufferPointer { $0.map(\.bitPattern) }
        }
    }
    #expect(run(threads) == run(1))
  }

  @Test func `parts that were copied from each other are two`() {
    struct Twins: Model {
      typealias Scalar = Double
      var a: Linear<Double>
      var b: Linear<Double>
      mutating func visitParts(_ part: inout PartVisitor<Double>) {
        part("a", &a)
        part("b", &b)
      }
    }
    var rng = SeededGenerator(seed: 4)
    let map = Linear<Double>(inputSize: 2, outputSize: 2, using: &rng)
    let x = SequenceBatch<Double>.uniform(steps: 1, batch: 3, features: 2, using: &rng)
    let graph = Graph<Double>()
    _ = Twins(a: map, b: map).gradients(on: graph) { model, graph in
      model.a(graph.constant(x)).sum() + 3 * model.b(graph.constant(x)).sum()
    }
    let (a, b) = (graph.gradients[block: 0], graph.gradients[block: 1])
    for (p, q) in zip(a[tensor: 0].rowArrays.joined(), b[tensor: 0].rowArrays.joined()) {
      #expect(abs(3 * p - q) < 1e-14 && p != 0)
    }
  }

  @Test func `a frozen part has no gradient, and the others are right`() {
    let model = Tagger<Double>()
    let graph = Graph<Double>()
    graph.noise.pass = 0
    _ = model.gradients(on: graph) { Self.loss($0, $1) }
    let all = graph.gradients
    graph.freeze("encoder", "output")
    graph.noise.pass = 0
    _ = model.gradients(on: graph) { Self.loss($0, $1) }
    for i in 0..<all.blockCount {
      let (own, expected) = (
        graph.gradients[block: i].withUnsafeBufferPointer { Array($0) },
        all[block: i].withUnsafeBufferPointer { Array($0) }
      )
      #expect(graph.gradients.isTrained(block: i) == (i == 0))
      #expect(own == (i == 0 ? expected : expected.map { _ in 0 }))
    }
  }

  @Test func `buffers die at their last use`() {
    let graph = Graph<Float>(threads: 1)
    let x = SequenceBatch<Float>.zeros(steps: 10, batch: 10, features: 64)
    graph.beginEvaluation()
    var y = graph.constant(x)
    for _ in 0..<200 { y = (y + 1).tanh() }
    // Not the 400 values that were computed.
    #expect(graph.byteCount < 20 * 4 * x.count, "\(graph.byteCount)")
    // Recorded, what the way back does not read goes, too: of each round one value of two is kept.
    let loss = NoParts<Float>().gradients(on: graph) { _, graph in
      var y = graph.variable(x)
      for _ in 0..<200 { y = (y + 1).tanh() }
      return y.sum()
    }
    #expect(loss.sum.isFinite)
    #expect(graph.byteCount < 240 * 4 * x.count, "\(graph.byteCount)")
  }
}

/// Nothing is allocated in a pass of a shape that was seen before.
@Suite(.enabled(if: allocation_counter_is_available()))
struct GraphAllocationTests {
  func allocations(_ body: () -> Void) -> UInt64 {
    let before = allocation_counter_thread_value()
    body()
    return allocation_counter_thread_value() - before
  }

  @Test func `gradients of a tagger`() {
    func count<Scalar: RecurrentScalar>(_: Scalar.Type) -> UInt64 {
      var model = Tagger<Scalar>()
      let graph = Graph<Scalar>(threads: 1)
      func step() { _ = model.recordGradients(on: graph) { GraphTests.loss($0, $1) } }
      for _ in 0..<3 { step() }
      return allocations { for _ in 0..<5 { step() } }
    }
    #expect(count(Float.self) == 0)
    #expect(count(Double.self) == 0)
  }

  /// Padding is left out of the affine map's products, whose lists and memory stay.
  @Test func `gradients of a tagger whose sequences have different lengths`() {
    var model = Tagger<Float>(features: 16, hidden: 16)
    let graph = Graph<Float>(threads: 1)
    let (tokens, labels) = (
      randomTokens(30, 8, below: 11, seed: 1), randomTokens(30, 8, below: 4, seed: 2)
    )
    let lengths = [30, 3, 17, 9, 1, 22, 5, 12]
    func step() {
      _ = model.recordGradients(on: graph) {
        $0(tokens, lengths: lengths, on: $1).crossEntropy(labels, lengths: lengths)
      }
    }
    for _ in 0..<3 { step() }
    #expect(allocations { for _ in 0..<5 { step() } } == 0)
  }

  @Test func `gradients of a decoder with attention`() {
    var model = Decoder<Float>()
    let graph = Graph<Float>(threads: 1)
    let (source, target) = (
      randomTokens(6, 3, below: 9, seed: 1), randomTokens(4, 3, below: 9, seed: 2)
    )
    let lengths = [6, 2, 4]
    func step() {
      _ = model.recordGradients(on: graph) { model, graph in
        model(source, target, lengths: lengths, on: graph).crossEntropy(target)
      }
    }
    for _ in 0..<3 { step() }
    #expect(allocations { for _ in 0..<5 { step() } } == 0)
  }

  @Test func `gradients of pointers, coverage and copies`() {
    var model = Decoder<Float>()
    let graph = Graph<Float>(threads: 1)
    let (source, target) = (
      randomTokens(6, 3, below: 9, seed: 1), randomTokens(4, 3, below: 6, seed: 2)
    )
    let (lengths, targets) = ([6, 2, 4], [4, 4, 3])
    func step() {
      _ = model.recordGradients(on: graph) { model, graph in
        let (keys, inputs) = (
          model.embedding(source, on: graph), model.embedding(target, on: graph)
        )
        let weights = inputs[step: 0][batch: 0..<1]
        let covered = inputs.attentionScores(keys: keys, lengths: lengths)
          .softmax(lengths: lengths).sumsOfEarlierSteps()
        let scores = inputs.attentionScores(
          keys: keys, additive: weights,
          coverage: AttentionCoverage(covered: covered, weights: weights), lengths: lengths)
        let visited = graph.occurrences(of: target, features: 6)
        let logs = model.embedding.scores(inputs).mixedWithCopies(
          of: source, attention: scores, generating: inputs.sum(over: .features), words: 9,
          lengths: lengths)
        let valid = graph.validSteps(targets, steps: 4)
        let counted = graph.validFeatures(lengths, features: 6)
        return logs.crossEntropy(target, lengths: targets)
          + ((visited * counted).masked(where: visited).softmax() * valid).sum()
      }
    }
    for _ in 0..<3 { step() }
    #expect(allocations { for _ in 0..<5 { step() } } == 0)
  }

  @Test func `gradients of LSTM cells and of neighbours side by side`() {
    var rng = SeededGenerator(seed: 8)
    var model = NoParts<Float>()
    let graph = Graph<Float>(threads: 1)
    let x = SequenceBatch<Float>.uniform(steps: 3, batch: 4, features: 8, using: &rng)
    let rows = TokenBatch(steps: 2, batch: 12, tokens: (0..<24).map { Token($0 % 13 - 1) })
    func step() {
      _ = model.recordGradients(on: graph) { _, graph in
        let gates = graph.variable(x).gathered(rows: rows, sideBySide: 3)
        let first = gates[step: 0].lstmCells(after: nil)
        return gates[step: 1].lstmCells(after: first.cell).hidden.squared().sum()
      }
    }
    for _ in 0..<3 { step() }
    #expect(allocations { for _ in 0..<5 { step() } } == 0)
  }

  @Test func `an evaluation`() {
    let model = Tagger<Float>()
    let graph = Graph<Float>(threads: 1)
    func step() { _ = model.evaluate(on: graph) { GraphTests.loss($0, $1).scalar } }
    for _ in 0..<3 { step() }
    #expect(allocations { for _ in 0..<5 { step() } } == 0)
  }
}
