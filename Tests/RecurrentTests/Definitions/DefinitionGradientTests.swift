import LinAlg
import Recurrent
import TestNumbers
import Testing

/// Every shipped definition against central differences in Double and against the evaluator, and the
/// engine's other promises.
@Suite struct DefinitionGradientTests {
  /// Name, definition, and whether `D` must be `H`.
  struct Shipped: Sendable, CustomTestStringConvertible {
    var label: String
    var definition: CellDefinition
    var needsSquare = false
    var testDescription: String { label }
  }

  static let shipped: [Shipped] =
    [
      .elman(), .elman(activation: .relu), .lstm(), .coupledLSTM(), .peepholeLSTM(),
      .projectedLSTM(), .gruResetAfter, .gruResetBefore, .gruLectureNotes,
      .mut1(projectingInput: true), .mut2(projectingInput: true), .mut3,
    ].map { Shipped(label: $0.name, definition: $0) }
    + [
      ("input", .lstmWithoutInputGate), ("forget", .lstmWithoutForgetGate),
      ("output", .lstmWithoutOutputGate),
    ].map { Shipped(label: "no \($0) gate", definition: $1) }
    + [.mut1(), .mut2()].map { Shipped(label: $0.name, definition: $0, needsSquare: true) }
    + [Shipped(label: "all at once", definition: everything)]

  /// Three states, products with each of them, with nested expressions and with the same operand twice,
  /// every activation, per-unit vectors in products, and values that cross all phases.
  static var everything: CellDefinition {
    let x = CellExpression.x
    let (h, c, m) = (
      CellExpression.state("h"), CellExpression.state("c"), CellExpression.state("m")
    )
    let a = sigmoid(Projection("A", bias: true)(x) + Projection("B")(c) + .perUnit("p") * m)
    let b = tanh(Projection("C", bias: true)(a * h) + Projection("D")(a * h) + a)
    let d = (Projection("E")(b - c) + Projection("F")(x) * Projection("G")(h))
      .activated(by: .softplus)
    let e = (b * d + Projection("I")(tanh(b * a))).activated(by: .elu(alpha: 0.7))
    let f = (e + h - 0.25 * m).activated(by: .softsign) * Projection("J")(m)
    let g = (f + d).activated(by: .leakyRelu(alpha: 0.3)) - (-a).activated(by: .exp)
    let next = (1 - a) * g + a * c
    let memory = (next + m * b).activated(by: .hardSigmoid(alpha: 0.2, beta: 0.5))
    do {
      return try CellDefinition(
        "everything", states: ["h": next * tanh(memory), "c": h + 0.5 * next, "m": memory])
    } catch {
      preconditionFailure("\(error)")
    }
  }

  /// The gradients by differences; the rest is that of `analytic`.
  func numericGradients(
    _ c: DefinedCase<Double>, _ analytic: DefinedResults<Double>
  ) -> DefinedResults<Double> {
    func numeric(_ path: WritableKeyPath<DefinedCase<Double>, [Double]>) -> [Double] {
      c[keyPath: path].indices.map { i in
        func loss(_ offset: Double) -> Double {
          var changed = c
          changed[keyPath: path][i] += offset
          return changed.loss()
        }
        let h = 1e-3
        return (8 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12 * h)
      }
    }
    var result = analytic
    result.dParameters = numeric(\.parameters)
    result.dx = numeric(\.x)
    result.dInitial = c.layer.definition.states.indices.map {
      numeric(\.initial.orEmptyList[$0])
    }
    return result
  }

  /// The largest error of the gradient of each input, relative to the largest gradient of it.
  func largestError(_ a: DefinedResults<Double>, _ b: DefinedResults<Double>) -> Double {
    let errors = zip([a.dParameters, a.dx] + a.dInitial, [b.dParameters, b.dx] + b.dInitial)
      .map { relativeError($0, $1) }
    return a.dInitial.count == b.dInitial.count ? errors.max() ?? .infinity : .infinity
  }

  @Test(arguments: shipped, [nil, [2, 0, 4]])
  func `every gradient`(shipped: Shipped, lengths: [Int]?) throws {
    var rng = SeededGenerator(seed: 31)
    let layer = try DefinedLayer<Double>(
      shipped.definition, inputSize: shipped.needsSquare ? 4 : 3, hiddenSize: 4, using: &rng)
    let c = DefinedCase(layer, steps: 4, batch: 3, lengths: lengths, using: &rng)
    let results = c.engine()
    let numeric = numericGradients(c, results)
    for chunk in [nil, 1] {
      let error = largestError(c.engine(chunkLength: chunk), numeric)
      #expect(error < 1e-6, "\(shipped.label), seed 31: \(error)")
    }
    let (outputs, final) = CellEvaluator(c.layer).run(c)
    #expect(relativeError(results.outputs, outputs) < 1e-12)
    for (actual, expected) in zip(results.final, final) {
      #expect(relativeError(actual, expected) < 1e-12)
    }
  }

  @Test func `a gradient that is wrong by a thousandth fails`() throws {
    var rng = SeededGenerator(seed: 32)
    let layer = try DefinedLayer<Double>(.mut3, inputSize: 3, hiddenSize: 4, using: &rng)
    let c = DefinedCase(layer, steps: 4, batch: 3, using: &rng)
    var results = c.engine()
    let numeric = numericGradients(c, results)
    #expect(largestError(results, numeric) < 1e-6)
    let largest = results.dInitial[0].indices.max {
      abs(results.dInitial[0][$0]) < abs(results.dInitial[0][$1])
    }
    results.dInitial[0][largest ?? 0] *= 1.001
    #expect(largestError(results, numeric) > 1e-6)
  }

  @Test(arguments: shipped)
  func `one, two and three threads give the same bits`(shipped: Shipped) throws {
    for (T, N, D, H) in [(3, 24, 40, 40), (3, 1, 128, 128), (2, 4, 150, 150), (2, 2, 8, 8)] {
      for withLengths in [false, true] {
        var rng = SeededGenerator(seed: 33)
        let layer = try DefinedLayer<Float>(
          shipped.definition, inputSize: D, hiddenSize: H, using: &rng)
        let c = DefinedCase(
          layer, steps: T, batch: N,
          lengths: withLengths ? (0..<N).map { ($0 * 7 + 3) % (T + 1) } : nil,
          parameterBound: 0.2, using: &rng)
        let one = c.engine(threads: 1)
        for (threads, split) in [(2, WorkSplit.batch), (3, .batch), (2, .units), (3, .units)] {
          for (a, b) in zip(one.named, c.engine(threads: threads, split: split).named) {
            #expect(
              countDifferences(a.values, b.values) == 0,
              "\(shipped.label): \(a.name) of N \(N) H \(H) with \(threads) threads")
          }
        }
        let inference = c.layer(c.input, from: c.state(c.initial), lengths: c.lengths, threads: 3)
        #expect(inference.outputs.elements == one.outputs)
        #expect(c.parts(inference.finalState) == one.final)
      }
    }
  }
}

extension Optional where Wrapped == [[Double]] {
  /// The list, or an empty one.
  var orEmptyList: [[Double]] {
    get { self ?? [] }
    set { self = newValue }
  }
}
