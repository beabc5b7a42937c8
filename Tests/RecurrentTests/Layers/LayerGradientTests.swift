import LinAlg
import Recurrent
import Testing

/// The gradients of layers made of layers against finite differences, in Double: inputs, parameters and
/// initial states, from a loss on outputs and final states.
@Suite struct LayerGradientTests {
  static let lengths: [[Int]?] = [nil, [2, 0, 4]]

  func check<Layer: SequenceLayer>(
    _ layer: Layer, lengths: [Int]?, withState: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation
  ) where Layer.Scalar == Double {
    let inputs = LayerInputs(
      layer, steps: 4, batch: 3, lengths: lengths, withState: withState, seed: 60)
    let wrong = gradientErrors(layer, inputs)
    #expect(wrong.isEmpty, "seed 60: \(wrong)", sourceLocation: sourceLocation)
  }

  @Test(arguments: lengths)
  func `reversed`(lengths: [Int]?) {
    check(Reversed(SmallLayers.lstm()), lengths: lengths)
    check(Reversed(SmallLayers.gru()), lengths: lengths)
  }

  @Test(arguments: DirectionMerge.allCases, lengths)
  func `bidirectional`(merge: DirectionMerge, lengths: [Int]?) {
    check(SmallLayers.bidirectional(3, merge), lengths: lengths)
  }

  @Test(arguments: [false, true], lengths)
  func `stacked, tied and untied, with dropout`(tied: Bool, lengths: [Int]?) {
    check(SmallLayers.stack(tied: tied), lengths: lengths)
    check(SmallLayers.stack(dropout: 0.4, tied: tied), lengths: lengths)
  }

  @Test(arguments: lengths)
  func `a stack of both directions`(lengths: [Int]?) {
    var seed: UInt64 = 70
    let layer = Stacked(count: 2, inputSize: 3, dropout: 0.3) { inputSize in
      Bidirectional {
        seed += 1
        return SmallLayers.gru(inputSize, 3, seed: seed) as GRU<Double>
      }
    }
    #expect(layer.outputSize == 6)
    check(layer, lengths: lengths)
  }

  @Test(arguments: lengths)
  func `a chain of kinds, alone and in other layers`(lengths: [Int]?) {
    func chain(_ inputSize: Int = 3, dropout: Double = 0) -> SmallChain<Double> {
      SmallLayers.chain(inputSize, 3, dropout: dropout)
    }
    check(chain(), lengths: lengths)
    check(chain(dropout: 0.4), lengths: lengths)
    let both: Bidirectional<LSTM<Double>> = SmallLayers.bidirectional(3)
    check(chain().followed(by: both, dropout: 0.3), lengths: lengths)
    check(Reversed(chain()), lengths: lengths)
    check(Bidirectional { chain(dropout: 0.3) }, lengths: lengths)
    check(Stacked(count: 2, inputSize: 3, dropout: 0.3) { chain($0) }, lengths: lengths)
    check(LearnedInitialState(chain()), lengths: lengths, withState: false)
  }

  @Test(arguments: lengths)
  func `a learned initial state`(lengths: [Int]?) {
    var layer = LearnedInitialState(SmallLayers.lstm() as LSTM<Double>)
    layer.parameters.initial.withUnsafeMutableBufferPointer { initial in
      for i in initial.indices { initial[i] = 0.1 * Double(i + 1) }
    }
    check(layer, lengths: lengths, withState: false)
    check(layer, lengths: lengths, withState: true)
    check(Stacked([layer]), lengths: lengths, withState: false)
    check(LearnedInitialState(SmallLayers.stack(count: 2)), lengths: lengths, withState: false)
  }

  @Test func `a stack of learned initial states in both directions`() {
    let layer = Bidirectional { LearnedInitialState(SmallLayers.gru() as GRU<Double>) }
    check(layer, lengths: [3, 1, 4], withState: false)
  }

  @Test func `a gradient that is wrong by a thousandth fails`() {
    let layer: Stacked<LSTM<Double>> = SmallLayers.stack(count: 2)
    let inputs = LayerInputs(layer, steps: 4, batch: 3, seed: 60)
    var results = layer.results(inputs)
    let exact = results
    let largest = results.dx.indices.max { abs(results.dx[$0]) < abs(results.dx[$1]) } ?? 0
    results.dx[largest] *= 1.001
    #expect(
      disagreements(results, exact, tolerance: 1e-6) == [
        "dx: relative error \(relativeError(results.dx, exact.dx))"
      ])
  }
}
