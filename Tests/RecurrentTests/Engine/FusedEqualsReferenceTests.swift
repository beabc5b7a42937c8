import LinAlg
import Recurrent
import TestNumbers
import Testing

/// The fused engine against the scalar loops, on shapes that reach every remainder.
@Suite struct FusedEqualsReferenceTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var T, N, D, H: Int
    var testDescription: String { "T\(T)xN\(N)xD\(D)xH\(H)" }
  }

  static let shapes =
    [
      (1, 1, 1, 1), (1, 1, 2, 3), (2, 1, 3, 1), (3, 2, 1, 5), (7, 3, 5, 7), (5, 4, 8, 16),
      (4, 5, 17, 13), (11, 7, 3, 31), (3, 13, 29, 33), (2, 64, 16, 64), (40, 9, 12, 67),
      (1, 3, 4, 129),
    ].map { Shape(T: $0.0, N: $0.1, D: $0.2, H: $0.3) }

  func compare<Scalar>(
    _: Scalar.Type, _ kind: CellKind, _ shape: Shape, seed: UInt64,
    edit: (inout PassInputs<Scalar>, inout SeededGenerator) -> Void = { _, _ in }
  ) where Scalar: RecurrentScalar, Scalar.RawSignificand: FixedWidthInteger {
    var rng = SeededGenerator(seed: seed)
    var inputs = PassInputs<Scalar>.random(
      kind, steps: shape.T, batch: shape.N, inputSize: shape.D, hiddenSize: shape.H, using: &rng)
    edit(&inputs, &rng)
    let expected = kind.reference(inputs)
    for products in ProductStrategy.allCases
    where products == .openBLAS || Scalar.packedPanel != nil {
      let wrong = disagreements(
        kind.engine(inputs, products: products), expected, tolerance: tolerance(Scalar.self))
      #expect(
        wrong.isEmpty,
        "\(kind) \(Scalar.self) \(products) \(shape.testDescription) seed \(seed): \(wrong)")
    }
  }

  @Test(arguments: CellKind.allCases, shapes)
  func `every result of both passes`(kind: CellKind, shape: Shape) {
    compare(Double.self, kind, shape, seed: 1)
    compare(Float.self, kind, shape, seed: 2)
  }

  @Test(arguments: CellKind.allCases)
  func `sequences of different lengths, unsorted, some empty`(kind: CellKind) {
    for seed in UInt64(10)..<20 {
      let shape = Shape(T: 9, N: 6, D: 5, H: 11)
      func cut<Scalar>(_ p: inout PassInputs<Scalar>, _ rng: inout SeededGenerator) {
        p.lengths = (0..<shape.N).map { _ in Int.random(in: 0...shape.T, using: &rng) }
      }
      compare(Double.self, kind, shape, seed: seed, edit: cut)
      compare(Float.self, kind, shape, seed: seed, edit: cut)
    }
  }

  @Test(arguments: CellKind.allCases)
  func `random shapes`(kind: CellKind) {
    var rng = SeededGenerator(seed: 77)
    for _ in 0..<15 {
      let shape = Shape(
        T: .random(in: 1...12, using: &rng), N: .random(in: 1...19, using: &rng),
        D: .random(in: 1...40, using: &rng), H: .random(in: 1...70, using: &rng))
      compare(Double.self, kind, shape, seed: rng.next())
      compare(Float.self, kind, shape, seed: rng.next())
    }
  }

  @Test(arguments: CellKind.allCases)
  func `missing states and gradients count as zeros`(kind: CellKind) {
    let shape = Shape(T: 5, N: 3, D: 4, H: 9)
    compare(Double.self, kind, shape, seed: 3) { p, _ in
      (p.initialHidden, p.initialCell) = (nil, nil)
    }
    compare(Double.self, kind, shape, seed: 4) { p, _ in
      (p.dFinalHidden, p.dFinalCell) = (nil, nil)
    }
    compare(Double.self, kind, shape, seed: 5) { p, _ in p.dOutputs = nil }
  }

  /// Short chunks, so that both passes cross several of them and end in a partial one.
  @Test(arguments: CellKind.allCases)
  func `many time chunks`(kind: CellKind) {
    var rng = SeededGenerator(seed: 6)
    let inputs = PassInputs<Double>.random(
      kind, steps: 11, batch: 3, inputSize: 2, hiddenSize: 4, using: &rng)
    for chunk in [1, 2, 3, 10, 11, 12] {
      let wrong = disagreements(
        kind.engine(inputs, chunkLength: chunk), kind.reference(inputs), tolerance: 1e-12)
      #expect(wrong.isEmpty, "chunks of \(chunk): \(wrong)")
    }
  }

  @Test func `a difference of one bit is counted`() {
    let numbers: [Float] = [0, 1, -2.5, .infinity]
    #expect(countDifferences(numbers, numbers) == 0)
    for (place, other) in [(0, -Float(0)), (1, Float(1).nextUp), (3, -Float.infinity)] {
      var changed = numbers
      changed[place] = other
      #expect(countDifferences(numbers, changed) == 1, "\(other)")
    }
    #expect(countDifferences(numbers, numbers + [1]) == 1)
    #expect(countDifferences([Double.nan], [.nan]) == 1)
  }

  @Test func `the comparison notices a planted error`() {
    var rng = SeededGenerator(seed: 8)
    let inputs = PassInputs<Double>.random(
      .lstm, steps: 4, batch: 2, inputSize: 3, hiddenSize: 5, using: &rng)
    let right = CellKind.lstm.engine(inputs)
    for (name, plant) in [
      ("outputs", { (r: inout PassResults<Double>) in r.outputs[7] += 1e-9 }),
      ("dParameters", { r in r.dParameters[0] *= 1.001 }),
      ("dx", { r in r.dx[2] = .nan }),
      ("dInitialCell", { r in r.dInitialCell.removeLast() }),
    ] {
      var wrong = right
      plant(&wrong)
      let found = disagreements(wrong, right, tolerance: 1e-12)
      #expect(found.count == 1 && found[0].hasPrefix(name), "planted in \(name), found \(found)")
    }
  }
}
