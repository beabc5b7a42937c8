import GoldenSupport
import LinAlg
import Recurrent
import Testing

/// The projection of the options against PyTorch's `proj_size`, from `projected.json`.
@Suite struct GoldenProjectionTests {
  /// PyTorch's weights, or their gradients, by the names of the options: rows of a gate are together.
  static func parameters<S: RecurrentScalar>(
    _ c: GoldenCase, _ P: Int, W: [Double], U: [Double], b: [Double], Wp: [Double]
  ) -> [String: Matrix<S>] {
    func matrix(_ values: some Collection<Double>, _ rows: Int, _ columns: Int) -> Matrix<S> {
      Matrix(rows: rows, columns: columns, elements: values.map { S($0) })
    }
    let (D, H) = (c.inputSize, c.hiddenSize)
    var result = ["W_p": matrix(Wp, P, H)]
    for (gate, letter) in ["i", "f", "g", "o"].enumerated() {
      let rows = gate * H..<(gate + 1) * H
      result["W_" + letter] = matrix(W[rows.lowerBound * D..<rows.upperBound * D], H, D)
      result["U_" + letter] = matrix(U[rows.lowerBound * P..<rows.upperBound * P], H, P)
      result["b_" + letter] = matrix(b[rows], 1, H)
    }
    return result
  }

  func check<S: RecurrentScalar>(_ c: GoldenCase, _: S.Type) throws
  where S.RawSignificand: FixedWidthInteger {
    var rng = SeededGenerator(seed: 1)
    let (T, N, H, P) = (c.steps, c.batch, c.hiddenSize, try #require(c.projectionSize))
    var options = LSTMOptions()
    options.projection = P
    var layer: DefinedLayer<S> = try options.makeLayer(
      inputSize: c.inputSize, hiddenSize: H, using: &rng)
    let weights: [String: Matrix<S>] = Self.parameters(
      c, P, W: c.W, U: c.U, b: c.b, Wp: try #require(c.Wp))
    let gradients: [String: Matrix<S>] = Self.parameters(
      c, P, W: c.dW, U: c.dU, b: c.db, Wp: try #require(c.dWp))
    #expect(Set(layer.parameters.names) == Set(weights.keys))
    for (name, value) in weights { layer.parameters[name] = value }

    var expected = layer.parameters.zeros()
    for (name, value) in gradients { expected[name] = value }
    func convert(_ values: [Double]?, _ count: Int) -> [S] {
      values?.map { S($0) } ?? [S](repeating: 0, count: count)
    }
    let zeros = [Double](repeating: 0, count: N * H)
    var mine = DefinedCase(layer, steps: T, batch: N, lengths: c.lengths, using: &rng)
    mine.layer = layer
    mine.x = convert(c.x, 0)
    mine.initial = [convert(c.initialHidden, 0), convert(c.initialCell ?? zeros, 0)]
    mine.dOutputs = convert(c.dOutputs, T * N * P)
    mine.dFinal = [convert(c.dFinalHidden, N * P), convert(c.dFinalCell, N * H)]
    let golden = DefinedResults(
      outputs: convert(c.outputs, 0),
      final: [convert(c.finalHidden, 0), convert(c.finalCell, 0)], dx: convert(c.dx, 0),
      dParameters: expected.elements,
      dInitial: [convert(c.dInitialHidden, 0), convert(c.dInitialCell, 0)])
    let allowed = c.precision == .float32 ? 1e-5 : tolerance(S.self)
    for threads in [1, 2] {
      let results = mine.engine(threads: threads)
      #expect(results.final.map(\.count) == [N * P, N * H])
      for (a, e) in zip(results.named, golden.named) {
        let error = relativeError(a.values, e.values)
        #expect(error <= allowed, "\(c) \(S.self) \(a.name): relative error \(error)")
      }
    }
  }

  @Test func `outputs, final states and all gradients`() throws {
    let cases = try GoldenFile.projected().cases
    #expect(cases.count == 6 && cases.count { $0.precision == .float64 } == 5)
    #expect(cases.contains { $0.lengths?.contains(0) == true })
    for c in cases {
      try check(c, Double.self)
      try check(c, Float.self)
    }
  }
}
