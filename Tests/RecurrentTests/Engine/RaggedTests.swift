import LinAlg
import Recurrent
import TestNumbers
import Testing

/// Batches whose sequences end at different steps: what counts is computed, with the bits that it has
/// without the rest.
@Suite struct RaggedTests {
  static let (N, D, H) = (9, 19, 21)

  /// Sequences that end together, one after the other, at once, not at all, and before they begin.
  static let lengths: [(steps: Int, lengths: [Int])] = [
    (7, [7, 3, 5, 0, 7, 1, 2, 6, 4]), (7, [2, 2, 2, 2, 2, 2, 2, 2, 2]),
    (7, [6, 7, 7, 7, 7, 6, 7, 7, 6]), (7, [0, 0, 0, 0, 5, 0, 0, 0, 0]),
    (7, [0, 0, 0, 0, 0, 0, 0, 0, 0]), (7, [4, 4, 4, 4, 4, 4, 4, 4, 5]),
    (1, [0, 1, 0, 1, 1, 1, 0, 1, 0]),
    (12, [1, 12, 12, 1, 1, 1, 11, 1, 3]),
  ]
  static let divisions: [(threads: Int, split: WorkSplit?)] = [
    (1, nil), (2, .batch), (3, .batch), (9, .batch), (2, .units), (3, .units),
  ]

  /// Inputs with NaN wherever a sequence has ended.
  func inputs(_ kind: CellKind, _ steps: Int, _ lengths: [Int]) -> PassInputs<Float> {
    var rng = SeededGenerator(seed: 131)
    var p: PassInputs<Float> = .random(
      kind, steps: steps, batch: Self.N, inputSize: Self.D, hiddenSize: Self.H, lengths: lengths,
      using: &rng)
    p.x = filled(p.x, width: Self.D, after: lengths, with: .nan)
    p.dOutputs = p.dOutputs.map { filled($0, width: Self.H, after: lengths, with: .nan) }
    return p
  }

  /// `[T, N, width]` with the same number wherever a sequence has ended.
  func filled(
    _ values: [Float], width: Int, after lengths: [Int], with number: Float
  ) -> [Float] {
    var result = values
    for row in 0..<values.count / width where row / Self.N >= lengths[row % Self.N] {
      for j in 0..<width { result[row * width + j] = number }
    }
    return result
  }

  /// Sequence `n` of `[T, N, width]`.
  func sequence(_ values: [Float], _ n: Int, width: Int, steps: Int) -> [Float] {
    (0..<steps).flatMap { t in
      let start = (t * Self.N + n) * width
      return values[start..<start + width]
    }
  }

