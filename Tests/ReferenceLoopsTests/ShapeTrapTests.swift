import ReferenceLoops
import Testing

@Suite("A wrong shape traps")
struct ShapeTrapTests {
  /// Whether a trap's message names these; optimised builds print no message.
  private func expectMessage(_ result: ExitTest.Result?, contains parts: [String]) {
    #if DEBUG
      let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
      for part in parts { #expect(message.contains(part)) }
    #endif
  }

  @Test func inputWeights() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = ReferenceLSTM<Float>(
        inputSize: 2, hiddenSize: 3, W: [0, 0], U: [Float](repeating: 0, count: 36),
        b: [Float](repeating: 0, count: 12))
    }
    expectMessage(result, contains: ["W has 2 elements", "[4H, D] = [12, 2]: 24"])
  }

  @Test func inputs() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let layer = ReferenceRNN<Float>(
        inputSize: 1, hiddenSize: 1, activation: .tanh, W: [0], U: [0], b: [0])
      _ = layer.forward([0, 0], steps: 3, batch: 1)
    }
    expectMessage(result, contains: ["x has 2 elements", "[T, N, D] = [3, 1, 1]: 3"])
  }

  @Test func length() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let layer = ReferenceRNN<Float>(
        inputSize: 1, hiddenSize: 1, activation: .tanh, W: [0], U: [0], b: [0])
      _ = layer.forward([0, 0], steps: 2, batch: 1, lengths: [3])
    }
    expectMessage(result, contains: ["lengths[0] is 3", "0...2"])
  }

  @Test func recurrentBiasOfTheVariantThatHasNone() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = ReferenceGRU<Float>(
        inputSize: 1, hiddenSize: 1, variant: .resetBefore, W: [0, 0, 0], U: [0, 0, 0],
        b: [0, 0, 0], recurrentBias: [1])
    }
    expectMessage(result, contains: ["recurrentBias", ".resetBefore"])
  }

  @Test func outputGradient() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let layer = ReferenceGRU<Float>(
        inputSize: 1, hiddenSize: 1, variant: .resetAfter, W: [0, 0, 0], U: [0, 0, 0],
        b: [0, 0, 0], recurrentBias: [0])
      let trace = layer.forward([0, 0], steps: 2, batch: 1)
      _ = layer.backward(trace, dOutputs: [1])
    }
    expectMessage(result, contains: ["dOutputs has 1 elements", "[T, N, H] = [2, 1, 1]: 2"])
  }
}
