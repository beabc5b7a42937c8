import Foundation
import ReferenceLoops
import Testing

/// Cases small enough for paper. Biases of `±ln 3` make gates of 3/4 and 1/4, and `tanh(ln 2) = 3/5`,
/// so that every result is a fraction.
@Suite("Hand-computed cases")
struct HandComputedTests {
  let ln2 = log(2.0)
  let ln3 = log(3.0)

  /// A few roundings of numbers below 2.
  private func expect(
    _ actual: [Double], _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(actual.count == expected.count, sourceLocation: sourceLocation)
    for (a, e) in zip(actual, expected) {
      #expect((a - e).magnitude <= 8 * Double.ulpOfOne, sourceLocation: sourceLocation)
    }
  }

  @Test func rectifierOverTwoSteps() {
    let layer = ReferenceRNN<Double>(
      inputSize: 1, hiddenSize: 1, activation: .relu, W: [2], U: [3], b: [1])
    // h₁ = 2·1 + 3·1 + 1 = 6     h₂ = 2·(−1) + 3·6 + 1 = 17
    let trace = layer.forward([1, -1], steps: 2, batch: 1, initialHidden: [1])
    #expect(trace.outputs == [6, 17])
    #expect(trace.finalHidden == [17])
    // da₂ = 1     da₁ = 3     dh₀ = 9
    let d = layer.backward(trace, dFinalHidden: [1])
    #expect(d.dx == [6, 2])
    // Written out, the sums take the type checker ten seconds.
    #expect(d.dW == [2])  // 3·1 + 1·(−1)
    #expect(d.dU == [9])  // 3·1 + 1·6
    #expect(d.db == [4])
    #expect(d.dInitialHidden == [9])
  }

  @Test func rectifierThatIsOff() {
    let layer = ReferenceRNN<Double>(
      inputSize: 1, hiddenSize: 1, activation: .relu, W: [1], U: [1], b: [0])
    let trace = layer.forward([-2, 0], steps: 2, batch: 1, initialHidden: [1])
    #expect(trace.outputs == [0, 0])
    let d = layer.backward(trace, dOutputs: [1, 1])
    #expect(d.dx == [0, 0] && d.dW == [0] && d.dU == [0] && d.db == [0])
    #expect(d.dInitialHidden == [0])
  }

  @Test func oneStepOfTanh() {
    // a = 0·x + ½·h + b = ln 2     h′ = 3/5     da = 1 − 9/25 = 16/25
    let layer = ReferenceRNN<Double>(
      inputSize: 1, hiddenSize: 1, activation: .tanh, W: [0], U: [0.5], b: [ln2 - 1])
    let trace = layer.forward([3], steps: 1, batch: 1, initialHidden: [2])
    expect(trace.outputs, [3 / 5])
    let d = layer.backward(trace, dOutputs: [1])
    expect(d.dx, [0])
    expect(d.dW, [48 / 25])
    expect(d.dU, [32 / 25])
    expect(d.db, [16 / 25])
    expect(d.dInitialHidden, [8 / 25])
  }

  @Test func oneStepOfLSTM() {
    // i = o = 3/4, f = 1/4, g = 3/5; c₀ is such that c = c₀/4 + 9/20 = ln 2 and tanh c = 3/5.
    let layer = ReferenceLSTM<Double>(
      inputSize: 1, hiddenSize: 1, W: [1, 0, 0, 0], U: [0, 1, 0, 2], b: [ln3, -ln3, ln2, ln3])
    let c0 = 4 * (ln2 - 9 / 20)
    let trace = layer.forward([0], steps: 1, batch: 1, initialCell: [c0])
    expect(trace.gates, [3 / 4, 1 / 4, 3 / 5, 3 / 4])
    expect(trace.cells, [ln2])
    expect(trace.finalCell, [ln2])
    expect(trace.outputs, [9 / 20])

    // do = 3/5     dc = 3/4·(1 − 9/25) = 12/25
    let d = layer.backward(trace, dOutputs: [1])
    let da = [12.0 / 25 * 3 / 5 * 3 / 16, 12.0 / 25 * c0 * 3 / 16, 144.0 / 625, 9.0 / 80]
    expect(d.db, da)
    expect(d.dW, [0, 0, 0, 0])
    expect(d.dU, [0, 0, 0, 0])
    expect(d.dx, [da[0]])
    expect(d.dInitialHidden, [da[1] + 2 * da[3]])
    expect(d.dInitialCell, [3 / 25])
    // A gradient on the final cell alone meets only the forget path: dc₀ = f, da_o = 0.
    let e = layer.backward(trace, dFinalCell: [1])
    expect(e.dInitialCell, [1 / 4])
    expect(e.db, [3 / 5 * 3 / 16, c0 * 3 / 16, 3 / 4 * 16 / 25, 0])
  }

  @Test func oneStepOfGRUResetAfter() {
    // h₀ = 2     q = Uₙ·h₀ + recurrentBias = ½·2 + 1/5 = 6/5     r = 3/4     z = 1/4
    // n = tanh(bₙ + r·q) = tanh(ln 2) = 3/5     h′ = ¾·3/5 + ¼·2 = 19/20
    let layer = ReferenceGRU<Double>(
      inputSize: 1, hiddenSize: 1, variant: .resetAfter,
      W: [0, 0, 1], U: [1, 2, 0.5], b: [ln3 - 2, -ln3 - 4, ln2 - 9 / 10], recurrentBias: [1 / 5])
    let trace = layer.forward([0], steps: 1, batch: 1, initialHidden: [2])
    expect(trace.gates, [3 / 4, 1 / 4, 3 / 5])
    expect(trace.outputs, [19 / 20])

    // daₙ = ¾·16/25 = 12/25     da_z = (2 − 3/5)·3/16 = 21/80     da_r = 12/25·6/5·3/16     dq = 9/25
    let d = layer.backward(trace, dOutputs: [1])
    let da = [12.0 / 25 * 6 / 5 * 3 / 16, 21.0 / 80, 12.0 / 25]
    expect(d.db, da)
    expect(d.dRecurrentBias, [9 / 25])
    expect(d.dU, [2 * da[0], 2 * da[1], 18 / 25])
    expect(d.dx, [12 / 25])
    expect(d.dInitialHidden, [1 / 4 + da[0] + 2 * da[1] + 0.5 * 9 / 25])
  }

  @Test func oneStepOfGRUResetBefore() {
    // As above, but n = tanh(bₙ + Uₙ·(r·h₀)) = tanh(bₙ + ½·¾·2).
    let layer = ReferenceGRU<Double>(
      inputSize: 1, hiddenSize: 1, variant: .resetBefore,
      W: [0, 0, 1], U: [1, 2, 0.5], b: [ln3 - 2, -ln3 - 4, ln2 - 3 / 4])
    let trace = layer.forward([0], steps: 1, batch: 1, initialHidden: [2])
    expect(trace.gates, [3 / 4, 1 / 4, 3 / 5])
    expect(trace.outputs, [19 / 20])

    // d(r∘h₀) = ½·12/25 = 6/25     dr = 6/25·2     da_r = 12/25·3/16
    let d = layer.backward(trace, dOutputs: [1])
    let da = [12.0 / 25 * 3 / 16, 21.0 / 80, 12.0 / 25]
    expect(d.db, da)
    #expect(d.dRecurrentBias.isEmpty)
    expect(d.dU, [2 * da[0], 2 * da[1], 12 / 25 * 3 / 2])
    expect(d.dInitialHidden, [1 / 4 + da[0] + 2 * da[1] + 6 / 25 * 3 / 4])
  }
}
