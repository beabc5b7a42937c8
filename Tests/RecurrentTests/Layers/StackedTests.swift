import LinAlg
import Recurrent
import Testing

/// What is a stack's own: dropout between its layers, parameters in place, sizes.
@Suite struct StackedTests {
  func outputs(
    _ layer: Stacked<LSTM<Float>>, _ tape: CompositeTape<Stacked<LSTM<Float>>>,
    _ x: SequenceBatch<Float>
  ) -> [Float] { layer.forward(x, recording: tape).outputs.elements }

  @Test func `the seed decides what is dropped, pass by pass`() {
    let layer: Stacked<LSTM<Float>> = SmallLayers.stack(dropout: 0.5)
    var rng = SeededGenerator(seed: 1)
    let x = SequenceBatch<Float>.uniform(steps: 6, batch: 5, features: 3, using: &rng)
    let (a, b) = (layer.makeTape(steps: 6, batch: 5), layer.makeTape(steps: 6, batch: 5))
    a.noise?.seed = 9
    b.noise?.seed = 9
    let (first, second) = (outputs(layer, a, x), outputs(layer, a, x))
    #expect(first != second)
    #expect(outputs(layer, b, x) == first)
    #expect(outputs(layer, b, x) == second)
    b.noise = RecordingNoise(seed: 9)
    #expect(outputs(layer, b, x) == first)
    b.noise = RecordingNoise(seed: 10)
    #expect(outputs(layer, b, x) != first)
    let plain: Stacked<LSTM<Float>> = SmallLayers.stack()
    #expect(layer(x).outputs == plain(x).outputs, "inference drops nothing")
  }

  /// With weights that pass its input on, the second layer shows what has been dropped: the mean over
  /// many passes is what it is without dropout.
  @Test func `dropout keeps the expectation and spares the last layer`() {
    var rng = SeededGenerator(seed: 2)
    func layer() -> SimpleRNN<Double> {
      var parameters = SimpleRNNParameters<Double>(
        inputSize: 4, hiddenSize: 4, activation: .relu)
      for i in 0..<4 { parameters.W[i, i] = 1 }
      return SimpleRNN(parameters: parameters)
    }
    let stack = Stacked([layer(), layer()], dropout: 0.3)
    let x = SequenceBatch<Double>.uniform(
      steps: 5, batch: 4, features: 4, in: 0.5...1, using: &rng)
    let tape = stack.makeTape(steps: 5, batch: 4)
    var (sums, kept) = ([Double](repeating: 0, count: x.count), 0)
    let passes = 2000
    for _ in 0..<passes {
      let y = stack.forward(x, threads: 1, recording: tape).outputs.elements
      for i in sums.indices {
        sums[i] += y[i] / x.elements[i]
        kept += y[i] > 0 ? 1 : 0
      }
    }
    // The layers pass on what they get, so an element is 0 or 1/(1 − rate) times its input.
    let deviation = (0.3 / 0.7 / Double(passes)).squareRoot()
    #expect(sums.allSatisfy { abs($0 / Double(passes) - 1) < 5 * deviation }, "seed 2")
    let total = Double(passes * x.count)
    #expect(abs(Double(kept) - 0.7 * total) < 5 * (total * 0.21).squareRoot())
    let single = Stacked([layer()], dropout: 0.3)
    #expect(single.forward(x, recording: single.makeTape(steps: 5, batch: 4)).outputs == x)
  }

  /// Three layers that pass ones on: what is left after two independent masks is a quarter, after one
  /// mask twice a half.
  @Test func `every place of a stack makes choices of its own`() {
    var parameters = SimpleRNNParameters<Double>(
      inputSize: 4, hiddenSize: 4, activation: .relu)
    for i in 0..<4 { parameters.W[i, i] = 1 }
    let layer = SimpleRNN(parameters: parameters)
    let stack = Stacked([layer, layer, layer], dropout: 0.5)
    let (steps, batch) = (20, 50)
    let ones = [Double](repeating: 1, count: steps * batch * 4)
    let tape = stack.makeTape(steps: steps, batch: batch)
    let y = stack.forward(
      SequenceBatch(steps: steps, batch: batch, features: 4, elements: ones), recording: tape)
    let left = Double(y.outputs.elements.count { $0 != 0 }) / Double(ones.count)
    // The deviation of 4000 choices is 0.007.
    #expect(abs(left - 0.25) < 0.03)
    #expect(Set((0..<3).map { stack.recording(ofLayer: $0, in: tape).noise?.seed }).count == 3)
  }

