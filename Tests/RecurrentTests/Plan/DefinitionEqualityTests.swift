import LinAlg
import Recurrent
import Testing

/// The programs of built-in cells give what their kernels give.
@Suite struct DefinitionEqualityTests {
  static func definition(_ kind: CellKind) -> CellDefinition {
    switch kind {
    case .lstm: .lstm()
    case .gruResetAfter: .gruResetAfter
    case .gruResetBefore: .gruResetBefore
    case .rnnTanh: .elman()
    case .rnnRelu: .elman(activation: .relu)
    }
  }

  /// The definition's names of the built-in cell's parameters, in the order of its storage.
  static func names(_ kind: CellKind) -> [String] {
    let gates: [String]
    switch kind {
    case .lstm: gates = ["_i", "_f", "_g", "_o"]
    case .gruResetAfter, .gruResetBefore: gates = ["_r", "_z", "_n"]
    case .rnnTanh, .rnnRelu: gates = [""]
    }
    let names = ["W", "U", "b"].flatMap { letter in gates.map { letter + $0 } }
    return kind == .gruResetAfter ? names + ["b_hn"] : names
  }

  /// The same passes with the definition.
  static func run<Scalar: RecurrentScalar>(
    _ kind: CellKind, _ p: PassInputs<Scalar>, products: ProductStrategy, threads: Int,
    usesKernels: Bool = false
  ) throws -> PassResults<Scalar> where Scalar.RawSignificand: FixedWidthInteger {
    var rng = SeededGenerator(seed: 1)
    var layer = DefinedLayer<Scalar>(
      parameters: try DefinedParameters(
        definition(kind), inputSize: p.inputSize, hiddenSize: p.hiddenSize,
        usesKernels: usesKernels))
    var rest = p.parameters[...]
    for name in names(kind) {
      let old = layer.parameters[name]
      layer.parameters[name] = Matrix(
        rows: old.rows, columns: old.columns, elements: rest.prefix(old.count))
      rest = rest.dropFirst(old.count)
    }
    #expect(rest.isEmpty)
    var c = DefinedCase(layer, steps: p.steps, batch: p.batch, lengths: p.lengths, using: &rng)
    c.layer = layer
    c.x = p.x
    c.initial = p.initialHidden.map { [$0] + (p.initialCell.map { [$0] } ?? []) }
    c.dOutputs = p.dOutputs
    c.dFinal = p.dFinalHidden.map { [$0] + (p.dFinalCell.map { [$0] } ?? []) }
    let r = c.engine(products: products, threads: threads)
    var gradients = layer.parameters.zeros()
    gradients.assign(r.dParameters)
    return PassResults(
      outputs: r.outputs, finalHidden: r.final[0], finalCell: kind.hasCell ? r.final[1] : [],
      dx: r.dx, dParameters: names(kind).flatMap { gradients[$0].elements },
      dInitialHidden: r.dInitial[0], dInitialCell: kind.hasCell ? r.dInitial[1] : [])
  }

  static let shapes = [
    (T: 5, N: 4, D: 7, H: 12), (T: 3, N: 1, D: 5, H: 33), (T: 4, N: 13, D: 16, H: 64),
    (T: 2, N: 3, D: 1, H: 1), (T: 3, N: 2, D: 10, H: 100),
  ]

  func check<Scalar: RecurrentScalar>(_ kind: CellKind, _: Scalar.Type) throws
  where Scalar.RawSignificand: FixedWidthInteger {
    for (i, s) in Self.shapes.enumerated() {
      for (lengths, withState) in [(false, true), (true, true), (true, false)] {
        var rng = SeededGenerator(seed: UInt64(40 + i))
        var p: PassInputs<Scalar> = .random(
          kind, steps: s.T, batch: s.N, inputSize: s.D, hiddenSize: s.H,
          lengths: lengths ? (0..<s.N).map { ($0 * 5 + 2) % (s.T + 1) } : nil, using: &rng)
        if !withState { (p.initialHidden, p.initialCell) = (nil, nil) }
        for products in [ProductStrategy.automatic, .openBLAS] {
          let expected = kind.engine(p, products: products, threads: 1)
          let actual = try Self.run(kind, p, products: products, threads: 1)
          let wrong = disagreements(actual, expected, tolerance: tolerance(Scalar.self))
          #expect(wrong.isEmpty, "\(kind) \(s) lengths \(lengths): \(wrong)")
          let same = try Self.run(kind, p, products: products, threads: 1, usesKernels: true)
          for (a, e) in zip(same.named, expected.named) {
            #expect(a.values == e.values, "\(kind) \(s): \(a.name) of a definition with its kernel")
          }
        }
      }
    }
  }

  @Test(arguments: CellKind.allCases)
  func `in single precision`(kind: CellKind) throws { try check(kind, Float.self) }

  @Test(arguments: CellKind.allCases)
  func `in double precision`(kind: CellKind) throws { try check(kind, Double.self) }

  @Test(arguments: CellKind.allCases)
  func `streaming gives the bits of a whole call`(kind: CellKind) throws {
    var rng = SeededGenerator(seed: 60)
    var layer = DefinedLayer<Float>(
      parameters: try DefinedParameters(
        Self.definition(kind), inputSize: 9, hiddenSize: 40, usesKernels: false))
    for name in layer.parameters.names {
      let old = layer.parameters[name]
      layer.parameters[name] = Matrix(
        rows: old.rows, columns: old.columns,
        elements: (0..<old.count).map { _ in Float.random(in: -0.2...0.2, using: &rng) })
    }
    let x = SequenceBatch<Float>.uniform(steps: 5, batch: 3, features: 9, using: &rng)
    let whole = layer(x)
    var state = layer.zeroState(batch: 3)
    let workspace = Workspace<DefinedState<Float>>()
    for t in 0..<5 {
      layer.step(x[step: t], &state, workspace: workspace)
      #expect(state.hidden == whole.outputs[step: t])
    }
    #expect(state.others == whole.finalState.others)
  }
}
