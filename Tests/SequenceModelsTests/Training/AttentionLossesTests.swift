import Autodiff
import LinAlg
import Recurrent
import SequenceModels
import Testing

@Suite struct AttentionLossesTests {
  /// Weights `[3, 2, 4]` of random rows that sum to 1 over the valid steps of the source.
  static let sources = [4, 2]
  static let targets = [3, 2]

  static func weights(_ graph: Graph<Double>) -> Node<Double> {
    var rng = SeededGenerator(seed: 21)
    return graph.constant(.uniform(steps: 3, batch: 2, features: 4, in: -1...1, using: &rng))
      .softmax(lengths: sources)
  }

  @Test(arguments: [AttentionTotal.even, .fixed(1), .fixed(0.3)])
  func `unevenness is the sum of its definition`(total: AttentionTotal) {
    let graph = Graph<Double>()
    graph.beginEvaluation()
    let weights = Self.weights(graph)
    let found = weights.unevenness(of: total, sources: Self.sources, targets: Self.targets).scalar
    var expected = 0.0
    for n in 0..<2 {
      let wanted: Double
      switch total {
      case .even: wanted = Double(Self.targets[n]) / Double(Self.sources[n])
      case .fixed(let total): wanted = total
      }
      for i in 0..<Self.sources[n] {
        let given = (0..<Self.targets[n]).reduce(0.0) { $0 + weights.value[$1, n, i] }
        expected += (wanted - given) * (wanted - given)
      }
    }
    #expect(abs(found - expected / 5) < 1e-15)
  }

  @Test func `attention that is spent evenly costs nothing`() {
    let graph = Graph<Double>()
    graph.beginEvaluation()
    let even = graph.constant(0.25, NodeShape(steps: 8, batch: 1, features: 4))
    #expect(even.unevenness(sources: nil, targets: nil).scalar == 0)
    #expect(even.unevenness(of: .fixed(1), sources: nil, targets: [4]).scalar == 0)
    #expect(even.unevenness(of: .fixed(1), sources: nil, targets: nil).scalar == 0.5)
  }

  @Test func `coverage loss is the sum of its definition`() {
    let graph = Graph<Double>()
    graph.beginEvaluation()
    let weights = Self.weights(graph)
    let found = weights.coverageLoss(targets: Self.targets).scalar
    var expected = 0.0
    for n in 0..<2 {
      var covered = [0.0, 0, 0, 0]
      for t in 0..<Self.targets[n] {
        for i in 0..<4 {
          expected += min(weights.value[t, n, i], covered[i])
          covered[i] += weights.value[t, n, i]
        }
      }
    }
    #expect(expected > 0 && abs(found - expected / 5) < 1e-15)
  }

  /// The penalty does what it is for, on weights that are free.
  @Test func `the penalty evens attention out`() throws {
    struct Free: Model {
      typealias Scalar = Double
      var scores: Parameter<Double>
      mutating func visitParts(_ part: inout PartVisitor<Double>) { part("scores", &scores) }
      func weights(on graph: Graph<Double>) -> Node<Double> {
        // Three target steps of one source.
        let rows = scores(on: graph)
        return Node.joined((0..<3).map { rows[batch: $0..<$0 + 1] }, along: .steps).softmax()
      }
    }
    var rng = SeededGenerator(seed: 2)
    var model = Free(scores: Parameter(rows: 3, columns: 5, weights: .normal(2), using: &rng))
    let graph = Graph<Double>()
    var adam = Adam(for: model.parameters, learningRate: 0.05)
    func loss(_ model: Free, _ graph: Graph<Double>) -> Node<Double> {
      model.weights(on: graph).unevenness(sources: nil, targets: nil)
    }
    let before = model.gradients(on: graph, of: loss).mean
    for _ in 0..<200 { try model.trainingStep(on: graph, optimizer: &adam, loss: loss) }
    #expect(model.gradients(on: graph, of: loss).mean < before / 100)
  }

  @Test func `alignments are the weights of each sequence`() {
    let graph = Graph<Double>()
    graph.beginEvaluation()
    let weights = Self.weights(graph)
    let found = weights.alignments(sources: Self.sources, targets: Self.targets)
    #expect(found.map(\.targetCount) == [3, 2] && found.map(\.sourceCount) == [4, 2])
    for n in 0..<2 {
      for t in 0..<Self.targets[n] {
        #expect(abs(found[n].weights[t].reduce(0, +) - 1) < 1e-15)
        for i in 0..<Self.sources[n] { #expect(found[n].weights[t][i] == weights.value[t, n, i]) }
        let best = found[n].strongest[t]
        #expect(found[n].weights[t].allSatisfy { $0 <= found[n].weights[t][best] })
      }
    }
  }

  @Test func `alignments of texts are those of the pass`() {
    let model: EncoderDecoderTests.Sample<Double> = EncoderDecoderTests.model(
      .general, feedsInput: true)
    let graph = Graph<Double>()
    model.evaluate(on: graph) { model, graph in
      let (source, lengths) = (EncoderDecoderTests.source, EncoderDecoderTests.lengths)
      let found = model.alignments(
        of: source, lengths: lengths, writing: [[4, 3], [2]], begin: 0, on: graph)
      #expect(found.map(\.targetCount) == [3, 2] && found.map(\.sourceCount) == [4, 3])
      let inputs = TokenBatch(steps: 3, batch: 2, tokens: [0, 0, 4, 2, 3, 0])
      let pass = model.pass(source, lengths: lengths, inputs: inputs, on: graph)
      for n in 0..<2 {
        for (t, row) in found[n].weights.enumerated() {
          for (i, weight) in row.enumerated() { #expect(weight == pass.attention?.value[t, n, i]) }
        }
      }
    }
  }
}
