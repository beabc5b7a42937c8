import Autodiff
import LinAlg
import Recurrent
import Testing

@Suite struct CompletedGradientTests {
  /// A part that is read twice, between parts that are read once.
  @Test func `a block is said to be complete when nothing more is added to it`() {
    var rng = SeededGenerator(seed: 3)
    let model = Tagger<Double>()
    let graph = Graph<Double>(threads: 1, seed: 2)
    var order: [Int] = []
    var seen: [Int: [Double]] = [:]
    graph.didCompleteGradient = { block in
      order.append(block)
      seen[block] = graph.withGradients { $0[block: block].withUnsafeBufferPointer { Array($0) } }
    }
    _ = model.gradients(on: graph) { model, graph in
      let first = GraphTests.loss(model, graph)
      let weight = Double.random(in: 0.5..<2, using: &rng)
      return first + GraphTests.loss(model, graph) * weight
    }
    // Output, encoder, embedding: each at the operation that was the first to read it.
    #expect(order == [3, 1, 2, 0])
    let gradients = graph.gradients
    for block in 0..<gradients.blockCount {
      let last = gradients[block: block].withUnsafeBufferPointer { Array($0) }
      #expect(seen[block] == last, "block \(block)")
      #expect(last.contains { $0 != 0 }, "block \(block)")
    }
  }
}
