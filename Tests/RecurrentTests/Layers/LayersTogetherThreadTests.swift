import CAllocationCounter
import LinAlg
import Recurrent
import Testing

/// Layers of a stack that run at the same time give what they give one after the other, bit by bit.
@Suite struct LayersTogetherThreadTests {
  /// Steps, sequences and lengths: one step, one sequence, more steps than a block, sequences that end early or never
  /// begin.
  static let shapes: [(T: Int, N: Int, lengths: [Int]?)] = [
    (1, 1, nil), (2, 1, nil), (37, 1, nil), (37, 1, [20]), (9, 1, [0]), (40, 3, nil),
    (33, 3, [33, 7, 20]), (12, 4, [0, 12, 3, 3]), (6, 2, [5, 5]),
  ]

  /// Results of passes and of inference, one after the other and together, on some threads.
  func check<Layer: RecurrentLayer>(_ stack: Stacked<Layer>, _ what: String)
  where Layer.Scalar == Float {
    for (i, s) in Self.shapes.enumerated() {
      let p = LayerInputs(
        stack, steps: s.T, batch: s.N, lengths: s.lengths, withState: i % 2 == 0,
        seed: UInt64(700 + i))
      let place = "\(what), \(stack.count) layers, [\(s.T), \(s.N)], lengths \(s.lengths ?? [])"
      let apart = stack.results(p)
      for threads in [2, 3, 5] {
        let tape = stack.makeTape(steps: s.T, batch: s.N)
        stack.runLayersTogether(true, on: tape)
        // The second pass finds the buffers of the first.
        for _ in 0..<2 {
          #expect(
            bitDifferences(apart, stack.results(p, threads: threads, tape: tape)) == [],
            "\(place), \(threads) threads")
        }
        #expect((stack.callsTogether(on: tape) > 0) == (stack.count > 1), "\(place)")

        let workspace = stack.makeWorkspace()
        let alone = stack(
          p.x, from: p.state, lengths: p.lengths, threads: 1, workspace: workspace)
        let other = stack.makeWorkspace()
        stack.runLayersTogether(true, in: other)
        for _ in 0..<2 {
          let together = stack(
            p.x, from: p.state, lengths: p.lengths, threads: threads, workspace: other)
          #expect(alone.outputs == together.outputs, "inference, \(place), \(threads) threads")
          #expect(
            alone.finalState.flat == together.finalState.flat,
            "inference, \(place), \(threads) threads")
        }
        #expect((stack.callsTogether(in: other) > 0) == (stack.count > 1), "\(place)")
      }
    }
  }

  @Test(arguments: 1...4)
  func `stacks of each cell`(count: Int) {
    var seed: UInt64 = 720
    func next() -> UInt64 {
      seed += 1
      return seed
    }
    check(Stacked(count: count, inputSize: 5) { SmallLayers.lstm($0, 19, seed: next()) }, "LSTM")
    check(
      Stacked(count: count, inputSize: 5, dropout: 0.4) { SmallLayers.gru($0, 17, seed: next()) },
      "GRU with dropout")
    check(
      Stacked(count: count, inputSize: 4, dropout: 0.2, dropoutMask: .perSequence) {
        SmallLayers.gru($0, 8, variant: .resetBefore, seed: next())
      }, "GRU with one mask")
    var rng = SeededGenerator(seed: 740)
    check(
      Stacked(count: count, inputSize: 33) {
        SimpleRNN<Float>(inputSize: $0, hiddenSize: 70, using: &rng)
      }, "RNN")
    check(
      Stacked(count: count, inputSize: 6, tied: true) { SmallLayers.lstm($0, 9, seed: next()) },
      "tied LSTM")
  }

  @Test func `cells of definitions, and with dropped states`() throws {
    var rng = SeededGenerator(seed: 741)
    check(
      Stacked(
        try (0..<3).map { _ in
          try DefinedLayer<Float>(.mut3, inputSize: 7, hiddenSize: 7, using: &rng)
        }), "MUT3")
    var options = LSTMOptions()
    options.regularization.recurrentDropout = 0.3
    check(
      Stacked(
        try (0..<2).map { _ in
          try LSTM<Float>(inputSize: 6, hiddenSize: 6, options: options, using: &rng)
        }), "LSTM with recurrent dropout")
  }

  @Test func `layers that read both ways stay one after the other`() {
    var seed: UInt64 = 750
    let stack = Stacked(count: 2, inputSize: 5) { size in
      Bidirectional {
        seed += 1
        return SmallLayers.lstm(size, 20, seed: seed) as LSTM<Float>
      }
    }
    let p = LayerInputs(stack, steps: 11, batch: 2, lengths: [11, 4], seed: 751)
    let tape = stack.makeTape(steps: 11, batch: 2)
    stack.runLayersTogether(true, on: tape)
    for threads in [2, 3] {
      #expect(
        bitDifferences(stack.results(p), stack.results(p, threads: threads, tape: tape)) == [])
    }
    #expect(stack.callsTogether(on: tape) == 0)
  }

  @Test func `the largest number of callers at once`() async {
    let stack = Stacked(count: 2, inputSize: 6) {
      SmallLayers.lstm($0, 24, seed: 752) as LSTM<Float>
    }
    let p = LayerInputs(stack, steps: 30, batch: 1, seed: 753)
    let alone = stack.results(p)
    await withTaskGroup(of: [String].self) { group in
      for _ in 0..<6 {
        group.addTask {
          let tape = stack.makeTape(steps: 30, batch: 1)
          stack.runLayersTogether(true, on: tape)
          return (0..<8).flatMap { _ in
            bitDifferences(alone, stack.results(p, threads: 2, tape: tape))
          }
        }
      }
      for await differences in group { #expect(differences == []) }
    }
  }

  @Test(.enabled(if: allocation_counter_is_available()))
  func `a repeated pass allocates nothing`() {
    for dropout in [0, 0.3] {
      let stack: Stacked<LSTM<Float>> = SmallLayers.stack(count: 4, dropout: dropout)
      let p = LayerInputs(stack, steps: 13, batch: 2, seed: 754)
      let (tape, workspace) = (stack.makeTape(steps: 13, batch: 2), stack.makeWorkspace())
      stack.runLayersTogether(true, on: tape)
      stack.runLayersTogether(true, in: workspace)
      var gradients = stack.parameters.zeros()
      let (even, ragged) = ([13, 13], [13, 6])
      func pass() {
        _ = stack(p.x, from: p.state, lengths: even, threads: 2, workspace: workspace)
        stack.forward(p.x, from: p.state, lengths: ragged, threads: 2, recording: tape)
        stack.backward(
          p.dOutputs, finalState: p.dFinalState, through: tape, threads: 2,
          accumulatingInto: &gradients)
      }
      for _ in 0..<3 { pass() }
      let before = allocation_counter_thread_value()
      for _ in 0..<5 { pass() }
      #expect(allocation_counter_thread_value() - before == 0)
    }
  }

  @Test func `what does not fit traps as before`() async {
    let error = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let stack: Stacked<LSTM<Float>> = SmallLayers.stack()
      let tape = stack.makeTape(steps: 5, batch: 2)
      stack.runLayersTogether(true, on: tape)
      let p = LayerInputs(stack, steps: 6, batch: 2, seed: 755)
      stack.forward(p.x, threads: 2, recording: tape)
    }
    #expect(standardError(of: error).contains("the tape has room for [5, 2]"))
    let lengths = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let stack: Stacked<LSTM<Float>> = SmallLayers.stack()
      let workspace = stack.makeWorkspace()
      stack.runLayersTogether(true, in: workspace)
      let p = LayerInputs(stack, steps: 6, batch: 2, seed: 756)
      _ = stack(p.x, lengths: [3, 7], threads: 2, workspace: workspace)
    }
    #expect(standardError(of: lengths).contains("sequence 1 has length 7, expected 0...6"))
  }
}

