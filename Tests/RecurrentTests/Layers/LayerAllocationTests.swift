import CAllocationCounter
import LinAlg
import Recurrent
import Testing

/// A steady state of layers made of layers allocates nothing.
@Suite struct LayerAllocationTests {
  func expectNone(_ what: String, _ step: () -> Void) {
    for _ in 0..<3 { step() }
    let before = allocation_counter_thread_value()
    for _ in 0..<5 { step() }
    let count = allocation_counter_thread_value() - before
    #expect(count == 0, "\(what): \(count) allocations in 5 steps")
  }

  func sequences<Layer: SequenceLayer>(_ layer: Layer, threads: Int)
  where Layer.Scalar.RawSignificand: FixedWidthInteger {
    let p = LayerInputs(layer, steps: 6, batch: 3, seed: 95)
    let tape = layer.makeTape(steps: 6, batch: 3)
    let workspace = layer.makeWorkspace()
    var gradients = layer.parameters.zeros()
    expectNone("training \(Layer.self) on \(threads)") {
      layer.forward(p.x, from: nil, lengths: nil, threads: threads, recording: tape)
      layer.backward(
        p.dOutputs, finalState: nil, through: tape, threads: threads,
        accumulatingInto: &gradients)
    }
    expectNone("training \(Layer.self) from a state on \(threads)") {
      layer.forward(p.x, from: p.state, lengths: nil, threads: threads, recording: tape)
      layer.backward(
        p.dOutputs, finalState: p.dFinalState, through: tape, threads: threads,
        accumulatingInto: &gradients)
    }
    expectNone("recording \(Layer.self) on \(threads)") {
      layer.forward(p.x, from: nil, lengths: nil, threads: threads, recording: tape)
    }
    let lengths = [4, 0, 6]
    expectNone("training \(Layer.self) with lengths on \(threads)") {
      layer.forward(p.x, from: nil, lengths: lengths, threads: threads, recording: tape)
      layer.backward(
        p.dOutputs, finalState: nil, through: tape, threads: threads,
        accumulatingInto: &gradients)
    }
    expectNone("inference of \(Layer.self) on \(threads)") {
      _ = layer(p.x, from: nil, lengths: nil, threads: threads, workspace: workspace)
    }
  }

  @Test(.enabled(if: allocation_counter_is_available()), arguments: [1, 2])
  func `passes`(threads: Int) {
    sequences(SmallLayers.lstm() as LSTM<Float>, threads: threads)
    sequences(Reversed(SmallLayers.lstm() as LSTM<Float>), threads: threads)
    for merge in DirectionMerge.allCases {
      sequences(SmallLayers.bidirectional(3, merge) as Bidirectional<LSTM<Float>>, threads: threads)
    }
    sequences(SmallLayers.stack(dropout: 0.3) as Stacked<LSTM<Float>>, threads: threads)
    sequences(SmallLayers.stack(tied: true) as Stacked<LSTM<Double>>, threads: threads)
    sequences(LearnedInitialState(SmallLayers.gru() as GRU<Float>), threads: threads)
    sequences(SmallLayers.chain(dropout: 0.3) as SmallChain<Float>, threads: threads)
    sequences(Reversed(SmallLayers.chain() as SmallChain<Float>), threads: threads)
    sequences(
      Stacked(count: 2, inputSize: 3) { size in
        Bidirectional { LearnedInitialState(SmallLayers.lstm(size, 4) as LSTM<Float>) }
      }, threads: threads)
  }

  @Test(.enabled(if: allocation_counter_is_available()))
  func `streaming`() {
    func check<Layer: CausalLayer>(_ layer: Layer)
    where Layer.Scalar.RawSignificand: FixedWidthInteger {
      for (batch, threads) in [(1, 1), (24, 2)] {
        let session = StreamingSession(layer, batch: batch, threads: threads)
        var rng = SeededGenerator(seed: 96)
        let x = SequenceBatch<Layer.Scalar>.uniform(
          steps: 4, batch: batch, features: 3, using: &rng)
        let step = x[step: 0]
        expectNone("a step of \(Layer.self)") { session.step(step) }
        expectNone("a chunk of \(Layer.self)") { session.advance(x) }
      }
    }
    check(SmallLayers.lstm() as LSTM<Float>)
    check(SmallLayers.gru() as GRU<Double>)
    check(SmallLayers.stack() as Stacked<LSTM<Float>>)
    check(LearnedInitialState(SmallLayers.stack(tied: true) as Stacked<LSTM<Float>>))
    check(SmallLayers.chain() as SmallChain<Float>)
  }

  @Test(.enabled(if: allocation_counter_is_available()))
  func `checkpointed and truncated training`() {
    func check<Layer: CausalLayer>(_ layer: Layer)
    where Layer.Scalar.RawSignificand: FixedWidthInteger {
      let p = LayerInputs(layer, steps: 11, batch: 3, seed: 97)
      var gradients = layer.parameters.zeros()
      let tape = CheckpointedTape(for: layer, steps: 11, batch: 3, segmentLength: 4)
      expectNone("checkpointed \(Layer.self)") {
        layer.forward(p.x, from: p.state, threads: 1, recording: tape)
        layer.backward(
          p.dOutputs, finalState: p.dFinalState, through: tape, threads: 1,
          accumulatingInto: &gradients)
      }
      let lengths = [7, 0, 11]
      expectNone("checkpointed \(Layer.self) with lengths") {
        layer.forward(p.x, from: p.state, lengths: lengths, threads: 1, recording: tape)
        layer.backward(
          p.dOutputs, finalState: p.dFinalState, through: tape, threads: 1,
          accumulatingInto: &gradients)
      }
      let truncated = TruncatedTape(for: layer, every: 11, through: 17, batch: 3)
      expectNone("truncated \(Layer.self)") {
        layer.forward(p.x, threads: 1, recording: truncated)
        layer.backward(
          p.dOutputs, through: truncated, threads: 1, accumulatingInto: &gradients)
      }
      truncated.begin(lengths: [70, 0, 200])
      expectNone("truncated \(Layer.self) with lengths") {
        layer.forward(p.x, threads: 1, recording: truncated)
        layer.backward(
          p.dOutputs, through: truncated, threads: 1, accumulatingInto: &gradients)
      }
    }
    check(SmallLayers.lstm() as LSTM<Float>)
    check(SmallLayers.stack(dropout: 0.3) as Stacked<LSTM<Float>>)
    check(SmallLayers.chain(dropout: 0.3) as SmallChain<Float>)
  }
}
