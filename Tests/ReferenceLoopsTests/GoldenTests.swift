import GoldenSupport
import RealModule
import Testing

@Suite("Golden values from PyTorch")
struct GoldenTests {
  static let cases: [GoldenCase] = {
    do {
      return try GoldenCell.allCases.flatMap { try GoldenFile($0).cases }
    } catch {
      Issue.record(error)
      return []
    }
  }()

  @Test func everyCellHasCasesOfEveryKind() throws {
    for cell in GoldenCell.allCases {
      let cases = try GoldenFile(cell).cases
      #expect(cases.contains { $0.lengths == nil && $0.precision == .float64 })
      #expect(cases.contains { $0.precision == .float32 })
      #expect(cases.contains { $0.lengths?.contains(0) == true })
      #expect(cases.contains { $0.dOutputs == nil })
      #expect(cases.contains { $0.dFinalHidden == nil })
      #expect(Set(cases.map(\.name)).count == cases.count)
    }
  }

  @Test(arguments: cases.filter { $0.precision == .float64 })
  func inDouble(golden: GoldenCase) {
    compare(golden, as: Double.self)
    #expect(Self.tolerance(golden) * Double.ulpOfOne <= 1e-12)
  }

  /// The inputs are exact in Float, so that only Float's own arithmetic is in the difference.
  @Test(arguments: cases)
  func inFloat(golden: GoldenCase) {
    compare(golden, as: Float.self)
  }

  /// In units in the last place of an array's largest element, or for gradients of the largest
  /// upstream gradient, from which all their terms come.
  ///
  /// A sum of `D + H + 2` products errs by at most as many half units of the sum of magnitudes; such
  /// an error enters at each of `T` steps forward and again backward, and `dW` adds `T·N` of them.
  static func tolerance(_ golden: GoldenCase) -> Double {
    Double(2 * golden.steps * (golden.inputSize + golden.hiddenSize + 2 + golden.batch))
  }

  private func compare<Scalar: Real & BinaryFloatingPoint>(
    _ golden: GoldenCase, as: Scalar.Type
  ) {
    func scalars(_ values: [Double]) -> [Scalar] { values.map { Scalar($0) } }
    let extents = Extents(golden.steps, golden.batch, golden.inputSize, golden.hiddenSize)
    var variables: Variables<Scalar> = [
      "x": scalars(golden.x), "W": scalars(golden.W), "U": scalars(golden.U),
      "b": scalars(golden.b), "initialHidden": scalars(golden.initialHidden),
    ]
    variables["recurrentBias"] = golden.recurrentBias.map(scalars)
    variables["initialCell"] = golden.initialCell.map(scalars)
    var expected: Variables<Scalar> = [
      "x": scalars(golden.dx), "W": scalars(golden.dW), "U": scalars(golden.dU),
      "b": scalars(golden.db), "initialHidden": scalars(golden.dInitialHidden),
    ]
    expected["recurrentBias"] = golden.dRecurrentBias.map(scalars)
    expected["initialCell"] = golden.dInitialCell.map(scalars)

    let results = golden.cell.run(variables, extents, lengths: golden.lengths)
    let upstream = Upstream(
      dOutputs: golden.dOutputs.map(scalars), dFinalHidden: golden.dFinalHidden.map(scalars),
      dFinalCell: golden.dFinalCell.map(scalars))
    let gradients = golden.cell.gradients(
      variables, extents, lengths: golden.lengths, upstream: upstream)
    let terms =
      [upstream.dOutputs, upstream.dFinalHidden, upstream.dFinalCell]
      .compactMap(\.self).joined().map(\.magnitude).max() ?? 0

    let tolerance = Self.tolerance(golden)
    #expect(distance(results.outputs, scalars(golden.outputs)) <= tolerance)
    #expect(distance(results.finalHidden, scalars(golden.finalHidden)) <= tolerance)
    #expect(distance(results.finalCell, scalars(golden.finalCell ?? [])) <= tolerance)
    #expect(gradients.keys.sorted() == expected.keys.sorted())
    for (name, values) in expected {
      #expect(
        distance(gradients[name, default: []], values, terms: terms) <= tolerance, "d\(name)")
    }
  }
}
