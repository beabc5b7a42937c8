import CAllocationCounter
import LinAlg
import Recurrent
import Testing

/// Who owns what, how long, and that a steady state allocates nothing.
@Suite struct TapeTests {
  static func lstm() -> LSTM<Float> {
    var rng = SeededGenerator(seed: 1)
    return LSTM(inputSize: 5, hiddenSize: 7, using: &rng)
  }

  static func batch(steps: Int = 4, batch: Int = 3, features: Int = 5) -> SequenceBatch<Float> {
    var rng = SeededGenerator(seed: 2)
    return .uniform(steps: steps, batch: batch, features: features, using: &rng)
  }

  @Test func `results that are still held survive the next step`() {
    let (lstm, x, dy) = (Self.lstm(), Self.batch(), Self.batch(features: 7))
    let tape = lstm.makeTape(steps: 4, batch: 3)
    var gradients = lstm.parameters.zeros()
    let first = lstm.forward(x, recording: tape)
    let dFirst = lstm.backward(dy, through: tape, accumulatingInto: &gradients)
    let (outputs, cell) = (first.outputs.elements, first.finalState.cell.elements)
    let dx = dFirst.x.elements
    lstm.forward(Self.batch(steps: 4).scaled(by: -3), recording: tape)
    lstm.backward(dy, through: tape, accumulatingInto: &gradients)
    #expect(first.outputs.elements == outputs)
    #expect(first.finalState.cell.elements == cell)
    #expect(dFirst.x.elements == dx)
  }

  @Test func `changing returned outputs does not change the tape`() {
    let (lstm, x, dy) = (Self.lstm(), Self.batch(), Self.batch(features: 7))
    let tape = lstm.makeTape(steps: 4, batch: 3)
    var (clean, tampered) = (lstm.parameters.zeros(), lstm.parameters.zeros())
    lstm.forward(x, recording: tape)
    lstm.backward(dy, through: tape, accumulatingInto: &clean)
    var out = lstm.forward(x, recording: tape)
    out.outputs[0, 0, 0] = 100
    lstm.backward(dy, through: tape, accumulatingInto: &tampered)
    #expect(clean.elements == tampered.elements)
  }

  @Test func `gradients accumulate`() {
    let (lstm, x, dy) = (Self.lstm(), Self.batch(), Self.batch(features: 7))
    let tape = lstm.makeTape(steps: 4, batch: 3)
    var gradients = lstm.parameters.zeros()
    lstm.forward(x, recording: tape)
    lstm.backward(dy, through: tape, accumulatingInto: &gradients)
    let once = gradients.elements
    let copy = gradients
    lstm.forward(x, recording: tape)
    lstm.backward(dy, through: tape, accumulatingInto: &gradients)
    #expect(relativeError(gradients.elements, once.map { 2 * $0 }) < 1e-6)
    #expect(copy.elements == once)
  }

  @Test func `a tape serves smaller batches than it was made for`() {
    let lstm = Self.lstm()
    let (large, exact) = (lstm.makeTape(steps: 9, batch: 8), lstm.makeTape(steps: 4, batch: 3))
    var (a, b) = (lstm.parameters.zeros(), lstm.parameters.zeros())
    lstm.forward(Self.batch(steps: 9, batch: 8), recording: large)
    let first = lstm.forward(Self.batch(), recording: large)
    let second = lstm.forward(Self.batch(), recording: exact)
    #expect(first.outputs == second.outputs)
    lstm.backward(Self.batch(features: 7), through: large, accumulatingInto: &a)
    lstm.backward(Self.batch(features: 7), through: exact, accumulatingInto: &b)
    #expect(a.elements == b.elements)
  }

  @Test func `no steps leave the state as it was`() {
    let lstm = Self.lstm()
    let state = lstm(Self.batch()).finalState
    let none = lstm(Self.batch(steps: 0), from: state)
    #expect(none.outputs.count == 0)
    #expect(none.finalState.hidden.elements == state.hidden.elements)
    #expect(none.finalState.cell.elements == state.cell.elements)
  }

