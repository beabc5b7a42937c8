import Foundation
import LinAlg
import Recurrent
import Testing

/// Programs that keep so many values at once that a block is as small as it gets.
@Suite struct LongProgramTests {
  /// `v₁ = x + h`, `vᵢ = tanh(vᵢ₋₁ + aᵢ)`, `h ← v₁ − (v₂ − (v₃ − …))`: all values are alive before the
  /// first subtraction.
  func definition(values: Int) throws -> CellDefinition {
    var chain = [CellExpression.x + .state("h")]
    for i in 1..<values { chain.append(tanh(chain[i - 1] + .constant(shift(i)))) }
    var result = chain[values - 1]
    for value in chain.dropLast().reversed() { result = value - result }
    return try CellDefinition("chain", states: ["h": 0.5 * result])
  }

  func shift(_ i: Int) -> Double { 0.01 * Double(i % 7) }

  func check<Scalar: RecurrentScalar>(
    _ values: Int, tolerance: Double, _: Scalar.Type
  ) throws where Scalar.RawSignificand: FixedWidthInteger {
    var rng = SeededGenerator(seed: 41)
    let H = 37
    let layer = try DefinedLayer<Scalar>(
      definition(values: values), inputSize: H, hiddenSize: H, using: &rng)
    let x = SequenceBatch<Scalar>.uniform(steps: 2, batch: 3, features: H, using: &rng)
    let outputs = layer(x, threads: 1).outputs
    for n in 0..<3 {
      for j in 0..<H {
        var h = 0.0
        for t in 0..<2 {
          var chain = [Double(x[t, n, j]) + h]
          for i in 1..<values { chain.append(tanh(chain[i - 1] + shift(i))) }
          h = 0.5 * chain.dropLast().reversed().reduce(chain[values - 1]) { $1 - $0 }
          #expect(
            abs(Double(outputs[t, n, j]) - h) < tolerance, "\(values) values, [\(t), \(n), \(j)]")
        }
      }
    }
  }

  @Test(arguments: [3, 60, 130, 200, 250])
  func `values of a long program stay apart`(values: Int) throws {
    try check(values, tolerance: 1e-4, Float.self)
    try check(values, tolerance: 1e-12, Double.self)
  }
}
