import LinAlg
import Recurrent
import Testing

/// Truncated backpropagation through time against a naive computation.
@Suite struct TruncatedTests {
  struct Totals {
    var outputs: [Double] = []
    var dParameters: [Double] = []
    var finalState: [Double] = []
  }

  /// All windows of a case through a tape; the gradients of all windows are summed.
  func run<Layer: CausalLayer>(
    _ layer: Layer, _ p: LayerInputs<Layer>, k1: Int, k2: Int, noise: RecordingNoise? = nil
  ) -> Totals where Layer.Scalar == Double {
    let (T, N) = (p.x.steps, p.x.batch)
    let tape = TruncatedTape(for: layer, every: k1, through: k2, batch: N)
    if let noise { tape.noise = noise }
    tape.begin(from: p.state, lengths: p.lengths)
    var gradients = layer.parameters.zeros()
    var totals = Totals()
    for start in stride(from: 0, to: T, by: k1) {
      let end = min(start + k1, T)
      let out = layer.forward(slice(p.x, start..<end), threads: 1, recording: tape)
      #expect(tape.recordedSteps == max(0, end - k2)..<end)
      totals.outputs += out.outputs.elements
      totals.finalState = out.finalState.flat
      layer.backward(
        slice(p.dOutputs, start..<end), finalState: end == T ? p.dFinalState : nil,
        through: tape, threads: 1, accumulatingInto: &gradients)
    }
    totals.dParameters = gradients.flat
    return totals
  }

  func slice(_ x: SequenceBatch<Double>, _ steps: Range<Int>) -> SequenceBatch<Double> {
    let row = x.batch * x.features
    return SequenceBatch(
      steps: steps.count, batch: x.batch, features: x.features,
      elements: x.elements[steps.lowerBound * row..<steps.upperBound * row])
  }

  @Test(arguments: [nil, [7, 2, 0]] as [[Int]?])
  func `one window is full backpropagation`(lengths: [Int]?) {
    let layer: LSTM<Double> = SmallLayers.lstm()
    let p = LayerInputs(layer, steps: 7, batch: 3, lengths: lengths, seed: 30)
    let (full, truncated) = (layer.results(p), run(layer, p, k1: 7, k2: 7))
    #expect(truncated.outputs == full.outputs)
    #expect(truncated.dParameters == full.dParameters)
    #expect(truncated.finalState == full.finalState)
  }

  @Test(arguments: [1, 2, 3])
  func `windows that reach back to the beginning add up to full backpropagation`(k1: Int) {
    let layer: Stacked<LSTM<Double>> = SmallLayers.stack(count: 2)
    let p = LayerInputs(layer, steps: 7, batch: 3, lengths: [5, 7, 1], seed: 31)
    let (full, truncated) = (layer.results(p), run(layer, p, k1: k1, k2: 8))
    #expect(relativeError(truncated.outputs, full.outputs) < 1e-14)
    #expect(relativeError(truncated.dParameters, full.dParameters) < 1e-13)
  }

  /// For each window: the naive loops from the state `k2` steps before its end, with the loss of the
  /// window alone.
  @Test(arguments: [(2, 2), (2, 5), (3, 4), (1, 6), (4, 7)])
  func `every window is what the naive loops give`(k: (Int, Int)) {
    let (k1, k2) = k
    let (T, N, D, H) = (11, 3, 3, 4)
    let layer: LSTM<Double> = SmallLayers.lstm(D, H)
    for lengths in [nil, [11, 6, 0]] {
      let p = LayerInputs(layer, steps: T, batch: N, lengths: lengths, seed: 32)
      let mine = run(layer, p, k1: k1, k2: k2)
      var expected = [Double](repeating: 0, count: layer.parameters.block.count)
      let (x, dOutputs) = (p.x.elements, p.dOutputs.elements)
      for start in stride(from: 0, to: T, by: k1) {
        let end = min(start + k1, T)
        let first = max(0, end - k2)
        func pass(_ steps: Range<Int>, _ h: [Double]?, _ c: [Double]?) -> PassInputs<Double> {
          PassInputs(
            steps: steps.count, batch: N, inputSize: D, hiddenSize: H,
            parameters: layer.parameters.flat,
            x: Array(x[steps.lowerBound * N * D..<steps.upperBound * N * D]), initialHidden: h,
            initialCell: c,
            lengths: lengths?.map { min(max($0 - steps.lowerBound, 0), steps.count) })
        }
        let before = CellKind.lstm.reference(
          pass(0..<first, p.state?.hidden.elements, p.state?.cell.elements))
        var window = pass(first..<end, before.finalHidden, before.finalCell)
        window.dOutputs =
          [Double](repeating: 0, count: (start - first) * N * H)
          + dOutputs[start * N * H..<end * N * H]
        if end == T {
          window.dFinalHidden = p.dFinalState.hidden.elements
          window.dFinalCell = p.dFinalState.cell.elements
        }
        let gradients = CellKind.lstm.reference(window).dParameters
        for i in expected.indices { expected[i] += gradients[i] }
      }
      #expect(relativeError(mine.dParameters, expected) < 1e-12, "seed 32, \(k), \(lengths ?? [])")
      #expect(relativeError(mine.outputs, layer.results(p).outputs) < 1e-14)
    }
  }

  @Test func `truncation changes the gradient`() {
    let layer: LSTM<Double> = SmallLayers.lstm()
    let p = LayerInputs(layer, steps: 11, batch: 3, seed: 33)
    let full = layer.results(p).dParameters
    #expect(relativeError(run(layer, p, k1: 2, k2: 3).dParameters, full) > 1e-3)
  }

  @Test func `what is dropped is dropped again when it is computed anew`() {
    let layer: Stacked<LSTM<Double>> = SmallLayers.stack(count: 2, dropout: 0.5)
    let p = LayerInputs(layer, steps: 7, batch: 3, withState: false, seed: 34)
    let full = layer.results(p, seed: 8)
    let truncated = run(layer, p, k1: 2, k2: 8, noise: RecordingNoise(seed: 8))
    #expect(relativeError(truncated.outputs, full.outputs) < 1e-14)
    #expect(relativeError(truncated.dParameters, full.dParameters) < 1e-13)
    let windows = run(layer, p, k1: 2, k2: 3, noise: RecordingNoise(seed: 8))
    #expect(relativeError(windows.outputs, full.outputs) < 1e-14)
  }

  @Test func `a chain of kinds goes through windows`() {
    let layer: SmallChain<Double> = SmallLayers.chain(dropout: 0.5)
    let p = LayerInputs(layer, steps: 7, batch: 3, lengths: [5, 7, 1], seed: 36)
    let full = layer.results(p, seed: 8)
    let truncated = run(layer, p, k1: 3, k2: 8, noise: RecordingNoise(seed: 8))
    #expect(relativeError(truncated.outputs, full.outputs) < 1e-14)
    #expect(relativeError(truncated.dParameters, full.dParameters) < 1e-13)
  }

  @Test func `a learned beginning is learned from the first windows`() {
    let layer = LearnedInitialState(SmallLayers.lstm() as LSTM<Double>)
    let p = LayerInputs(layer, steps: 6, batch: 2, withState: false, seed: 35)
    let full = layer.results(p)
    #expect(relativeError(run(layer, p, k1: 2, k2: 6).dParameters, full.dParameters) < 1e-13)
    let cut = run(layer, p, k1: 2, k2: 2)
    #expect(cut.dParameters.suffix(8).contains { $0 != 0 })
  }
}
