import LinAlg
import Recurrent
import Testing

/// What must not change a result: the place in the batch, the padding, whether the pass is recorded.
@Suite struct LayerInvarianceTests {
  /// Every kind of layer made of layers, large enough to be divided among threads.
  static func forAll(_ body: LayerBody) {
    var seed: UInt64 = 300
    func lstm(_ inputSize: Int) -> LSTM<Float> {
      seed += 1
      return SmallLayers.lstm(inputSize, 64, seed: seed)
    }
    body.run(Reversed(lstm(9)))
    for merge in DirectionMerge.allCases { body.run(Bidirectional(merge: merge) { lstm(9) }) }
    body.run(Stacked(count: 2, inputSize: 9) { lstm($0) })
    body.run(Stacked(count: 3, inputSize: 9, tied: true) { lstm($0) })
    body.run(LearnedInitialState(lstm(9)))
    body.run(SmallLayers.chain(9, 64) as SmallChain<Float>)
    body.run(Stacked(count: 2, inputSize: 9) { size in Bidirectional { lstm(size) } })
  }

  @Test func `a sequence gives the same bits anywhere in any batch`() { Self.forAll(BatchPlaces()) }

  @Test func `what lies in the padding does not matter, not even NaN`() { Self.forAll(Padding()) }

  @Test func `inference equals the recorded pass, bit by bit`() { Self.forAll(Inference()) }

  struct BatchPlaces: LayerBody {
    func run<Layer: SequenceLayer>(_ layer: Layer) where Layer.Scalar == Float {
      let lengths = [4, 0, 6, 1]
      let p = LayerInputs(layer, steps: 6, batch: 4, lengths: lengths, withState: false, seed: 66)
      let together = layer.results(p)
      let F = layer.outputSize
      for n in 0..<4 {
        func rows(_ values: [Float], _ width: Int) -> [Float] {
          var result: [Float] = []
          for t in 0..<lengths[n] {
            let start = (t * 4 + n) * width
            result += values[start..<start + width]
          }
          return result
        }
        var q = p
        q.lengths = nil
        q.x = SequenceBatch(
          steps: lengths[n], batch: 1, features: 9, elements: rows(p.x.elements, 9))
        q.dOutputs = SequenceBatch(
          steps: lengths[n], batch: 1, features: F, elements: rows(p.dOutputs.elements, F))
        q.dFinalState = layer.zeroState(batch: 1)
        var flat: [Float] = []
        for i in 0..<p.dFinalState.partCount {
          let part = p.dFinalState.part(i)
          flat += (0..<part.columns).map { part[n, $0] }
        }
        q.dFinalState.flat = flat
        let alone = layer.results(q)
        #expect(rows(together.outputs, F) == alone.outputs, "\(Layer.self), sequence \(n)")
        #expect(rows(together.dx, 9) == alone.dx, "\(Layer.self), sequence \(n)")
      }
    }
  }

  struct Padding: LayerBody {
    func run<Layer: SequenceLayer>(_ layer: Layer) where Layer.Scalar == Float {
      let lengths = [2, 5, 0]
      var p = LayerInputs(layer, steps: 5, batch: 3, lengths: lengths, seed: 67)
      let clean = layer.results(p)
      for n in 0..<3 {
        for t in lengths[n]..<5 {
          for d in 0..<9 { p.x[t, n, d] = .nan }
          for j in 0..<layer.outputSize { p.dOutputs[t, n, j] = .infinity }
          let row = (t * 3 + n) * layer.outputSize
          #expect(clean.outputs[row..<row + layer.outputSize].allSatisfy { $0 == 0 })
        }
      }
      #expect(bitDifferences(clean, layer.results(p)) == [], "\(Layer.self)")
    }
  }

  struct Inference: LayerBody {
    func run<Layer: SequenceLayer>(_ layer: Layer) where Layer.Scalar == Float {
      let workspace = layer.makeWorkspace()
      for lengths in [nil, [2, 5, 0]] {
        let p = LayerInputs(layer, steps: 5, batch: 3, lengths: lengths, seed: 68)
        let recorded = layer.results(p)
        let inferred = layer(
          p.x, from: p.state, lengths: lengths, threads: 1, workspace: workspace)
        #expect(inferred.outputs.elements == recorded.outputs, "\(Layer.self)")
        #expect(inferred.finalState.flat == recorded.finalState, "\(Layer.self)")
      }
    }
  }
}

/// A check that works on any layer in single precision.
protocol LayerBody {
  func run<Layer: SequenceLayer>(_ layer: Layer) where Layer.Scalar == Float
}

/// Results do not depend on the number of threads; both directions at once touch nothing in common.
@Suite struct LayerThreadTests {
  @Test func `one, two, three and five threads give the same bits`() {
    LayerInvarianceTests.forAll(ThreadCounts())
  }

  @Test func `dropout is the same for any number of threads`() {
    ThreadCounts().run(SmallLayers.stack(count: 3, dropout: 0.4) as Stacked<LSTM<Float>>)
    ThreadCounts().run(SmallLayers.chain(dropout: 0.4) as SmallChain<Float>)
  }

  struct ThreadCounts: LayerBody {
    func run<Layer: SequenceLayer>(_ layer: Layer) where Layer.Scalar == Float {
      for lengths in [nil, (0..<24).map { ($0 * 5 + 2) % 6 }] {
        let p = LayerInputs(layer, steps: 5, batch: 24, lengths: lengths, seed: 65)
        let one = layer.results(p, threads: 1)
        for threads in [2, 3, 5] {
          let many = layer.results(p, threads: threads)
          #expect(bitDifferences(one, many) == [], "\(Layer.self), \(threads) threads")
        }
      }
    }
  }
}
