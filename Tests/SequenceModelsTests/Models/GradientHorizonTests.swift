import Autodiff
import LinAlg
import Recurrent
import SequenceModels
import Testing

@Suite struct GradientHorizonTests {
  private struct Reader: Model {
    typealias Scalar = Double
    var cell: LSTM<Double>
    mutating func visitParts(_ part: inout PartVisitor<Double>) { part("cell", &cell) }

    init() {
      var rng = SeededGenerator(seed: 7)
      cell = LSTM(inputSize: 2, hiddenSize: 3, using: &rng)
    }
  }

  static func inputs() -> SequenceBatch<Double> {
    var rng = SeededGenerator(seed: 8)
    return .uniform(steps: 7, batch: 2, features: 2, using: &rng)
  }

  /// How many steps back from step `t` the inputs have a gradient, and the outputs.
  private func reach(
    _ horizon: GradientHorizon?, of t: Int, lengths: [Int]? = nil
  ) -> (steps: [Int], outputs: [Double]) {
    let (model, graph) = (Reader(), Graph<Double>())
    var (x, outputs): (Node<Double>?, [Double]) = (nil, [])
    _ = model.gradients(on: graph) { model, graph in
      let node = graph.variable(Self.inputs())
      x = node
      let run = model.cell(node, lengths: lengths, horizon: horizon)
      outputs = run.outputs.value.elements + run.finalState.value.elements
      return run.outputs[step: t].squared().sum()
    }
    let gradient = x?.gradient
    let steps = (0..<7).filter { step in
      (0..<4).contains { abs(gradient?.elements[step * 4 + $0] ?? 0) > 1e-12 }
    }
    return (steps, outputs)
  }

  @Test func `each loss reaches back through the last states alone`() {
    for t in 0..<7 {
      #expect(reach(nil, of: t).steps == Array(0...t))
      #expect(reach(GradientHorizon(3, every: 1), of: t).steps == Array(max(0, t - 2)...t))
      #expect(reach(GradientHorizon(2), of: t).steps == Array(t / 2 * 2...t))
      let own = reach(GradientHorizon(4, every: 2), of: t).steps
      #expect(own == Array(max(0, t / 2 * 2 - 2)...t))
      #expect(reach(GradientHorizon(8, every: 2), of: t).steps == Array(0...t))
    }
  }

  @Test(arguments: [nil, [7, 7], [5, 2], [0, 6]] as [[Int]?])
  func `values are those of one pass`(lengths: [Int]?) {
    let whole = reach(nil, of: 0, lengths: lengths).outputs
    for horizon in [GradientHorizon(1), .init(2), .init(6), .init(4, every: 2), .init(3, every: 1)]
    {
      #expect(relativeError(reach(horizon, of: 0, lengths: lengths).outputs, whole) < 1e-14)
    }
  }

  @Test func `pieces that reach far enough give the whole gradient`() {
    func gradients(_ horizon: GradientHorizon?, steps: Int) -> [Double] {
      let (model, graph) = (Reader(), Graph<Double>())
      _ = model.gradients(on: graph) { model, graph in
        let x = graph.constant(Self.inputs())[steps: 0..<steps]
        return model.cell(x, horizon: horizon).outputs.squared().sum()
      }
      return graph.gradients.elements
    }
    // Of 7 steps, with a horizon of 6: only the last loss does not reach the first step.
    let (six, all) = (gradients(GradientHorizon(6, every: 1), steps: 7), gradients(nil, steps: 7))
    #expect(relativeError(six, all) < 0.05 && six != all)
    #expect(gradients(GradientHorizon(6, every: 3), steps: 6) == gradients(nil, steps: 6))
  }

  @Test func `a horizon that is no multiple traps`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = GradientHorizon(5, every: 2) }
    #expect(message(result).contains("GradientHorizon: 5 steps, every 2; expected a multiple"))
  }
}
