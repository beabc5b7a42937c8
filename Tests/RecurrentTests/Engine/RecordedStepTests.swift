import LinAlg
import Recurrent
import Testing

/// Recorded single steps, one after the other, are the recorded sequence.
@Suite struct RecordedStepTests {
  func check<Layer: CausalLayer>(_ layer: Layer) where Layer.Scalar == Double {
    let (T, N) = (4, 3)
    let p = LayerInputs(layer, steps: T, batch: N, seed: 5)
    let whole = layer.makeTape(steps: T, batch: N)
    let y = layer.forward(p.x, from: p.state, lengths: nil, threads: 1, recording: whole)
    var expected = layer.parameters.zeros()
    let d = layer.backward(
      p.dOutputs, finalState: p.dFinalState, through: whole, threads: 1,
      accumulatingInto: &expected)

    let tapes = (0..<T).map { _ in layer.makeTape(steps: 1, batch: N) }
    for (t, tape) in tapes.enumerated() {
      tape.noise = tape.noise.map { noise in
        var noise = noise
        noise.firstStep = t
        return noise
      }
    }
    var state = p.state
    for t in 0..<T {
      let step = layer.forwardStep(p.x[step: t], from: state, threads: 1, recording: tapes[t])
      // OpenBLAS multiplies one row and many in different orders.
      let error = relativeError(step.output.elements, y.outputs[step: t].elements)
      #expect(error < 1e-13, "output of step \(t): \(error)")
      state = step.state
    }
    #expect(relativeError(state?.flat ?? [], y.finalState.flat) < 1e-13)
    var (gradients, dState) = (layer.parameters.zeros(), Layer.State?.some(p.dFinalState))
    for t in (0..<T).reversed() {
      let back = layer.backwardStep(
        p.dOutputs[step: t], state: dState, through: tapes[t], threads: 1,
        accumulatingInto: &gradients)
      #expect(relativeError(back.x.elements, d.x[step: t].elements) < 1e-13, "dx of step \(t)")
      dState = back.state
    }
    #expect(relativeError(dState?.flat ?? [], d.initialState.flat) < 1e-13)
    #expect(relativeError(gradients.flat, expected.flat) < 1e-13)
  }

  @Test func `every kind of causal layer`() throws {
    var rng = SeededGenerator(seed: 2)
    check(SmallLayers.lstm() as LSTM<Double>)
    check(GRU<Double>(inputSize: 3, hiddenSize: 4, variant: .resetBefore, using: &rng))
    check(Stacked(count: 2, inputSize: 3) { SmallLayers.lstm($0, 4) as LSTM<Double> })
    check(LearnedInitialState(SmallLayers.lstm() as LSTM<Double>))
    check(SmallLayers.chain() as SmallChain<Double>)
    check(try DefinedLayer<Double>(.mut3, inputSize: 3, hiddenSize: 4, using: &rng))
    var options = LSTMOptions()
    options.projection = 2
    options.regularization.zoneoutCell = 0.3
    options.regularization.recurrentDropout = 0.3
    check(try LSTM<Double>(inputSize: 3, hiddenSize: 4, options: options, using: &rng))
  }

  @Test func `a step of a longer recording is refused`() async {
    await #expect(processExitsWith: .failure) {
      let layer: LSTM<Double> = SmallLayers.lstm()
      let p = LayerInputs(layer, steps: 3, batch: 2, seed: 5)
      let tape = layer.makeTape(steps: 3, batch: 2)
      layer.forward(p.x, recording: tape)
      var gradients = layer.parameters.zeros()
      layer.backwardStep(nil, through: tape, accumulatingInto: &gradients)
    }
  }
}
