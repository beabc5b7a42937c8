import GoldenSupport
import LinAlg
import Recurrent
import Testing

/// Stacks and directions against values that PyTorch computed; `Tools/golden/README.md` says how they
/// were made.
@Suite struct GoldenStackTests {
  func check<Layer: SequenceLayer>(_ layer: Layer, _ c: GoldenStack) {
    typealias S = Layer.Scalar
    func batch(_ values: [Double], features: Int) -> SequenceBatch<S> {
      SequenceBatch(
        steps: c.steps, batch: c.batch, features: features, elements: values.map { S($0) })
    }
    func convert(_ values: [Double]) -> [S] { values.map { S($0) } }
    var layer = layer
    layer.parameters.flat = convert(c.places.flatMap(\.parameters))
    var (state, dFinalState) = (layer.zeroState(batch: c.batch), layer.zeroState(batch: c.batch))
    state.flat = convert(c.places.flatMap(\.initialState))
    dFinalState.flat = convert(c.places.flatMap(\.dFinalState))

    let tape = layer.makeTape(steps: c.steps, batch: c.batch)
    var gradients = layer.parameters.zeros()
    let out = layer.forward(
      batch(c.x, features: c.inputSize), from: state, lengths: c.lengths, threads: 2,
      recording: tape)
    let d = layer.backward(
      batch(c.dOutputs, features: c.directions * c.hiddenSize), finalState: dFinalState,
      through: tape, threads: 2, accumulatingInto: &gradients)
    let mine = LayerResults(
      outputs: out.outputs.elements, finalState: out.finalState.flat, dx: d.x.elements,
      dParameters: gradients.flat, dInitialState: d.initialState.flat)
    let expected = LayerResults<S>(
      outputs: convert(c.outputs), finalState: convert(c.places.flatMap(\.finalState)),
      dx: convert(c.dx), dParameters: convert(c.places.flatMap(\.dParameters)),
      dInitialState: convert(c.places.flatMap(\.dInitialState)))
    let wrong = disagreements(mine, expected, tolerance: tolerance(S.self))
    #expect(wrong.isEmpty, "\(c) \(S.self): \(wrong)")
  }

  func check<S: RecurrentScalar>(_ c: GoldenStack, _: S.Type) {
    var rng = SeededGenerator(seed: 1)
    func stack<Layer: RecurrentLayer>(_ makeLayer: (Int) -> Layer) where Layer.Scalar == S {
      if c.directions == 1 {
        check(Stacked(count: c.layers, inputSize: c.inputSize, makeLayer), c)
      } else {
        check(
          Stacked(count: c.layers, inputSize: c.inputSize) { size in
            Bidirectional { makeLayer(size) }
          }, c)
      }
    }
    if c.cell == .lstm {
      stack { LSTM<S>(inputSize: $0, hiddenSize: c.hiddenSize, using: &rng) }
    } else {
      stack { GRU<S>(inputSize: $0, hiddenSize: c.hiddenSize, using: &rng) }
    }
  }

  @Test func `layers and directions, all gradients`() throws {
    let cases = try GoldenStack.all()
    #expect(cases.count == 10)
    #expect(cases.contains { $0.lengths?.contains(0) == true })
    for c in cases {
      check(c, Double.self)
      check(c, Float.self)
    }
  }
}