/// When layers run at the same time; expectations are measurements, see `Benchmarks/NOTES.md`.
@Suite struct LayersAtOnceTests {
  func choice(
    _ layers: Int = 2, units: Int, batch: Int = 1, steps: Int = 100, threads: Int = 2
  ) -> (count: Int, blockSteps: Int) {
    var rng = SeededGenerator(seed: 1)
    let stack = Stacked(count: layers, inputSize: units) {
      LSTM<Float>(inputSize: $0, hiddenSize: units, using: &rng)
    }
    return stack.layersTogether(steps: steps, batch: batch, threads: threads)
  }

  @Test func `one sequence of small layers`() {
    #expect(choice(units: 64).count == 2)
    #expect(choice(units: 128).count == 2)
    #expect(choice(5, units: 128, threads: 4).count == 4)
  }

  @Test func `layers that a core's cache does not hold are divided instead`() {
    #expect(choice(units: 256).count == 1)
  }

  @Test func `many sequences are divided instead`() {
    #expect(choice(units: 128, batch: 16).count == 1)
    #expect(choice(units: 256, batch: 32).count == 1)
  }

  @Test func `too little to divide`() {
    #expect(choice(units: 64, threads: 1).count == 1)
    #expect(choice(1, units: 128).count == 1)
    #expect(choice(units: 8, steps: 2).count == 1)
    #expect(choice(units: 128, steps: 1).count == 1)
  }
}
