import LinAlg
import Recurrent
import ReferenceLoops
import Testing

/// Other layouts, the last output of each sequence, and what a tape shows.
@Suite struct EdgeTests {
  @Test func `batch first and back`() {
    let (N, T, F) = (3, 4, 2)
    let elements = (0..<N * T * F).map { Float($0) }
    let x = SequenceBatch<Float>(batchFirst: elements, batch: N, steps: T, features: F)
    #expect(x.shape == [T, N, F])
    for n in 0..<N {
      for t in 0..<T {
        for f in 0..<F { #expect(x[t, n, f] == elements[(n * T + t) * F + f]) }
      }
    }
    #expect(x.batchFirst == elements)
    let lazy = SequenceBatch<Float>(
      batchFirst: AnyCollection(elements), batch: N, steps: T, features: F)
    #expect(lazy == x)
    #expect(
      SequenceBatch<Double>(batchFirst: [], batch: 2, steps: 0, features: 3).batchFirst.isEmpty)
  }

  @Test func `the last output of each sequence, and the way back`() {
    var rng = SeededGenerator(seed: 5)
    let x = SequenceBatch<Double>.uniform(steps: 5, batch: 4, features: 3, using: &rng)
    let lengths = [2, 5, 0, 1]
    let last = x.last(lengths: lengths)
    #expect(
      last.elements == [x[1, 0, 0], x[1, 0, 1], x[1, 0, 2]]
        + [x[4, 1, 0], x[4, 1, 1], x[4, 1, 2]] + [0, 0, 0]
        + [x[0, 3, 0], x[0, 3, 1], x[0, 3, 2]])
    #expect(x.last().elements == x[step: 4].elements)
    let dLast = Matrix<Double>(rows: 4, columns: 3, elements: (1...12).map { Double($0) })
    let d = SequenceBatch(scatteringLast: dLast, steps: 5, lengths: lengths)
    // ⟨last(x), dLast⟩ = ⟨x, dx⟩ for every x: the two are each other's transpose.
    let left = zip(last.elements, dLast.elements).reduce(0) { $0 + $1.0 * $1.1 }
    let right = zip(x.elements, d.elements).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(left - right) < 1e-12)
    #expect(d.elements.count { $0 != 0 } == 9)
    #expect(SequenceBatch(scatteringLast: dLast, steps: 5).last().elements == dLast.elements)
  }

  @Test func `the last output is the final hidden state`() {
    let layer: LSTM<Float> = SmallLayers.lstm()
    let p = LayerInputs(layer, steps: 5, batch: 4, lengths: [2, 5, 4, 1], seed: 6)
    let out = layer(p.x, from: p.state, lengths: p.lengths)
    #expect(out.outputs.last(lengths: p.lengths).elements == out.finalState.hidden.elements)
  }

  @Test func `an LSTM's gates and cells by name`() {
    var rng = SeededGenerator(seed: 7)
    let lengths = [2, 5, 0]
    let p: PassInputs<Double> = .random(
      .lstm, steps: 5, batch: 3, inputSize: 2, hiddenSize: 6, lengths: lengths, using: &rng)
    let layer = CellKind.lstm(p)
    let tape = layer.makeTape(steps: 7, batch: 4)
    layer.forward(
      SequenceBatch(steps: 5, batch: 3, features: 2, elements: p.x),
      from: lstmState(p, p.initialHidden, p.initialCell), lengths: lengths, recording: tape)
    let H = 6
    let W = Array(p.parameters[0..<4 * H * 2])
    let U = Array(p.parameters[4 * H * 2..<4 * H * (2 + H)])
    let naive = ReferenceLSTM(
      inputSize: 2, hiddenSize: H, W: W, U: U, b: Array(p.parameters.suffix(4 * H)))
    let trace = naive.forward(
      p.x, steps: 5, batch: 3, initialHidden: p.initialHidden, initialCell: p.initialCell,
      lengths: lengths)
    let cells = layer.cells(of: tape)
    #expect(cells.shape == [5, 3, 6])
    for (n, length) in lengths.enumerated() {
      for t in 0..<length {
        let row = t * 3 + n
        for (g, gate) in [LSTMGate.input, .forget, .candidate, .output].enumerated() {
          let mine = layer.gate(gate, of: tape)
          for j in 0..<H {
            #expect(abs(mine[t, n, j] - trace.gates[(row * 4 + g) * H + j]) < 1e-14)
          }
        }
        for j in 0..<H { #expect(abs(cells[t, n, j] - trace.cells[row * H + j]) < 1e-14) }
      }
    }
    #expect(relativeError(tape.hiddenTrace.elements, trace.outputs) < 1e-14)
  }

  @Test(arguments: [GRUOptions.Candidate.resetAfter, .resetBefore])
  func `a GRU's gates by name`(variant: GRUOptions.Candidate) {
    var layer: GRU<Double> = SmallLayers.gru(variant: variant)
    let p = LayerInputs(layer, steps: 3, batch: 2, seed: 8)
    let tape = layer.makeTape(steps: 3, batch: 2)
    let out = layer.forward(p.x, from: p.state, recording: tape)
    let (r, z, n) = (
      layer.gate(.reset, of: tape), layer.gate(.update, of: tape), layer.gate(.candidate, of: tape)
    )
    #expect(r.elements.allSatisfy { $0 > 0 && $0 < 1 })
    for t in 0..<3 {
      for i in 0..<2 {
        for j in 0..<4 {
          let h = t == 0 ? p.state?.hidden[i, j] ?? 0 : out.outputs[t - 1, i, j]
          let mixed = (1 - z[t, i, j]) * n[t, i, j] + z[t, i, j] * h
          #expect(abs(mixed - out.outputs[t, i, j]) < 1e-14)
        }
      }
    }
    // Without weights the reset gate is the logistic function of its bias.
    layer.parameters.flat = layer.parameters.flat.map { _ in 0 }
    layer.parameters.b[0, 0] = 2
    layer.forward(p.x, recording: tape)
    #expect(abs(layer.gate(.reset, of: tape)[1, 0, 0] - 0.8807970779778823) < 1e-15)
  }

  @Test func `the states of a defined layer by name`() throws {
    let (x, c, e) = (CellExpression.x, CellExpression.state("c"), CellExpression.state("e"))
    let cell = try CellDefinition(
      "three",
      states: [
        "h": tanh(Projection("W")(x) + Projection("U")(c)), "c": c + 0.5 * e,
        "e": sigmoid(Projection("V")(x) + .state("h")),
      ])
    var rng = SeededGenerator(seed: 11)
    let layer = try DefinedLayer<Double>(cell, inputSize: 2, hiddenSize: 3, using: &rng)
    let p = LayerInputs(layer, steps: 4, batch: 3, lengths: [2, 4, 0], seed: 6)
    let tape = layer.makeTape(steps: 6, batch: 5)
    let out = layer.forward(p.x, from: p.state, lengths: p.lengths, recording: tape)
    #expect(layer.trace("h", of: tape) == out.outputs)
    for (n, length) in [2, 4, 0].enumerated() where length > 0 {
      for t in 1...length {
        let short = layer(
          p.x, from: p.state, lengths: (0..<3).map { $0 == n ? t : 0 }
        ).finalState
        for name in ["c", "e"] {
          for j in 0..<3 {
            #expect(layer.trace(name, of: tape)[t - 1, n, j] == layer.state(name, of: short)[n, j])
          }
        }
      }
    }
    for name in ["c", "e"] {
      #expect(
        layer.trace(name, of: tape)[step: 3].elements
          == layer.state(name, of: out.finalState).elements)
    }
  }

  @Test func `gates of options are those of the built-in layer`() throws {
    var rng = SeededGenerator(seed: 13)
    let layer: DefinedLayer<Double> = try LSTMOptions().makeLayer(
      inputSize: 3, hiddenSize: 5, using: &rng)
    var plain = LSTM<Double>(inputSize: 3, hiddenSize: 5, using: &rng)
    for (gate, name) in ["i", "f", "g", "o"].enumerated() {
      for row in 0..<5 {
        for k in 0..<3 {
          plain.parameters.W[gate * 5 + row, k] = layer.parameters["W_" + name][row, k]
        }
        for k in 0..<5 {
          plain.parameters.U[gate * 5 + row, k] = layer.parameters["U_" + name][row, k]
        }
        plain.parameters.b[0, gate * 5 + row] = layer.parameters["b_" + name][0, row]
      }
    }
    let p = LayerInputs(plain, steps: 4, batch: 3, lengths: [2, 4, 0], seed: 6)
    let (tape, other) = (layer.makeTape(steps: 4, batch: 3), plain.makeTape(steps: 4, batch: 3))
    layer.forward(p.x, lengths: p.lengths, recording: tape)
    plain.forward(p.x, lengths: p.lengths, recording: other)
    for (gate, name) in zip([LSTMGate.input, .forget, .candidate, .output], ["i", "f", "g", "o"]) {
      #expect(layer.tracedNodes.contains(name))
      let (a, b) = (layer.trace(name, of: tape), plain.gate(gate, of: other))
      #expect(a.shape == b.shape)
      for (x, y) in zip(a.elements, b.elements) { #expect(abs(x - y) < 1e-13, "\(name)") }
      #expect(a.elements.contains { $0 != 0 })
    }
  }

  @Test func `gates that have become gradients are not shown`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let layer: LSTM<Float> = SmallLayers.lstm()
      let tape = layer.makeTape(steps: 2, batch: 1)
      _ = layer.gate(.forget, of: tape)
    }
    #expect(standardError(of: result).contains("the tape holds no recording"))
  }
}
