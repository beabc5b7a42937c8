import LinAlg
import RealModule
import Testing

/// Derivatives against central differences in double precision.
@Suite("Activation derivatives")
struct ActivationDerivativeTests {
  static let activations: [Activation] = [
    .identity, .tanh, .sigmoid, .relu, .leakyRelu(), .leakyRelu(alpha: 0), .elu(),
    .elu(alpha: 1.67), .softplus, .softsign, .hardSigmoid(),
    .hardSigmoid(alpha: 1.0 / 6, beta: 0.5),
    .exp,
  ]

  /// Central differences with step `h` are off by `h²·f'''/6` and by rounding `2^-52·|f|/h`.
  static let step = 1e-5
  static let tolerance = 1e-8

  @Test("of one argument", arguments: activations)
  func elementwise(activation: Activation) {
    for i in -40...40 {
      // Odd places, away from the kinks at 0, ±2.5 and ±3.
      let x = Double(i) * 0.1037 + 0.0123
      let slope = (activation(x + Self.step) - activation(x - Self.step)) / (2 * Self.step)
      let derivative = activation.derivative(fromOutput: activation(x))
      let scale = max(1, slope.magnitude)
      #expect((derivative - slope).magnitude <= Self.tolerance * scale, "\(activation) at \(x)")
      let single = activation.derivative(fromOutput: activation(Float(x)))
      #expect((Double(single) - slope).magnitude <= 1e-5 * scale, "\(activation) at \(x), Float")
    }
  }

  @Test("of rows", arguments: RowActivation.allCases)
  func rows(activation: RowActivation) {
    var rng = SeededGenerator(seed: 3)
    let x = Matrix<Double>(rows: 4, columns: 9) { _, _ in Double.random(in: -3...3, using: &rng) }
    let weights = Matrix<Double>(rows: 4, columns: 9) { _, _ in
      Double.random(in: -1...1, using: &rng)
    }
    func loss(_ x: Matrix<Double>) -> Double {
      let y = activation(x)
      return (0..<4).map { i in (0..<9).map { weights[i, $0] * y[i, $0] }.reduce(0, +) }
        .reduce(0, +)
    }
    var dx = weights
    activation.applyDerivative(fromOutput: activation(x), to: &dx)
    for i in 0..<4 {
      for j in 0..<9 {
        var above = x
        var below = x
        above[i, j] += Self.step
        below[i, j] -= Self.step
        let slope = (loss(above) - loss(below)) / (2 * Self.step)
        #expect((dx[i, j] - slope).magnitude <= 1e-8, "seed 3, \(activation) at [\(i), \(j)]")
      }
    }
  }

  @Test("of rows, single precision as double", arguments: RowActivation.allCases)
  func singlePrecisionRows(activation: RowActivation) {
    var rng = SeededGenerator(seed: 4)
    let y = activation(
      Matrix<Float>(rows: 3, columns: 45) { _, _ in Float.random(in: -3...3, using: &rng) })
    var d = Matrix<Float>(rows: 3, columns: 45) { _, _ in Float.random(in: -1...1, using: &rng) }
    var exact = d.map { Double($0) }
    activation.applyDerivative(fromOutput: y.map { Double($0) }, to: &exact)
    activation.applyDerivative(fromOutput: y, to: &d)
    // Sums are exact to float's last place; a difference of numbers below 45 is rounded twice.
    let tolerance = 4 * 45 * Double(Float.ulpOfOne) / 2
    for i in 0..<3 {
      for j in 0..<45 { #expect((Double(d[i, j]) - exact[i, j]).magnitude <= tolerance, "seed 4") }
    }
  }

  @Test("of the logarithm")
  func logarithm() {
    for x in [0.01, 0.5, 1, 3, 1e6] {
      var d = 2.0
      withUnsafePointer(to: x) { x in
        withUnsafeMutablePointer(to: &d) {
          Double.applyLogDerivative(input: x, $0, into: $0, count: 1)
        }
      }
      #expect(d == 2 / x)
    }
  }

  @Test("a kink has the slope of its zero side, and NaN stays NaN")
  func kinks() {
    #expect(Activation.relu.derivative(fromOutput: 0.0) == 0)
    #expect(Activation.leakyRelu(alpha: 0.1).derivative(fromOutput: 0.0) == 0.1)
    #expect(Activation.elu(alpha: 2).derivative(fromOutput: 0.0) == 2)
    #expect(Activation.hardSigmoid().derivative(fromOutput: 0.0) == 0)
    #expect(Activation.hardSigmoid().derivative(fromOutput: Float(1)) == 0)
    for activation in Self.activations where activation != .identity {
      #expect(activation.derivative(fromOutput: Float.nan).isNaN, "\(activation)")
      #expect(activation.derivative(fromOutput: Double.nan).isNaN, "\(activation)")
    }
  }
}
