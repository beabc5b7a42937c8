import LinAlg
import Testing

@Suite("Initializer")
struct InitializerTests {
  @Test(arguments: [(5, 5), (7, 3), (3, 7), (1, 4), (4, 1), (64, 64), (0, 3), (3, 0)])
  func orthogonalHasOrthonormalRowsOrColumns(rows: Int, columns: Int) {
    check(Float.self, rows, columns)
    check(Double.self, rows, columns)
  }

  func check<S: LinAlgScalar>(_: S.Type, _ rows: Int, _ columns: Int) {
    var rng = SeededGenerator(seed: 11)
    let w = Matrix<S>(rows: rows, columns: columns, initializer: .orthogonal(1.5), using: &rng)
    let gram = rows <= columns ? w * w.transposed : w.transposed * w
    let order = min(rows, columns)
    #expect(
      gram.isApproximatelyEqual(
        to: S(2.25) * Matrix<S>.identity(order), relativeTolerance: tolerance(S.self, order)),
      "seed 11, \(S.self) [\(rows), \(columns)]")
  }

  @Test func orthogonalMatricesHaveNoPreferredSign() {
    // Without the sign correction every diagonal element of Q from LAPACK's reflections leans to
    // the negative; with it, both signs are equally likely: 5σ of 400 coin tosses.
    var rng = SeededGenerator(seed: 12)
    let positive = (0..<400).filter { _ in
      Matrix<Double>(rows: 3, columns: 3, initializer: .orthogonal(1), using: &rng)[0, 0] > 0
    }.count
    #expect(abs(positive - 200) < 50)
  }

  /// The variance that each rule gives a `[200, 300]` matrix, by its definition.
  static let variances: [(Initializer<Double>, Double)] = [
    (.uniform(0.3), 0.03), (.normal(0.2), 0.04), (.glorotUniform, 0.004), (.glorotNormal, 0.004),
    (.heUniform, 1 / 150), (.heNormal, 1 / 150),
  ]

  @Test(arguments: variances)
  func varianceFollowsTheFans(initializer: Initializer<Double>, variance: Double) {
    var rng = SeededGenerator(seed: 13)
    let w = Matrix(rows: 200, columns: 300, initializer: initializer, using: &rng)
    let count = Double(w.count)
    let second = (w ∘ w).sum() / count
    // 5σ; a normal square varies most, by 2σ⁴.
    #expect(abs(second - variance) < 5 * variance * (2 / count).squareRoot(), "seed 13")
    #expect(abs(w.mean()) < 5 * (variance / count).squareRoot(), "seed 13")
    if case .normal = initializer { return }
    if case .glorotNormal = initializer { return }
    if case .heNormal = initializer { return }
    let bound = (3 * variance).squareRoot()
    #expect(w.max() ?? 1 <= bound && w.min() ?? -1 >= -bound, "seed 13")
    #expect(w.max() ?? 0 > 0.99 * bound, "seed 13")
  }

  @Test func constantsDrawNothing() {
    var rng = SeededGenerator(seed: 14)
    let before = rng
    #expect(
      Matrix<Float>(rows: 1, columns: 2, initializer: .zeros, using: &rng) == [[0, 0]])
    #expect(
      Matrix<Float>(rows: 2, columns: 1, initializer: .constant(3), using: &rng) == [[3], [3]])
    #expect(
      Matrix<Float>(rows: 1, columns: 1, initializer: .uniform(0), using: &rng) == [[0]])
    #expect(rng == before)
  }

  @Test(arguments: [
    Initializer<Float>.uniform(1), .normal(1), .glorotUniform, .heNormal, .orthogonal(1),
  ])
  func sameSeedSameWeights(initializer: Initializer<Float>) {
    func weights(seed: UInt64) -> Matrix<Float> {
      var rng = SeededGenerator(seed: seed)
      return Matrix(rows: 5, columns: 4, initializer: initializer, using: &rng)
    }
    #expect(weights(seed: 1) == weights(seed: 1))
    #expect(weights(seed: 1) != weights(seed: 2))
  }

  @Test func wrongBufferTrapsWithBothSizes() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var rng = SeededGenerator(seed: 1)
      var m = Matrix<Float>.zeros(rows: 2, columns: 3)
      m.withUnsafeMutableBufferPointer {
        Initializer.zeros.fill($0, rows: 3, columns: 3, using: &rng)
      }
    }
    expectMessage(result, contains: "6 elements", "[3, 3]")
    let bound = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var rng = SeededGenerator(seed: 1)
      _ = Matrix<Float>(rows: 2, columns: 3, initializer: .uniform(-1), using: &rng)
    }
    expectMessage(bound, contains: "bound -1.0")
  }
}