  @Test func `packed weights follow the parameters`() {
    var layer = Self.lstm()
    let (x, dy) = (Self.batch(), Self.batch(features: 7))
    let tape = layer.makeTape(steps: 4, batch: 3)
    var gradients = layer.parameters.zeros()
    let kept = layer
    let before = layer(x).outputs
    for _ in 0..<2 {
      layer.forward(x, recording: tape)
      let dx = layer.backward(dy, through: tape, accumulatingInto: &gradients).x
      let values = layer.parameters.elements.map { $0 * 0.5 }
      var fresh = LSTM<Float>(parameters: LSTMParameters(inputSize: 5, hiddenSize: 7))
      fresh.parameters.assign(values)
      layer.parameters.assign(values)
      #expect(layer(x).outputs == fresh(x).outputs)
      let other = fresh.makeTape(steps: 4, batch: 3)
      layer.forward(x, recording: tape)
      fresh.forward(x, recording: other)
      let changed = layer.backward(dy, through: tape, accumulatingInto: &gradients).x
      #expect(changed == fresh.backward(dy, through: other, accumulatingInto: &gradients).x)
      #expect(changed != dx)
    }
    #expect(kept(x).outputs == before, "a copy keeps its own weights")
  }

  // MARK: Allocation

  /// Allocations of the calling thread while `body` runs.
  func allocations(_ body: () -> Void) -> UInt64 {
    let before = allocation_counter_thread_value()
    body()
    return allocation_counter_thread_value() - before
  }

  @Test(.enabled(if: allocation_counter_is_available()))
  func `the counter counts`() {
    var kept: [AlignedStorage<Float>] = []
    kept.reserveCapacity(3)
    let count = allocations {
      for _ in 0..<3 { kept.append(AlignedStorage(uninitializedCount: 100)) }
    }
    #expect(count >= 6, "three objects and three buffers, counted \(count)")
  }

  @Test(.enabled(if: allocation_counter_is_available()), arguments: CellKind.allCases)
  func `a repeated training, inference or streaming step allocates nothing`(kind: CellKind) {
    var rng = SeededGenerator(seed: 3)
    switch kind {
    case .lstm:
      steadyState(LSTM<Float>(inputSize: 5, hiddenSize: 7, using: &rng))
      steadyState(LSTM<Double>(inputSize: 5, hiddenSize: 7, using: &rng))
      // Large enough to be divided between two threads, by units and by sequences.
      steadyState(LSTM<Float>(inputSize: 5, hiddenSize: 128, using: &rng))
      steadyState(LSTM<Float>(inputSize: 5, hiddenSize: 32, using: &rng), batch: 24)
    case .gruResetAfter, .gruResetBefore:
      steadyState(
        GRU<Float>(
          inputSize: 5, hiddenSize: 7,
          variant: kind == .gruResetAfter ? .resetAfter : .resetBefore, using: &rng))
    case .rnnTanh, .rnnRelu:
      steadyState(
        SimpleRNN<Float>(
          inputSize: 5, hiddenSize: 7, activation: kind == .rnnTanh ? .tanh : .relu, using: &rng))
    }
  }

  func steadyState<Layer: RecurrentLayer>(_ layer: Layer, batch N: Int = 3)
  where Layer.Scalar.RawSignificand: FixedWidthInteger {
    var rng = SeededGenerator(seed: 4)
    let x = SequenceBatch<Layer.Scalar>.uniform(steps: 6, batch: N, features: 5, using: &rng)
    let dy = SequenceBatch<Layer.Scalar>.uniform(
      steps: 6, batch: N, features: layer.outputSize, using: &rng)
    let tape = layer.makeTape(steps: 6, batch: N)
    var gradients = layer.parameters.zeros()
    var state = layer.zeroState(batch: N)
    let workspace = Workspace<Layer.State>()
    let streaming = Workspace<Layer.State>()
    let xStep = x[step: 0]
    let steps: [(String, () -> Void)] = [
      (
        "training",
        {
          layer.forward(x, threads: 2, recording: tape)
          layer.backward(dy, through: tape, threads: 2, accumulatingInto: &gradients)
        }
      ),
      (
        "training from a state",
        {
          layer.forward(x, from: state, recording: tape)
          layer.backward(finalState: state, through: tape, accumulatingInto: &gradients)
        }
      ),
      ("inference", { _ = layer(x, threads: 2, workspace: workspace) }),
      ("streaming", { layer.step(xStep, &state, threads: 2, workspace: streaming) }),
    ]
    for (name, step) in steps {
      step()
      step()
      let count = allocations { for _ in 0..<5 { step() } }
      #expect(count == 0, "\(name) step of \(Layer.self): \(count) allocations in 5 steps")
    }
  }
}

extension SequenceBatch {
  func scaled(by factor: Scalar) -> SequenceBatch {
    SequenceBatch(
      steps: steps, batch: batch, features: features, elements: elements.map { $0 * factor })
  }
}

extension LayerParameters {
  var elements: [Scalar] { block.withUnsafeBufferPointer { Array($0) } }
}
