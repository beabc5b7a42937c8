import Autodiff
import LinAlg
import Recurrent
import SequenceModels
import Testing

@Suite struct SequenceGeneratorTests {
  static func writer<S: RecurrentScalar>(
    _: S.Type, hidden: Int = 4, _ rng: inout SeededGenerator
  ) -> LanguageModel<LSTM<S>> {
    .lstm(vocabularySize: 6, embeddingSize: 3, hiddenSize: hidden, using: &rng)
  }

  static let frame = SequenceFrame(beginning: 0, end: 1)
  static let batch = frame([[2, 3, 4], [], [5, 5]])
  static let classes = TokenBatch(steps: 1, batch: 3, tokens: [1, 0, 1])

  static let vectors: SequenceBatch<Double> = {
    var rng = SeededGenerator(seed: 3)
    return .uniform(steps: 1, batch: 3, features: 5, using: &rng)
  }()

  @Test func `gradients are central differences`() {
    var rng = SeededGenerator(seed: 1)
    let byClass = SequenceGenerator(
      classes: 2, writer: Self.writer(Double.self, &rng), using: &rng)
    let byVector = SequenceGenerator(
      inputSize: 5, writer: Self.writer(Double.self, &rng), using: &rng)
    #expect(
      modelGradientError(byClass) {
        $0.writer.loss(Self.batch, from: $0.start(Self.classes, on: $1), on: $1)
      } < 1e-7)
    #expect(
      modelGradientError(byVector) {
        let start = $0.start($1.constant(Self.vectors))
        return $0.writer.loss(Self.batch, from: start, on: $1)
      } < 1e-7)
  }

  @Test func `recorded, evaluated, step by step and alone`() {
    var rng = SeededGenerator(seed: 2)
    let model = SequenceGenerator(
      inputSize: 5, writer: Self.writer(Double.self, &rng), using: &rng)
    let x = Self.vectors
    let graph = Graph<Double>()
    func scores(_ model: SequenceGenerator<LSTM<Double>>, _ graph: Graph<Double>) -> Node<Double> {
      model.writer(
        Self.batch.inputs, from: model.start(graph.constant(x)), lengths: Self.batch.lengths,
        on: graph
      ).outputs
    }
    let whole = model.evaluate(on: graph) { scores($0, $1).value.elements }
    var recorded: [Double] = []
    _ = model.gradients(on: graph) { model, graph in
      let node = scores(model, graph)
      recorded = node.value.elements
      return node.sum()
    }
    #expect(recorded == whole)
    for n in 0..<3 {
      model.evaluate(on: graph) { model, graph in
        var state = model.start(graph.constant(x)[batch: n..<n + 1])
        for t in 0..<Self.batch.lengths[n] {
          let step = model.writer.step(
            TokenBatch(repeating: Self.batch.inputs[t, n], steps: 1, batch: 1), state, on: graph)
          state = step.state
          for k in 0..<6 {
            #expect(abs(step.scores.value[0, 0, k] - whole[(t * 3 + n) * 6 + k]) < 1e-13)
          }
        }
      }
    }
  }

  @Test func `classes learn their words, and three ways write them`() throws {
    let words: [[Token]] = [[2, 3, 4, 5], [], [5, 5, 2]]
    var rng = SeededGenerator(seed: 5)
    var model = SequenceGenerator(
      classes: 3, writer: Self.writer(Float.self, hidden: 12, &rng), using: &rng)
    let graph = Graph<Float>(seed: 1)
    var adam = Adam(for: model.parameters, learningRate: 0.03)
    let all = TokenBatch(steps: 1, batch: 3, tokens: [0, 1, 2])
    let batch = Self.frame(words)
    for _ in 0..<120 {
      try model.trainingStep(on: graph, optimizer: &adam, maximumNorm: 1) {
        $0.writer.loss(batch, from: $0.start(all, on: $1), on: $1)
      }
    }
    model.evaluate(on: graph) { model, graph in
      let search = BeamSearch(width: 3, maximumLength: 8)
      let found = search(from: model.start(all, on: graph), begin: 0, end: 1) {
        model.writer.step($0, $1, on: graph)
      }
      #expect(found.map { $0.first?.tokens } == words)
      for temperature in [0, 0.2] {
        let sampler = SequenceSampler(TokenSampler(temperature: temperature), maximumLength: 8)
        let drawn = sampler(
          from: model.start(all, on: graph), begin: 0, end: 1
        ) { model.writer.step($0, $1, on: graph) }.map { $0[0] }
        #expect(drawn.map(\.tokens) == words && drawn.allSatisfy(\.hasEnded))
      }
    }
  }

  @Test func `threads change no bit`() {
    var rng = SeededGenerator(seed: 6)
    let writer = LanguageModel<LSTM<Float>>.lstm(
      vocabularySize: 60, embeddingSize: 20, hiddenSize: 40, using: &rng)
    let model = SequenceGenerator(inputSize: 50, writer: writer, using: &rng)
    let sequences = (0..<40).map { n in (0..<n % 13).map { Token(2 + ($0 * n) % 58) } }
    let vectors = SequenceBatch<Float>.uniform(steps: 1, batch: 40, features: 50, using: &rng)
    func run(_ threads: Int) -> [UInt32] {
      let graph = Graph<Float>(threads: threads, seed: 1)
      let loss = model.gradients(on: graph) {
        $0.writer.loss(Self.frame(sequences), from: $0.start($1.constant(vectors)), on: $1)
      }
      return [Float(loss.mean).bitPattern] + graph.gradients.elements.map(\.bitPattern)
    }
    #expect(run(2) == run(1) && run(3) == run(1))
  }

  @Test func `starting by what the model does not know traps`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var rng = SeededGenerator(seed: 1)
      let model = SequenceGenerator(
        classes: 2, writer: Self.writer(Double.self, &rng), using: &rng)
      model.evaluate(on: Graph()) { _ = $0.start($1.constant(Self.vectors)) }
    }
    #expect(message(result).contains("start: classes start this model's sequences"))
  }
}