  @Test(arguments: CellKind.allCases)
  func `each sequence has the bits that it has alone`(kind: CellKind) {
    let (N, D, H) = (Self.N, Self.D, Self.H)
    for (steps, lengths) in Self.lengths {
      let p = inputs(kind, steps, lengths)
      let alone = (0..<N).map { n in
        var q = p
        (q.steps, q.batch, q.lengths) = (lengths[n], 1, nil)
        q.x = sequence(p.x, n, width: D, steps: lengths[n])
        q.dOutputs = p.dOutputs.map { sequence($0, n, width: H, steps: lengths[n]) }
        q.initialHidden = p.initialHidden.map { sequence($0, n, width: H, steps: 1) }
        q.initialCell = p.initialCell.map { sequence($0, n, width: H, steps: 1) }
        q.dFinalHidden = p.dFinalHidden.map { sequence($0, n, width: H, steps: 1) }
        q.dFinalCell = p.dFinalCell.map { sequence($0, n, width: H, steps: 1) }
        return kind.engine(q, threads: 1)
      }
      for (threads, split) in Self.divisions {
        for chunkLength in [nil, 1, 3] {
          let r = kind.engine(p, chunkLength: chunkLength, threads: threads, split: split)
          let what = "\(lengths), \(threads) threads by \(String(describing: split))"
          for n in 0..<N {
            let padding = [Float](repeating: 0, count: (steps - lengths[n]) * H)
            let outputs = sequence(r.outputs, n, width: H, steps: steps)
            #expect(outputs == alone[n].outputs + padding, "outputs of \(n), \(what)")
            let dx = sequence(r.dx, n, width: D, steps: steps)
            let zeros = [Float](repeating: 0, count: (steps - lengths[n]) * D)
            #expect(dx == alone[n].dx + zeros, "dx of \(n), \(what)")
            for (mine, other, name) in [
              (r.finalHidden, alone[n].finalHidden, "h"), (r.finalCell, alone[n].finalCell, "c"),
              (r.dInitialHidden, alone[n].dInitialHidden, "dh"),
              (r.dInitialCell, alone[n].dInitialCell, "dc"),
            ] where !mine.isEmpty {
              #expect(
                sequence(mine, n, width: H, steps: 1) == other, "\(name) of \(n), \(what)")
            }
          }
        }
      }
    }
  }

  /// Where a loss does not see what comes after the end, the rest of a sequence adds zeros to the sums.
  @Test(arguments: CellKind.allCases)
  func `gradients of parameters have the bits of a loss that ends early`(kind: CellKind) {
    for (steps, lengths) in Self.lengths {
      var p = inputs(kind, steps, lengths)
      (p.dFinalHidden, p.dFinalCell) = (nil, nil)
      var full = p
      full.lengths = nil
      full.x = filled(p.x, width: Self.D, after: lengths, with: 0.5)
      full.dOutputs = p.dOutputs.map { filled($0, width: Self.H, after: lengths, with: 0) }
      for chunkLength in [nil, 1, 3, 4] {
        let expected = kind.engine(full, chunkLength: chunkLength, threads: 1)
        for (threads, split) in Self.divisions {
          let r = kind.engine(p, chunkLength: chunkLength, threads: threads, split: split)
          #expect(
            r.dParameters == expected.dParameters,
            "\(lengths), chunks of \(chunkLength ?? 0), \(threads) threads")
        }
      }
    }
  }

  @Test func `a trace shows each sequence's steps, and then nothing new`() {
    let (N, D, H) = (Self.N, Self.D, Self.H)
    var rng = SeededGenerator(seed: 132)
    let layer = LSTM<Float>(inputSize: D, hiddenSize: H, using: &rng)
    for (steps, lengths) in Self.lengths {
      let x = SequenceBatch<Float>.uniform(steps: steps, batch: N, features: D, using: &rng)
      let state = LSTMState<Float>(
        hidden: Matrix(rows: N, columns: H, elements: drawn(N * H, within: 1, using: &rng)),
        cell: Matrix(rows: N, columns: H, elements: drawn(N * H, within: 1, using: &rng)))
      let (tape, full) = (
        layer.makeTape(steps: steps, batch: N), layer.makeTape(steps: steps, batch: N)
      )
      _ = layer.forward(x, from: state, lengths: lengths, recording: tape)
      _ = layer.forward(x, from: state, recording: full)
      for name in ["h", "c", "i", "f", "g", "o"] {
        let (mine, all) = (layer.trace(name, of: tape), layer.trace(name, of: full))
        for t in 0..<steps {
          for n in 0..<N {
            for j in 0..<H {
              let last = lengths[n] == 0 ? state.cell[n, j] : all[max(lengths[n] - 1, 0), n, j]
              let expected = t < lengths[n] ? all[t, n, j] : name == "c" ? last : 0
              #expect(mine[t, n, j] == expected, "\(name) of \(lengths), step \(t), sequence \(n)")
            }
          }
        }
      }
    }
  }

  @Test(arguments: lengths)
  func `rows are those that run, in the order of the batch`(steps: Int, lengths: [Int]) {
    let N = lengths.count
    var lists = RunningRowLists()
    lengths.withUnsafeBufferPointer { pointer in
      let rows = lists.rows(steps: steps, batch: N, lengths: pointer.baseAddress, noise: nil)
      #expect(rows.start(rows.end) == lengths.reduce(0, +))
      #expect(rows.end == lengths.max())
      #expect(rows.fullSteps == lengths.min())
      var row = 0
      for t in 0..<rows.end {
        #expect(rows.start(t) == row)
        for n in 0..<N where t < lengths[n] {
          #expect(rows.rows(at: t, of: n..<n + 1) == row..<row + 1)
          if rows.isRagged { #expect(rows.places[row] == t * N + n) }
          row += 1
        }
        for n in 0..<N where t >= lengths[n] {
          #expect(rows.rows(at: t, of: n..<n + 1).isEmpty)
        }
      }
    }
  }
}
