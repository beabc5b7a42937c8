import LinAlg
import Recurrent
import Testing

/// A layer of one kind above a layer of another: the same bits as both run by hand.
@Suite struct ChainTests {
  /// A recorded pass through both layers, one call after the other.
  func byHand<Lower, Upper>(
    _ chain: Chain<Lower, Upper>, _ p: LayerInputs<Chain<Lower, Upper>>
  ) -> LayerResults<Lower.Scalar> where Lower.Scalar.RawSignificand: FixedWidthInteger {
    let (lower, upper) = (chain.lower, chain.upper)
    let below = lower.makeTape(steps: p.x.steps, batch: p.x.batch)
    let above = upper.makeTape(steps: p.x.steps, batch: p.x.batch)
    let h = lower.forward(
      p.x, from: p.state?.lower, lengths: p.lengths, threads: 1, recording: below)
    let y = upper.forward(
      h.outputs, from: p.state?.upper, lengths: p.lengths, threads: 1, recording: above)
    var (dLower, dUpper) = (lower.parameters.zeros(), upper.parameters.zeros())
    let dy = upper.backward(
      p.dOutputs, finalState: p.dFinalState.upper, through: above, threads: 1,
      accumulatingInto: &dUpper)
    let dh = lower.backward(
      dy.x, finalState: p.dFinalState.lower, through: below, threads: 1,
      accumulatingInto: &dLower)
    return LayerResults(
      outputs: y.outputs.elements, finalState: h.finalState.flat + y.finalState.flat,
      dx: dh.x.elements, dParameters: dLower.flat + dUpper.flat,
      dInitialState: dh.initialState.flat + dy.initialState.flat)
  }

  func check<Lower, Upper>(
    _ chain: Chain<Lower, Upper>, sourceLocation: SourceLocation = #_sourceLocation
  ) where Lower.Scalar.RawSignificand: FixedWidthInteger {
    let tape = chain.makeTape(steps: 6, batch: 3)
    for lengths in [nil, [4, 0, 6]] {
      for withState in [true, false] {
        let p = LayerInputs(
          chain, steps: 6, batch: 3, lengths: lengths, withState: withState, seed: 80)
        let expected = byHand(chain, p)
        #expect(
          bitDifferences(chain.results(p, tape: tape), expected) == [], "seed 80",
          sourceLocation: sourceLocation)
        let inferred = chain(p.x, from: p.state, lengths: lengths)
        #expect(inferred.outputs.elements == expected.outputs, sourceLocation: sourceLocation)
        #expect(inferred.finalState.flat == expected.finalState, sourceLocation: sourceLocation)
      }
    }
  }

  @Test func `passes are those of both layers, bit by bit`() {
    check(SmallLayers.chain() as SmallChain<Float>)
    check(SmallLayers.chain() as SmallChain<Double>)
    check(
      (SmallLayers.lstm(3, 5) as LSTM<Float>).followed(by: SmallLayers.gru(5, 2) as GRU<Float>)
        .followed(by: SmallLayers.bidirectional(2) as Bidirectional<LSTM<Float>>))
  }

  @Test func `steps are those of both layers, bit by bit`() {
    let chain: SmallChain<Float> = SmallLayers.chain()
    let p = LayerInputs(chain, steps: 5, batch: 3, seed: 81)
    guard var state = p.state else { return }
    var (below, above) = (state.lower, state.upper)
    let workspace = chain.makeWorkspace()
    for t in 0..<5 {
      chain.step(p.x[step: t], &state, threads: 1, workspace: workspace)
      chain.lower.step(p.x[step: t], &below, threads: 1)
      chain.upper.step(below.hidden, &above, threads: 1)
      #expect(state.flat == below.flat + above.flat, "step \(t)")
      #expect(chain.output(of: state).elements == above.hidden.elements)
    }
  }

  @Test(arguments: Dropout.Mask.allCases)
  func `two layers of one kind are a stack of two, dropout included`(mask: Dropout.Mask) {
    let (lower, upper): (LSTM<Float>, LSTM<Float>) = (
      SmallLayers.lstm(3, 5, seed: 1), SmallLayers.lstm(5, 4, seed: 2)
    )
    let chain = lower.followed(by: upper, dropout: 0.4, dropoutMask: mask)
    let stack = Stacked([lower, upper], dropout: 0.4, dropoutMask: mask)
    let p = LayerInputs(chain, steps: 6, batch: 3, lengths: [4, 0, 6], seed: 82)
    let q = LayerInputs(stack, steps: 6, batch: 3, lengths: [4, 0, 6], seed: 82)
    let results = chain.results(p, seed: 7)
    #expect(bitDifferences(results, stack.results(q, seed: 7)) == [])
    #expect(bitDifferences(results, chain.results(p, seed: 8)).contains("outputs"))
    #expect(chain.stepsPerProduct(batch: 700) == stack.stepsPerProduct(batch: 700))
  }

  @Test func `names say which layer`() {
    let chain: SmallChain<Float> = SmallLayers.chain(3, 4)
    #expect(chain.kind == "Chain<GRU<Float>(resetAfter), LSTM<Float>>")
    #expect((chain.inputSize, chain.outputSize) == (3, 4))
    let state = chain.zeroState(batch: 2)
    #expect(
      (0..<3).map { state.partName($0) } == ["lower.hidden", "upper.hidden", "upper.cell"])
    #expect(chain.parameters.blockCount == 2)
    #expect(chain.parameters[block: 1].specs.map(\.name) == ["W", "U", "b"])
  }

  @Test func `the recordings inside show what the layers did`() {
    let chain: SmallChain<Double> = SmallLayers.chain()
    let p = LayerInputs(chain, steps: 4, batch: 2, seed: 83)
    let tape = chain.makeTape(steps: 4, batch: 2)
    chain.forward(p.x, recording: tape)
    let below = chain.lower(p.x).outputs
    #expect(chain.lowerRecording(in: tape).hiddenTrace == below)
    let alone = chain.upper.makeTape(steps: 4, batch: 2)
    chain.upper.forward(below, recording: alone)
    #expect(
      chain.upper.gate(.forget, of: chain.upperRecording(in: tape))
        == chain.upper.gate(.forget, of: alone))

    let both: Bidirectional<LSTM<Double>> = SmallLayers.bidirectional()
    let directions = both.makeTape(steps: 4, batch: 2)
    let run = both.forwardDirections(p.x, recording: directions)
    #expect(both.forwardRecording(in: directions).hiddenTrace == run.forward)
    let backward = both.backwardRecording(in: directions).hiddenTrace
    for t in 0..<4 { #expect(backward[step: t] == run.backward[step: 3 - t]) }
  }

  @Test func `sizes that do not fit trap with both`() async {
    let sizes = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = (SmallLayers.lstm(3, 4) as LSTM<Float>).followed(
        by: SmallLayers.gru(6, 2) as GRU<Float>)
    }
    #expect(
      standardError(of: sizes).contains(
        "Chain: the upper layer takes 6 features, the lower layer gives 4"))
    let gradients = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let chain: SmallChain<Float> = SmallLayers.chain(3, 4)
      let wide: SmallChain<Float> = SmallLayers.chain(3, 6)
      let tape = chain.makeTape(steps: 2, batch: 1)
      chain.forward(.zeros(steps: 2, batch: 1, features: 3), recording: tape)
      var wrong = wide.parameters.zeros()
      chain.backward(nil, through: tape, accumulatingInto: &wrong)
    }
    #expect(standardError(of: gradients).contains("W has shape [24, 7], expected [16, 5]"))
  }
}
