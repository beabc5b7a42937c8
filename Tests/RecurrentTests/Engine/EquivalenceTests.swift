import LinAlg
import Recurrent
import Testing

/// Different ways to say the same thing give the same numbers.
@Suite struct EquivalenceTests {
  let T = 6
  let N = 4
  let D = 3
  let H = 7

  func inputs(_ kind: CellKind, seed: UInt64) -> PassInputs<Double> {
    var rng = SeededGenerator(seed: seed)
    return .random(kind, steps: T, batch: N, inputSize: D, hiddenSize: H, using: &rng)
  }

  /// Calls `body` with a layer of each cell and the state made of the inputs' initial state.
  func withLayer(_ kind: CellKind, _ p: PassInputs<Double>, _ body: LayerTest) {
    switch kind {
    case .lstm: body.run(CellKind.lstm(p), p) { lstmState(p, $0, $1) }
    case .gruResetAfter, .gruResetBefore: body.run(kind.gru(p), p) { hiddenState(p, $0, $1) }
    case .rnnTanh, .rnnRelu: body.run(kind.rnn(p), p) { hiddenState(p, $0, $1) }
    }
  }

  @Test(arguments: CellKind.allCases)
  func `a nil state is a state of zeros, exactly`(kind: CellKind) {
    var p = inputs(kind, seed: 31)
    (p.initialHidden, p.initialCell) = (nil, nil)
    let absent = kind.engine(p)
    p.initialHidden = [Double](repeating: 0, count: N * H)
    p.initialCell = kind.hasCell ? p.initialHidden : nil
    let zeros = kind.engine(p)
    for (a, z) in zip(absent.named, zeros.named) { #expect(a.values == z.values, "\(a.name)") }
  }

  @Test(arguments: CellKind.allCases)
  func `one sequence call equals its steps one by one`(kind: CellKind) {
    withLayer(kind, inputs(kind, seed: 32), StepByStep())
  }

  @Test(arguments: CellKind.allCases)
  func `inference equals the recorded forward pass, bit by bit`(kind: CellKind) {
    withLayer(kind, inputs(kind, seed: 33), InferenceIsForward())
  }

  @Test(arguments: CellKind.allCases)
  func `a batch equals its sequences one by one, with lengths`(kind: CellKind) {
    var p = inputs(kind, seed: 34)
    p.lengths = [4, 6, 0, 1]
    let together = kind.engine(p)
    var sum = [Double](repeating: 0, count: p.parameters.count)
    for (n, length) in [4, 6, 0, 1].enumerated() {
      func rows(_ values: [Double]?, width: Int, steps: Int) -> [Double]? {
        guard let values else { return nil }
        var result: [Double] = []
        for t in 0..<steps {
          let start = (t * N + n) * width
          result += values[start..<start + width]
        }
        return result
      }
      var single = p
      (single.steps, single.batch, single.lengths) = (length, 1, nil)
      single.x = rows(p.x, width: D, steps: length) ?? []
      single.dOutputs = rows(p.dOutputs, width: H, steps: length)
      single.initialHidden = rows(p.initialHidden, width: H, steps: 1)
      single.initialCell = rows(p.initialCell, width: H, steps: 1)
      single.dFinalHidden = rows(p.dFinalHidden, width: H, steps: 1)
      single.dFinalCell = rows(p.dFinalCell, width: H, steps: 1)
      let alone = kind.engine(single)
      for i in sum.indices { sum[i] += alone.dParameters[i] }
      let mine = PassResults<Double>(
        outputs: rows(together.outputs, width: H, steps: length) ?? [],
        finalHidden: rows(together.finalHidden, width: H, steps: 1) ?? [],
        finalCell: kind.hasCell ? rows(together.finalCell, width: H, steps: 1) ?? [] : [],
        dx: rows(together.dx, width: D, steps: length) ?? [], dParameters: alone.dParameters,
        dInitialHidden: rows(together.dInitialHidden, width: H, steps: 1) ?? [],
        dInitialCell: kind.hasCell ? rows(together.dInitialCell, width: H, steps: 1) ?? [] : [])
      let wrong = disagreements(mine, alone, tolerance: 1e-13)
      #expect(wrong.isEmpty, "sequence \(n): \(wrong)")
      for t in length..<T {
        let padded = ((t * N + n) * H..<(t * N + n + 1) * H)
        #expect(together.outputs[padded].allSatisfy { $0 == 0 })
        #expect(together.dx[(t * N + n) * D..<(t * N + n + 1) * D].allSatisfy { $0 == 0 })
      }
    }
    #expect(relativeError(together.dParameters, sum) < 1e-13)
  }

  @Test(arguments: CellKind.allCases)
  func `what lies in the padding does not matter, not even NaN`(kind: CellKind) {
    var p = inputs(kind, seed: 35)
    let lengths = [2, 6, 0, 5]
    p.lengths = lengths
    let clean = kind.engine(p)
    for n in 0..<N {
      for t in lengths[n]..<T {
        for d in 0..<D { p.x[(t * N + n) * D + d] = .nan }
        for h in 0..<H { p.dOutputs?[(t * N + n) * H + h] = .infinity }
      }
    }
    let dirty = kind.engine(p)
    for (c, d) in zip(clean.named, dirty.named) { #expect(c.values == d.values, "\(c.name)") }
  }

  @Test(arguments: CellKind.allCases)
  func `two halves with carried state equal the whole`(kind: CellKind) {
    let p = inputs(kind, seed: 36)
    let whole = kind.engine(p)
    var (first, second) = (p, p)
    (first.steps, second.steps) = (2, T - 2)
    first.x = Array(p.x.prefix(2 * N * D))
    second.x = Array(p.x.dropFirst(2 * N * D))
    second.dOutputs = p.dOutputs.map { Array($0.dropFirst(2 * N * H)) }
    first.dOutputs = p.dOutputs.map { Array($0.prefix(2 * N * H)) }
    let a = kind.engine(first)
    second.initialHidden = a.finalHidden
    second.initialCell = kind.hasCell ? a.finalCell : nil
    let b = kind.engine(second)
    first.dFinalHidden = b.dInitialHidden
    first.dFinalCell = kind.hasCell ? b.dInitialCell : nil
    let c = kind.engine(first)
    let joined = PassResults<Double>(
      outputs: a.outputs + b.outputs, finalHidden: b.finalHidden, finalCell: b.finalCell,
      dx: c.dx + b.dx, dParameters: zip(c.dParameters, b.dParameters).map { $0 + $1 },
      dInitialHidden: c.dInitialHidden, dInitialCell: c.dInitialCell)
    let wrong = disagreements(joined, whole, tolerance: 1e-13)
    #expect(wrong.isEmpty, "\(wrong)")
  }
}

/// A check that works on any layer.
protocol LayerTest {
  func run<Layer: RecurrentLayer>(
    _ layer: Layer, _ p: PassInputs<Double>, state: ([Double]?, [Double]?) -> Layer.State?
  ) where Layer.Scalar == Double
}

struct StepByStep: LayerTest {
  func run<Layer: RecurrentLayer>(
    _ layer: Layer, _ p: PassInputs<Double>, state: ([Double]?, [Double]?) -> Layer.State?
  ) where Layer.Scalar == Double {
    let x = SequenceBatch(steps: p.steps, batch: p.batch, features: p.inputSize, elements: p.x)
    let initial = state(p.initialHidden, p.initialCell)
    let whole = layer(x, from: initial)
    var current = initial ?? layer.zeroState(batch: p.batch)
    let workspace = Workspace<Layer.State>()
    for t in 0..<p.steps {
      layer.step(x[step: t], &current, workspace: workspace)
      #expect(
        relativeError(current.hidden.elements, whole.outputs[step: t].elements) < 1e-14,
        "step \(t)")
    }
    #expect(
      relativeError(current.hidden.elements, whole.finalState.hidden.elements) < 1e-14)
  }
}

