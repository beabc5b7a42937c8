import Autodiff
import LinAlg
import Recurrent
import Testing

/// What does not belong together traps, naming the operation and the shapes.
@Suite struct HeldWrongTests {
  static func x(_ T: Int, _ N: Int, _ F: Int) -> SequenceBatch<Float> {
    .zeros(steps: T, batch: N, features: F)
  }

  @Test func `a node of a finished pass`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let graph = Graph<Float>()
      graph.beginEvaluation()
      let old = graph.constant(Self.x(1, 2, 3))
      graph.beginEvaluation()
      _ = old + 1
    }
    #expect(message(result).contains("a node of a finished pass"))
  }

  @Test func `a node of another graph`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let (a, b) = (Graph<Float>(), Graph<Float>())
      a.beginEvaluation()
      b.beginEvaluation()
      _ = a.constant(Self.x(1, 2, 3)) + b.constant(Self.x(1, 2, 3))
    }
    #expect(message(result).contains("+: a node of another graph"))
  }

  @Test func `shapes that do not go together`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let graph = Graph<Float>()
      graph.beginEvaluation()
      _ = graph.constant(Self.x(1, 2, 3)) * graph.constant(Self.x(1, 2, 4))
    }
    #expect(message(result).contains("*: shapes [1, 2, 3] and [1, 2, 4]"))
  }

  @Test func `inputs of another size`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let model = Tagger<Float>()
      _ = model.gradients(on: Graph<Float>()) { model, graph in
        model.encoder(graph.constant(Self.x(2, 2, 9))).outputs.sum()
      }
    }
    #expect(message(result).contains("layer: x has shape [2, 2, 9], expected [T, N, D] with D = 6"))
  }

  @Test func `parameters of another model`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let (model, other) = (Tagger<Float>(), Tagger<Float>(seed: 2))
      _ = model.gradients(on: Graph<Float>()) { _, graph in GraphTests.loss(other, graph) }
    }
    #expect(
      message(result).contains(
        "embedding: its parameters are not those of the model whose pass is recorded"))
  }

  @Test func `parameters changed during the pass`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let model = Tagger<Float>()
      _ = model.gradients(on: Graph<Float>()) { model, graph in
        var changed = model
        changed.output.parameters.W = .zeros(rows: 4, columns: 10)
        return GraphTests.loss(changed, graph)
      }
    }
    #expect(message(result).contains("affine map: its parameters are not those of the model"))
  }

  @Test func `a loss that is no number`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tagger<Float>().gradients(on: Graph<Float>()) { model, graph in
        model(GraphTests.tokens, on: graph)
      }
    }
    #expect(message(result).contains("the node has shape [7, 3, 4], expected [1, 1, 1]"))
  }

  @Test func `labels outside of the classes`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tagger<Float>().gradients(on: Graph<Float>()) { model, graph in
        model(GraphTests.tokens, on: graph).crossEntropy(
          TokenBatch(repeating: 4, steps: 7, batch: 3))
      }
    }
    #expect(
      message(result).contains(
        "label 4 at step 0 of sequence 0 is outside the 4 classes of the scores"))
  }

  @Test func `a part that there is not`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let graph = Graph<Float>()
      graph.freeze("encodr")
      _ = Tagger<Float>().gradients(on: graph) { GraphTests.loss($0, $1) }
    }
    #expect(
      message(result).contains(
        "no part is called encodr; there are embedding, encoder.0, encoder.1, output"))
  }

  @Test func `a node of a graph that is gone`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var graph: Graph<Float>? = Graph()
      let node = graph?.constant(1, NodeShape(steps: 1, batch: 1, features: 1))
      graph = nil
      _ = node?.tanh()
    }
    #expect(message(result).contains("a node of a finished pass"))
  }

  @Test func `a node that the user keeps is no other's memory`() {
    let graph = Graph<Float>()
    graph.beginEvaluation()
    let kept = graph.constant(1, NodeShape(steps: 1, batch: 1, features: 100))
    let value = kept.value
    for _ in 0..<50 { _ = graph.constant(2, NodeShape(steps: 1, batch: 1, features: 100)) + 1 }
    #expect(kept.value == value && value.elements.allSatisfy { $0 == 1 })
    graph.beginEvaluation()
    for _ in 0..<50 { _ = graph.constant(2, NodeShape(steps: 1, batch: 1, features: 100)) + 1 }
    #expect(value.elements.allSatisfy { $0 == 1 })
  }
}
