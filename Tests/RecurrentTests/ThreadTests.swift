import LinAlg
import Recurrent
import Testing

/// Results do not depend on how many threads there are, nor on where a sequence stands in its batch.
@Suite struct ThreadTests {
  /// Shapes that are divided by sequences, by units, and not at all, with sizes that are multiples
  /// of nothing among them.
  static let shapes = [
    (T: 5, N: 24, D: 9, H: 40), (T: 4, N: 1, D: 5, H: 128), (T: 3, N: 4, D: 33, H: 150),
    (T: 3, N: 19, D: 64, H: 67), (T: 2, N: 2, D: 3, H: 8), (T: 1, N: 13, D: 1, H: 129),
  ]

  @Test(arguments: CellKind.allCases)
  func `one, two and three threads give the same bits`(kind: CellKind) {
    for (i, s) in Self.shapes.enumerated() {
      for withLengths in [false, true] {
        var rng = SeededGenerator(seed: UInt64(70 + i))
        let lengths = (0..<s.N).map { ($0 * 7 + 3) % (s.T + 1) }
        let p: PassInputs<Float> = .random(
          kind, steps: s.T, batch: s.N, inputSize: s.D, hiddenSize: s.H,
          lengths: withLengths ? lengths : nil, using: &rng)
        for chunkLength in [nil, 1, 2] {
          let one = kind.engine(p, chunkLength: chunkLength, threads: 1)
          for threads in [2, 3, 7] {
            let many = kind.engine(p, chunkLength: chunkLength, threads: threads)
            for (a, b) in zip(one.named, many.named) {
              let different = zip(a.values, b.values).count { $0.bitPattern != $1.bitPattern }
              #expect(different == 0, "\(a.name) of \(s) with \(threads) threads")
            }
          }
        }
      }
    }
  }
}
