import LinAlg
import Recurrent
import TestNumbers
import Testing

/// Which products are computed as one, and where their weights are then.
@Suite struct ProductRunTests {
  /// A gated unit's candidate has sums of its own for `x` and for `h`: the weights of `x` come from two
  /// places. Few units share a panel; of many, threads divide the panels.
  @Test(arguments: [(3, 5), (33, 20), (70, 33), (7, 70), (40, 96)], [true, false])
  func `gates whose weights a pack brings together`(
    sizes: (D: Int, H: Int), isKernel: Bool
  ) throws {
    var rng = SeededGenerator(seed: 91)
    var options = GRUOptions()
    if !isKernel { options.updateGate = .hardSigmoid() }
    let layer: DefinedLayer<Float> = try options.makeLayer(
      inputSize: sizes.D, hiddenSize: sizes.H, using: &rng)
    let c = DefinedCase(
      layer, steps: 3, batch: 6, lengths: [3, 1, 2, 3, 0, 3], parameterBound: 0.2, using: &rng)
    let expected = c.engine(products: .openBLAS)
    for threads in [1, 2] {
      let actual = c.engine(threads: threads, split: threads > 1 ? .units : nil)
      for (x, y) in zip(actual.named, expected.named) {
        #expect(relativeError(x.values, y.values) < 1e-5, "\(x.name), \(threads) threads")
      }
    }
    let packed = try c.layer.inference(weights: .float32)
    let outputs = packed(
      c.input, from: c.state(c.initial), lengths: c.lengths, threads: 2, workspace: nil)
    #expect(outputs.outputs.elements == c.engine(threads: 2).outputs)
  }

  /// Sums of different sizes are not side by side, even if their blocks are.
  @Test func `an output of its own size beside a state that the same input feeds`() throws {
    let definition = try CellDefinition(
      "two sizes",
      states: [
        "h": tanh(
          Projection("V")(.x) + Projection("R")(.state("h")) + Projection("S")(.state("c"))),
        "c": tanh(
          Projection("W")(.x) + Projection("U")(.state("h")) + Projection("Q")(.state("c"))),
      ])
    var rng = SeededGenerator(seed: 92)
    for P in [1, 2, 4] {
      let layer = try DefinedLayer<Double>(
        definition, inputSize: 3, hiddenSize: 4, outputSize: P, using: &rng)
      let c = DefinedCase(layer, steps: 4, batch: 3, lengths: [4, 2, 3], using: &rng)
      let (outputs, final) = CellEvaluator(c.layer).run(c)
      let actual = c.engine(chunkLength: 2)
      #expect(relativeError(actual.outputs, outputs) < 1e-12, "P = \(P)")
      for (x, y) in zip(actual.final, final) { #expect(relativeError(x, y) < 1e-12) }
    }
  }
}
