import LinAlg
import Recurrent
import Testing

/// Recomputation in segments: the same gradients in less memory.
@Suite struct CheckpointedTests {
  func results<Layer: CausalLayer>(
    _ layer: Layer, _ p: LayerInputs<Layer>, segmentLength: Int?, threads: Int = 1,
    seed: UInt64 = 5
  ) -> LayerResults<Layer.Scalar> {
    let tape = CheckpointedTape(
      for: layer, steps: p.x.steps, batch: p.x.batch, segmentLength: segmentLength)
    return results(layer, p, tape, threads: threads, seed: seed)
  }

  func results<Layer: CausalLayer>(
    _ layer: Layer, _ p: LayerInputs<Layer>, _ tape: CheckpointedTape<Layer>, threads: Int = 1,
    seed: UInt64 = 5
  ) -> LayerResults<Layer.Scalar> where Layer.Scalar.RawSignificand: FixedWidthInteger {
    tape.noise = RecordingNoise(seed: seed)
    let out = layer.forward(
      p.x, from: p.state, lengths: p.lengths, threads: threads, recording: tape)
    var gradients = layer.parameters.zeros()
    let d = layer.backward(
      p.dOutputs, finalState: p.dFinalState, through: tape, threads: threads,
      accumulatingInto: &gradients)
    return LayerResults(
      outputs: out.outputs.elements, finalState: out.finalState.flat, dx: d.x.elements,
      dParameters: gradients.flat, dInitialState: d.initialState.flat)
  }

  @Test(arguments: [1, 2, 3, 5, 11, 20], [nil, [11, 0, 4]] as [[Int]?])
  func `any segments give the gradients of one piece`(segmentLength: Int, lengths: [Int]?) {
    func check<Layer: CausalLayer>(_ layer: Layer) where Layer.Scalar == Double {
      for withState in [true, false] {
        let p = LayerInputs(
          layer, steps: 11, batch: 3, lengths: lengths, withState: withState, seed: 90)
        let wrong = disagreements(
          results(layer, p, segmentLength: segmentLength), layer.results(p), tolerance: 1e-13)
        #expect(wrong.isEmpty, "\(Layer.self): \(wrong)")
      }
    }
    check(SmallLayers.lstm() as LSTM<Double>)
    check(SmallLayers.gru(variant: .resetBefore) as GRU<Double>)
    check(SmallLayers.stack(count: 2, dropout: 0.4) as Stacked<LSTM<Double>>)
    check(LearnedInitialState(SmallLayers.lstm() as LSTM<Double>))
    check(SmallLayers.chain(dropout: 0.4) as SmallChain<Double>)
  }

  /// 700 sequences make a product over time span two steps, and 300 four.
  @Test(arguments: [700, 300])
  func `segments of whole products give the same bits`(batch: Int) {
    func check<Layer: CausalLayer>(_ layer: Layer) where Layer.Scalar == Float {
      let steps = layer.stepsPerProduct(batch: batch)
      #expect(steps == (batch == 700 ? 2 : 4))
      for lengths in [nil, (0..<batch).map { ($0 * 7 + 3) % 14 }] {
        let p = LayerInputs(layer, steps: 13, batch: batch, lengths: lengths, seed: 91)
        let whole = layer.results(p)
        for segmentLength in [nil, steps, 2 * steps] {
          for threads in [1, 2] {
            let pieces = results(layer, p, segmentLength: segmentLength, threads: threads)
            #expect(bitDifferences(pieces, whole) == [], "\(Layer.self), \(segmentLength ?? 0)")
          }
        }
      }
    }
    check(SmallLayers.lstm(3, 33) as LSTM<Float>)
    check(SmallLayers.gru(3, 33) as GRU<Float>)
    check(SmallLayers.gru(3, 33, variant: .resetBefore) as GRU<Float>)
    check(
      Stacked(count: 2, inputSize: 3, dropout: 0.3) { SmallLayers.lstm($0, 33) as LSTM<Float> })
    check(SmallLayers.chain(3, 33, dropout: 0.3) as SmallChain<Float>)
  }

