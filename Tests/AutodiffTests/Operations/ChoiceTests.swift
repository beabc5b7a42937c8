import Autodiff
import LinAlg
import RealModule
import Recurrent
import Testing

@Suite struct ChoiceTests {
  @Test func `picked features`() {
    let graph = Graph<Double>()
    graph.beginEvaluation()
    let x = graph.constant(
      SequenceBatch(steps: 2, batch: 2, features: 3, elements: (0..<12).map(Double.init)))
    let y = x.picked(TokenBatch(steps: 2, batch: 2, tokens: [2, 0, -1, 1]))
    #expect(y.shape == NodeShape(steps: 2, batch: 2, features: 1))
    #expect(y.value.elements == [2, 3, 0, 10])
  }

  @Test func `entropy of what can be chosen`() {
    let graph = Graph<Double>()
    var (model, x, y) = (NoParts<Double>(), Node<Double>?.none, Node<Double>?.none)
    let scores: [Double] = [1, 1, 1, 1, 0, -.infinity, -.infinity, 0, 1e4, -1e4, 0, 3]
    _ = model.recordGradients(on: graph) { _, graph in
      let node = graph.variable(SequenceBatch(steps: 3, batch: 1, features: 4, elements: scores))
      let entropy = node.entropy()
      (x, y) = (node, entropy)
      return entropy.sum()
    }
    let values = y?.value.elements ?? []
    #expect(relativeError(values, [.log(4), .log(2), 0]) < 1e-15)
    // The uniform distribution has the largest entropy.
    let gradients = x?.gradient?.elements ?? []
    #expect(gradients.count == 12 && gradients.allSatisfy { abs($0) < 1e-15 })
  }

  @Test func `numbers outside of the features trap`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let graph = Graph<Float>()
      graph.beginEvaluation()
      let x = graph.constant(0, NodeShape(steps: 1, batch: 2, features: 3))
      _ = x.picked(TokenBatch(steps: 1, batch: 2, tokens: [0, 3]))
    }
    #expect(message(result).contains("picked: feature 3 of a value of shape [1, 2, 3]"))
  }
}