struct InferenceIsForward: LayerTest {
  func run<Layer: RecurrentLayer>(
    _ layer: Layer, _ p: PassInputs<Double>, state: ([Double]?, [Double]?) -> Layer.State?
  ) where Layer.Scalar == Double {
    let x = SequenceBatch(steps: p.steps, batch: p.batch, features: p.inputSize, elements: p.x)
    let initial = state(p.initialHidden, p.initialCell)
    let tape = layer.makeTape(steps: p.steps + 2, batch: p.batch + 3)
    let workspace = Workspace<Layer.State>()
    for lengths in [nil, [3, 0, 6, 1]] {
      let recorded = layer.forward(x, from: initial, lengths: lengths, recording: tape)
      for chunk in [nil, 1, 4] {
        workspace.chunkLength = chunk
        let inferred = layer(x, from: initial, lengths: lengths, workspace: workspace)
        // Another chunking changes the shape of the products, and with it their rounding.
        let bound = chunk == nil ? 0 : 1e-14
        #expect(
          relativeError(inferred.outputs.elements, recorded.outputs.elements) <= bound)
        #expect(
          relativeError(
            inferred.finalState.hidden.elements, recorded.finalState.hidden.elements) <= bound)
        if let a = inferred.finalState as? LSTMState<Double>,
          let b = recorded.finalState as? LSTMState<Double>
        {
          #expect(relativeError(a.cell.elements, b.cell.elements) <= bound)
        }
      }
    }
  }
}