  /// What the cells of a stack keep and drop at random they keep and drop again: in segments that are
  /// computed anew, and in windows.
  @Test(arguments: Dropout.Mask.allCases)
  func `stacks of layers with noise repeat their choices`(mask: Dropout.Mask) throws {
    var options = LSTMOptions()
    options.regularization.zoneoutHidden = 0.3
    options.regularization.zoneoutCell = 0.2
    options.regularization.recurrentDropout = 0.4
    options.regularization.candidateDropout = 0.3
    options.regularization.candidateDropoutPerStep = true
    var rng = SeededGenerator(seed: 7)
    let stack = Stacked<DefinedLayer<Float>>(
      [
        try options.makeLayer(inputSize: 3, hiddenSize: 33, using: &rng),
        try options.makeLayer(inputSize: 33, hiddenSize: 33, using: &rng),
      ], dropout: 0.25, dropoutMask: mask)
    let p = LayerInputs(stack, steps: 13, batch: 700, seed: 91)
    let whole = stack.results(p)
    for segmentLength in [nil, stack.stepsPerProduct(batch: 700)] {
      #expect(bitDifferences(results(stack, p, segmentLength: segmentLength), whole) == [])
    }
    #expect(bitDifferences(stack.results(p, seed: 6), whole).contains("outputs"))

    let truncated = TruncatedTape(for: stack, every: 5, through: 7, batch: 700)
    truncated.noise = RecordingNoise(seed: 5)
    truncated.begin(from: p.state)
    var outputs: [Float] = []
    for start in stride(from: 0, to: 13, by: 5) {
      let end = min(start + 5, 13)
      let window = SequenceBatch(
        steps: end - start, batch: 700, features: 3,
        elements: Array(p.x.elements[start * 2100..<end * 2100]))
      outputs += stack.forward(window, recording: truncated).outputs.elements
    }
    #expect(outputs == whole.outputs)
  }

  /// The least common multiple of 655 and 1092 steps would be one segment for any sequence.
  @Test(arguments: [1, 3, 20, 200])
  func `layers of different widths have short segments`(batch: Int) {
    let sizes = [100, 60, 33, 7]
    var stack: [LSTM<Float>] = []
    for (below, size) in zip([8] + sizes, sizes) { stack.append(SmallLayers.lstm(below, size)) }
    let units = stack.map { $0.stepsPerProduct(batch: batch) }
    #expect(Stacked(stack).stepsPerProduct(batch: batch) == units.max(), "\(units)")
    #expect(units.allSatisfy { $0 * batch >= 256 }, "\(units)")
  }

  @Test func `a tape serves again, and smaller batches`() {
    let layer: LSTM<Double> = SmallLayers.lstm()
    let tape = CheckpointedTape(for: layer, steps: 11, batch: 3, segmentLength: 4)
    for (steps, batch) in [(11, 3), (4, 2), (9, 1), (0, 2), (11, 3)] {
      let p = LayerInputs(layer, steps: steps, batch: batch, seed: 92)
      let wrong = disagreements(results(layer, p, tape), layer.results(p), tolerance: 1e-13)
      #expect(wrong.isEmpty, "[\(steps), \(batch)]: \(wrong)")
    }
  }

  /// The segments are what the square root says, to a whole product; four times the steps take twice
  /// the memory.
  @Test func `memory grows with the square root of the steps`() {
    var rng = SeededGenerator(seed: 93)
    let layer = LSTM<Float>(inputSize: 8, hiddenSize: 16, using: &rng)
    let batch = 256
    #expect(layer.stepsPerProduct(batch: batch) == 16)
    func bytes(_ steps: Int) -> (checkpointed: Int, whole: Int) {
      let p = LayerInputs(layer, steps: steps, batch: batch, seed: 94)
      let tape = CheckpointedTape(for: layer, steps: steps, batch: batch)
      _ = results(layer, p, tape)
      let whole = layer.makeTape(steps: steps, batch: batch)
      _ = layer.results(p, tape: whole)
      return (tape.byteCount, whole.byteCount)
    }
    let (small, large) = (bytes(256), bytes(1024))
    // 16 and 32 steps of everything that a step needs, and as many states.
    #expect(Double(large.checkpointed) < 2.1 * Double(small.checkpointed))
    #expect(Double(large.whole) > 3.9 * Double(small.whole))
    #expect(large.checkpointed * 15 < large.whole, "\(large)")
    let step = batch * (4 * 16 + 16 + 16 + 2 * 8 + 16) * 4
    #expect(large.checkpointed < 32 * step + 36 * batch * 2 * 16 * 4 + (1 << 18), "\(large)")
  }
}
