import LinAlg
import Recurrent
import Testing

/// Stacks and directions against compositions of the naive loops.
@Suite struct LayerReferenceTests {
  static let lengths: [[Int]?] = [nil, [3, 7, 0, 1, 5]]

  func check<Layer: SequenceLayer>(
    _ layer: Layer, _ kind: CellKind, layers: Int, directions: Int, lengths: [Int]?,
    sourceLocation: SourceLocation = #_sourceLocation
  ) where Layer.Scalar.RawSignificand: FixedWidthInteger {
    for withState in [true, false] {
      let p = LayerInputs(
        layer, steps: 7, batch: 5, lengths: lengths, withState: withState, seed: 61)
      let expected = layer.reference(
        p, kind, hiddenSize: layer.outputSize / directions, layers: layers, directions: directions)
      let wrong = disagreements(
        layer.results(p), expected, tolerance: tolerance(Layer.Scalar.self))
      #expect(wrong.isEmpty, "seed 61: \(wrong)", sourceLocation: sourceLocation)
    }
  }

  func checkAll<Scalar: RecurrentScalar>(_: Scalar.Type, lengths: [Int]?)
  where Scalar.RawSignificand: FixedWidthInteger {
    var seed: UInt64 = 200
    func lstm(_ inputSize: Int) -> LSTM<Scalar> {
      seed += 1
      return SmallLayers.lstm(inputSize, 19, seed: seed)
    }
    func gru(_ inputSize: Int) -> GRU<Scalar> {
      seed += 1
      return SmallLayers.gru(
        inputSize, 19, seed: seed)
    }
    check(
      Stacked(count: 3, inputSize: 5) { lstm($0) }, .lstm, layers: 3, directions: 1,
      lengths: lengths)
    check(
      Stacked(count: 2, inputSize: 5) { gru($0) }, .gruResetAfter, layers: 2, directions: 1,
      lengths: lengths)
    check(Bidirectional { lstm(5) }, .lstm, layers: 1, directions: 2, lengths: lengths)
    check(
      Stacked(count: 2, inputSize: 5) { size in Bidirectional { lstm(size) } }, .lstm, layers: 2,
      directions: 2, lengths: lengths)
    check(
      Stacked(count: 2, inputSize: 5) { size in Bidirectional { gru(size) } }, .gruResetAfter,
      layers: 2, directions: 2, lengths: lengths)
  }

  @Test(arguments: lengths)
  func `in single precision`(lengths: [Int]?) { checkAll(Float.self, lengths: lengths) }

  @Test(arguments: lengths)
  func `in double precision`(lengths: [Int]?) { checkAll(Double.self, lengths: lengths) }

  @Test(arguments: lengths)
  func `a tied stack is an untied one with equal weights`(lengths: [Int]?) {
    let tied: Stacked<LSTM<Double>> = SmallLayers.stack(count: 3, tied: true)
    let untied = Stacked([tied[layer: 0], tied[layer: 1], tied[layer: 2]])
    let (a, b) = (
      LayerInputs(
        tied, steps: 5, batch: 3, lengths: lengths.map { $0.prefix(3).map { min($0, 5) } },
        seed: 62),
      LayerInputs(
        untied, steps: 5, batch: 3,
        lengths: lengths.map { $0.prefix(3).map { min($0, 5) } }, seed: 62)
    )
    let (mine, theirs) = (tied.results(a), untied.results(b))
    #expect(mine.outputs == theirs.outputs)
    #expect(mine.dx == theirs.dx)
    let first = tied.parameters.parts[0].block.count
    let upper = tied.parameters.parts[1].block.count
    #expect(untied.parameters.scalarCount == first + 2 * upper)
    #expect(tied.parameters.scalarCount == first + upper)
    let sum = (0..<upper).map {
      theirs.dParameters[first + $0] + theirs.dParameters[first + upper + $0]
    }
    #expect(Array(mine.dParameters.prefix(first)) == Array(theirs.dParameters.prefix(first)))
    #expect(relativeError(Array(mine.dParameters.dropFirst(first)), sum) < 1e-14)
  }

  @Test(arguments: DirectionMerge.allCases)
  func `a merge is one of the directions apart`(merge: DirectionMerge) {
    let layer: Bidirectional<LSTM<Double>> = SmallLayers.bidirectional(3, merge)
    let p = LayerInputs(layer, steps: 5, batch: 3, lengths: [2, 5, 0], seed: 63)
    let merged = layer(p.x, from: p.state, lengths: p.lengths)
    let apart = layer.directions(p.x, from: p.state, lengths: p.lengths)
    let forward = layer.forwardLayer(p.x, from: p.state?.forward, lengths: p.lengths)
    let backward = Reversed(layer.backwardLayer)(
      p.x, from: p.state?.backward, lengths: p.lengths)
    #expect(apart.forward == forward.outputs)
    #expect(apart.backward == backward.outputs)
    #expect(apart.finalState.flat == forward.finalState.flat + backward.finalState.flat)
    #expect(merged.finalState.flat == apart.finalState.flat)
    for t in 0..<5 {
      for n in 0..<3 {
        for j in 0..<4 {
          let (f, b) = (apart.forward[t, n, j], apart.backward[t, n, j])
          switch merge {
          case .concatenate:
            #expect(merged.outputs[t, n, j] == f)
            #expect(merged.outputs[t, n, 4 + j] == b)
          case .sum: #expect(merged.outputs[t, n, j] == f + b)
          case .mean: #expect(merged.outputs[t, n, j] == (f + b) / 2)
          case .product: #expect(merged.outputs[t, n, j] == f * b)
          }
        }
      }
    }
  }

  @Test func `directions apart have gradients of their own`() {
    let layer: Bidirectional<LSTM<Double>> = SmallLayers.bidirectional(3, .concatenate)
    let p = LayerInputs(layer, steps: 5, batch: 3, lengths: [2, 5, 0], seed: 64)
    let merged = layer.results(p)
    let tape = layer.makeTape(steps: 5, batch: 3)
    layer.forwardDirections(p.x, from: p.state, lengths: p.lengths, recording: tape)
    var halves: [SequenceBatch<Double>] = []
    for first in [0, 4] {
      var elements: [Double] = []
      for start in stride(from: first, to: 15 * 8, by: 8) {
        elements += p.dOutputs.elements[start..<start + 4]
      }
      halves.append(SequenceBatch(steps: 5, batch: 3, features: 4, elements: elements))
    }
    var gradients = layer.parameters.zeros()
    let d = layer.backward(
      forward: halves[0], backward: halves[1], finalState: p.dFinalState, through: tape,
      accumulatingInto: &gradients)
    #expect(d.x.elements == merged.dx)
    #expect(gradients.flat == merged.dParameters)
  }
}