  @Test func `the same features are dropped in all steps where a sequence has one mask`() {
    func layer() -> SimpleRNN<Double> {
      var parameters = SimpleRNNParameters<Double>(
        inputSize: 16, hiddenSize: 16, activation: .relu)
      for i in 0..<16 { parameters.W[i, i] = 1 }
      return SimpleRNN(parameters: parameters)
    }
    let (T, N, F) = (5, 3, 16)
    let ones = SequenceBatch<Double>(
      steps: T, batch: N, features: F, elements: [Double](repeating: 1, count: T * N * F))
    let stacks = [
      Stacked([layer(), layer()], dropout: 0.5, dropoutMask: .perSequence),
      Stacked(first: layer(), tied: layer(), count: 2, dropout: 0.5, dropoutMask: .perSequence),
      Stacked(count: 2, inputSize: F, dropout: 0.5, dropoutMask: .perSequence) { _ in layer() },
      Stacked(count: 2, inputSize: F, dropout: 0.5, dropoutMask: .perSequence, tied: true) { _ in
        layer()
      },
    ]
    for stack in stacks {
      let y = stack.forward(ones, recording: stack.makeTape(steps: T, batch: N)).outputs.elements
      #expect(Set(y) == [0, 2])
      for t in 1..<T { #expect(y[t * N * F..<(t + 1) * N * F] == y[..<(N * F)]) }
      #expect(y[..<F] != y[F..<2 * F])
      #expect(stack(ones).outputs == ones)
    }
  }

  @Test(arguments: Dropout.Mask.allCases)
  func `gradients through dropout`(mask: Dropout.Mask) {
    let layer = Stacked(count: 3, inputSize: 3, dropout: 0.4, dropoutMask: mask) {
      SmallLayers.lstm($0, 4) as LSTM<Double>
    }
    let p = LayerInputs(layer, steps: 4, batch: 3, lengths: [4, 0, 2], seed: 6)
    #expect(gradientErrors(layer, p) == [])
  }

  @Test func `an optimizer writes to the memory that the layers read`() {
    func addresses<P: ParameterSet>(_ parameters: inout P) -> [UnsafeRawPointer] {
      (0..<parameters.blockCount).map { UnsafeRawPointer(parameters.uniquePointer(ofBlock: $0)) }
    }
    var stack = Stacked(count: 2, inputSize: 3) { size in
      Bidirectional { LearnedInitialState(SmallLayers.lstm(size, 4) as LSTM<Float>) }
    }
    var rng = SeededGenerator(seed: 3)
    let x = SequenceBatch<Float>.uniform(steps: 4, batch: 2, features: 3, using: &rng)
    let before = addresses(&stack.parameters)
    #expect(before.count == 8)
    let first = stack(x).outputs
    #expect(addresses(&stack.parameters) == before)
    let copy = stack
    for i in 0..<stack.parameters.blockCount {
      let count = stack.parameters[block: i].count
      Float.scal(
        n: count, alpha: 0.5, x: stack.parameters.uniquePointer(ofBlock: i), incx: 1)
    }
    #expect(stack(x).outputs != first)
    #expect(copy(x).outputs == first)
    #expect(addresses(&stack.parameters) != before)
  }

  @Test func `layers that do not fit trap with both sizes`() async {
    let stack = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Stacked([SmallLayers.lstm(3, 4) as LSTM<Float>, SmallLayers.lstm(5, 4)])
    }
    #expect(
      standardError(of: stack).contains("layer 1 takes 5 features, layer 0 gives 4"))
    let tied = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Stacked(
        first: SmallLayers.lstm(3, 4) as LSTM<Float>, tied: SmallLayers.lstm(4, 6), count: 3)
    }
    #expect(standardError(of: tied).contains("layer 2 takes 4 features, layer 1 gives 6"))
    let directions = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Bidirectional(
        forward: SmallLayers.lstm(3, 4) as LSTM<Float>, backward: SmallLayers.lstm(3, 6),
        merge: .sum)
    }
    #expect(
      standardError(of: directions).contains(
        "the sum of 4 features of the forward layer and 6 of the backward layer"))
    let states = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let stack: Stacked<LSTM<Float>> = SmallLayers.stack()
      let x = SequenceBatch<Float>.zeros(steps: 2, batch: 2, features: 3)
      _ = stack(x, from: Array(stack.zeroState(batch: 2).dropLast()))
    }
    #expect(standardError(of: states).contains("initial state has 2 layers, expected 3"))
  }

  @Test func `directions of different widths can be concatenated`() {
    let layer = Bidirectional(
      forward: SmallLayers.lstm(3, 4) as LSTM<Double>, backward: SmallLayers.lstm(3, 6))
    #expect(layer.outputSize == 10)
    let p = LayerInputs(layer, steps: 3, batch: 2, seed: 4)
    #expect(gradientErrors(layer, p) == [])
  }
}
