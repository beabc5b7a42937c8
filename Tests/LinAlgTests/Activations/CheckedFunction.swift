import CKernels
import CTestSupport
import LinAlg
import RealModule
import Testing

/// A kernel, the parameters it is checked with, and the largest error that its comment in
/// `Sources/CKernels/vecmath.inc` allows, in ULP.
struct CheckedFunction: Sendable, CustomTestStringConvertible {
  var function: ct_function
  var alpha: Float = 0
  var beta: Float = 0
  var bound: Double

  var subject: ct_subject { ct_subject(function: function, alpha: alpha, beta: beta) }
  var name: String { String(cString: ct_function_name(function)) }
  var testDescription: String { alpha == 0 ? name : "\(name)(\(alpha), \(beta))" }

  static let all: [CheckedFunction] = [
    CheckedFunction(function: CT_EXP, bound: 1.2),
    CheckedFunction(function: CT_LOG, bound: 0.9),
    CheckedFunction(function: CT_TANH, bound: 2.5),
    CheckedFunction(function: CT_SIGMOID, bound: 2),
    CheckedFunction(function: CT_RELU, bound: 0),
    CheckedFunction(function: CT_SOFTPLUS, bound: 1.8),
    CheckedFunction(function: CT_SOFTSIGN, bound: 1.5),
    CheckedFunction(function: CT_LEAKY_RELU, alpha: 0.01, bound: 0.5),
    CheckedFunction(function: CT_LEAKY_RELU, alpha: -0.25, bound: 0.5),
    CheckedFunction(function: CT_ELU, alpha: 1, bound: 1.4),
    CheckedFunction(function: CT_ELU, alpha: 1.6732632, bound: 2.5),
    CheckedFunction(function: CT_HARD_SIGMOID, alpha: 0.2, beta: 0.5, bound: 0.5),
    CheckedFunction(function: CT_HARD_SIGMOID, alpha: 1 / 6, beta: 0.5, bound: 0.5),
    CheckedFunction(function: CT_LOG_BACKWARD, bound: 0.5),
    CheckedFunction(function: CT_TANH_BACKWARD, bound: 1.5),
    CheckedFunction(function: CT_SIGMOID_BACKWARD, bound: 1.5),
    CheckedFunction(function: CT_RELU_BACKWARD, bound: 0),
    CheckedFunction(function: CT_SOFTPLUS_BACKWARD, bound: 1.4),
    CheckedFunction(function: CT_SOFTSIGN_BACKWARD, bound: 2),
    CheckedFunction(function: CT_LEAKY_RELU_BACKWARD, alpha: 0.01, bound: 0),
    CheckedFunction(function: CT_ELU_BACKWARD, alpha: 1, bound: 0.5),
    CheckedFunction(function: CT_HARD_SIGMOID_BACKWARD, alpha: 0.2, bound: 0),
  ]

  /// Where the kernels change between cases: multiples of (ln 2)/4 between which arguments are
  /// reduced, powers of two times √½ for the logarithm, and the ends of every clamp.
  static let switchPoints: [Float] = {
    let log2 = Double.log(2)
    var points = (-620...620).map { Float(Double($0) * log2 / 4) }
    points += (-149...127).map { Float(Double.pow(2, Double($0) + 0.5)) }
    for end: Float in [
      0.41421357, 0.8813736, 9.01, 10, 30, 40, 87.33655, 88.72284, 89, 103.97208, 104,
    ] {
      points += [end, -end]
    }
    return points
  }()
}

extension ct_result {
  /// What a failed check says.
  func report(_ function: CheckedFunction, _ set: TestedSet) -> String {
    "\(function.testDescription) on \(set): \(max_ulp) ULP at \(worst_input) "
      + "(bits \(String(worst_input.bitPattern, radix: 16))): \(worst_output), "
      + "exactly \(worst_expected)"
  }
}
