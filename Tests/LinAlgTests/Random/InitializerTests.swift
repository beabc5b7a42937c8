import LinAlg
import Testing

@Suite("Initializer")
struct InitializerTests {
  @Test(arguments: [(5, 5), (7, 3), (3, 7), (1, 4), (4, 1), (0, 3), (3, 0)])
  func orthogonalHasOrthonormalRowsOrColumns(rows: Int, columns: Int) {
    var rng = SeededGenerator(seed: 11)
    let gain = 1.5
    let w = Matrix<Double>(
      rows: rows, columns: columns, initializer: .orthogonal(gain), using: &rng)
    let byRows = rows <= columns
    let short = min(rows, columns)
    for p in 0..<short {
      for q in 0..<short {
        var dot = 0.0
        for i in 0..<max(rows, columns) {
          dot += byRows ? w[p, i] * w[q, i] : w[i, p] * w[i, q]
        }
        let expected = p == q ? gain * gain : 0
        #expect(abs(dot - expected) < 1e-13, "seed 11, [\(rows), \(columns)], \(p)·\(q)")
      }
    }
  }
}
