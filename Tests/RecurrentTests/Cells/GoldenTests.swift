import GoldenSupport
import Recurrent
import Testing

/// The engine against values that PyTorch computed; `Tools/golden/README.md` says how they were made.
@Suite struct GoldenTests {
  static func kind(_ cell: GoldenCell) -> CellKind {
    switch cell {
    case .rnnTanh: .rnnTanh
    case .rnnReLU: .rnnRelu
    case .lstm: .lstm
    case .gruResetAfter: .gruResetAfter
    case .gruResetBefore: .gruResetBefore
    }
  }

  static func inputs<Scalar: RecurrentScalar>(_ c: GoldenCase) -> PassInputs<Scalar> {
    func convert(_ values: [Double]?) -> [Scalar]? { values.map { $0.map { Scalar($0) } } }
    return PassInputs(
      steps: c.steps, batch: c.batch, inputSize: c.inputSize, hiddenSize: c.hiddenSize,
      parameters: (c.W + c.U + c.b + (c.recurrentBias ?? [])).map { Scalar($0) },
      x: c.x.map { Scalar($0) }, initialHidden: convert(c.initialHidden),
      initialCell: convert(c.initialCell), lengths: c.lengths, dOutputs: convert(c.dOutputs),
      dFinalHidden: convert(c.dFinalHidden), dFinalCell: convert(c.dFinalCell))
  }

  static func results<Scalar: RecurrentScalar>(_ c: GoldenCase) -> PassResults<Scalar> {
    func convert(_ values: [Double]?) -> [Scalar] { (values ?? []).map { Scalar($0) } }
    return PassResults(
      outputs: convert(c.outputs), finalHidden: convert(c.finalHidden),
      finalCell: convert(c.finalCell), dx: convert(c.dx),
      dParameters: convert(c.dW + c.dU + c.db + (c.dRecurrentBias ?? [])),
      dInitialHidden: convert(c.dInitialHidden), dInitialCell: convert(c.dInitialCell))
  }

  @Test(arguments: GoldenCell.allCases)
  func `outputs and all gradients`(cell: GoldenCell) throws {
    let cases = try GoldenFile(cell).cases
    #expect(cases.contains { $0.lengths != nil })
    for c in cases {
      let kind = Self.kind(cell)
      if c.precision == .float64 {
        let wrong = disagreements(
          kind.engine(Self.inputs(c) as PassInputs<Double>), Self.results(c), tolerance: 1e-12)
        #expect(wrong.isEmpty, "\(c) Double: \(wrong)")
      }
      let wrong = disagreements(
        kind.engine(Self.inputs(c) as PassInputs<Float>), Self.results(c), tolerance: 1e-5)
      #expect(wrong.isEmpty, "\(c) Float: \(wrong)")
    }
  }
}
