import CKernels
import CTestSupport
import LinAlg
import Testing

/// Single precision against double, on every instruction set that this machine has.
@Suite("Activation accuracy")
struct ActivationAccuracyTests {
  @Test("stratified over all binades", arguments: CheckedFunction.all, TestedSet.all)
  func stratified(function: CheckedFunction, set: TestedSet) throws {
    let result = Self.sample(function, set.kernels.pointee.f32, seed: 20_260)
    #expect(result.checked > 250_000)
    #expect(result.max_ulp <= function.bound, "seed 20260; \(result.report(function, set))")
  }

  @Test("where the kernels switch", arguments: CheckedFunction.all, TestedSet.all)
  func switchPoints(function: CheckedFunction, set: TestedSet) throws {
    var result = ct_result()
    for point in CheckedFunction.switchPoints {
      ct_check_around(function.subject, set.kernels.pointee.f32, point, 48, &result)
    }
    #expect(result.max_ulp <= function.bound, "\(result.report(function, set))")
  }

  static func sample(
    _ function: CheckedFunction, _ table: UnsafePointer<ck_kernels>, seed: UInt64
  ) -> ct_result {
    var result = ct_result()
    ct_check_stratified(function.subject, table, 1024, seed, &result)
    return result
  }

  @Test("limits, NaN and signed zeros", arguments: TestedSet.all)
  func specialValues(set: TestedSet) throws {
    let table = set.kernels.pointee.f32
    func value(_ function: ck_activation, _ x: Float) -> Float {
      var y: Float = .signalingNaN
      withUnsafePointer(to: x) { table[function].value($0, &y, 1, 0, 0) }
      return y
    }
    func log(_ x: Float) -> Float {
      var y: Float = .signalingNaN
      withUnsafePointer(to: x) { table.pointee.log($0, &y, 1) }
      return y
    }
    let infinity = Float.infinity
    #expect(value(CK_ACTIVATION_TANH, infinity) == 1)
    #expect(value(CK_ACTIVATION_TANH, -infinity) == -1)
    #expect(value(CK_ACTIVATION_SIGMOID, infinity) == 1)
    #expect(value(CK_ACTIVATION_SIGMOID, -infinity) == 0)
    #expect(value(CK_ACTIVATION_EXP, infinity) == infinity)
    #expect(value(CK_ACTIVATION_EXP, -infinity) == 0)
    #expect(log(infinity) == infinity && log(0) == -infinity)
    #expect(log(-0.0) == -infinity && log(-1).isNaN)
    #expect(value(CK_ACTIVATION_SOFTPLUS, infinity) == infinity)
    #expect(value(CK_ACTIVATION_SOFTPLUS, -infinity) == 0)
    #expect(value(CK_ACTIVATION_SOFTSIGN, infinity) == 1)
    #expect(value(CK_ACTIVATION_SOFTSIGN, -infinity) == -1)
    #expect(value(CK_ACTIVATION_RELU, infinity) == infinity)
    #expect(value(CK_ACTIVATION_RELU, -infinity) == 0)
    for odd in [CK_ACTIVATION_TANH, CK_ACTIVATION_RELU, CK_ACTIVATION_SOFTSIGN] {
      let zero = value(odd, -0.0)
      #expect(zero.sign == .minus && zero == 0)
    }
    for f in [
      CK_ACTIVATION_TANH, CK_ACTIVATION_SIGMOID, CK_ACTIVATION_EXP, CK_ACTIVATION_RELU,
      CK_ACTIVATION_SOFTPLUS, CK_ACTIVATION_SOFTSIGN,
    ] {
      #expect(value(f, .nan).isNaN)
    }
    #expect(log(.nan).isNaN)
    // The smallest results that are not zero: no flush to zero on the way.
    #expect(value(CK_ACTIVATION_EXP, -103.5) == .leastNonzeroMagnitude)
    #expect(value(CK_ACTIVATION_SIGMOID, -103.5) == .leastNonzeroMagnitude)
  }

  @Test("double precision against long double", arguments: CheckedFunction.all)
  func doublePrecision(function: CheckedFunction) throws {
    let table = ck_instruction_set_best().pointee.f64
    var ranges = [(-8.0, 8.0), (-1.0e-3, 1.0e-3), (-700.0, 700.0)]
    if function.bound == 0 || function.function == CT_LOG { ranges = [(1.0e-9, 4), (1, 1.0e9)] }
    if function.name.hasSuffix("_backward") { ranges = [(1.0e-9, 1), (0.999, 1)] }
    for (low, high) in ranges {
      let error = ct_max_error_f64(function.subject, table, low, high, 40_000, 7)
      #expect(error <= 3, "\(function.testDescription) in [\(low), \(high)], seed 7: \(error) ULP")
    }
  }
}
