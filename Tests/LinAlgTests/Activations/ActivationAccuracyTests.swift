import CKernels
import CTestSupport
import LinAlg
import Testing

/// Single precision against double, on every instruction set that this machine has.
@Suite("Activation accuracy")
struct ActivationAccuracyTests {
  @Test("stratified over all binades", arguments: CheckedFunction.all, InstructionSet.available)
  func stratified(function: CheckedFunction, set: InstructionSet) throws {
    let result = Self.sample(function, try kernels(set), seed: 20_260)
    #expect(result.checked > 250_000)
    #expect(result.max_ulp <= function.bound, "seed 20260; \(result.report(function, set))")
  }

  @Test("where the kernels switch", arguments: CheckedFunction.all, InstructionSet.available)
  func switchPoints(function: CheckedFunction, set: InstructionSet) throws {
    var result = ct_result()
    for point in CheckedFunction.switchPoints {
      ct_check_around(function.subject, try kernels(set), point, 48, &result)
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

  @Test("limits, NaN and signed zeros", arguments: InstructionSet.available)
  func specialValues(set: InstructionSet) throws {
    let table = try kernels(set).pointee
    func value(
      _ kernel: (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void, _ x: Float
    ) -> Float {
      var y: Float = .signalingNaN
      withUnsafePointer(to: x) { kernel($0, &y, 1) }
      return y
    }
    let infinity = Float.infinity
    #expect(value(table.tanh_f32, infinity) == 1 && value(table.tanh_f32, -infinity) == -1)
    #expect(value(table.sigmoid_f32, infinity) == 1 && value(table.sigmoid_f32, -infinity) == 0)
    #expect(value(table.exp_f32, infinity) == infinity && value(table.exp_f32, -infinity) == 0)
    #expect(value(table.log_f32, infinity) == infinity && value(table.log_f32, 0) == -infinity)
    #expect(value(table.log_f32, -0.0) == -infinity && value(table.log_f32, -1).isNaN)
    #expect(value(table.softplus_f32, infinity) == infinity)
    #expect(value(table.softplus_f32, -infinity) == 0)
    #expect(value(table.softsign_f32, infinity) == 1 && value(table.softsign_f32, -infinity) == -1)
    #expect(value(table.relu_f32, infinity) == infinity && value(table.relu_f32, -infinity) == 0)
    for odd in [table.tanh_f32, table.relu_f32, table.softsign_f32] {
      let zero = value(odd, -0.0)
      #expect(zero.sign == .minus && zero == 0)
    }
    for f in [
      table.tanh_f32, table.sigmoid_f32, table.exp_f32, table.log_f32, table.relu_f32,
      table.softplus_f32, table.softsign_f32,
    ] {
      #expect(value(f, .nan).isNaN)
    }
    // The smallest results that are not zero: no flush to zero on the way.
    #expect(value(table.exp_f32, -103.5) == .leastNonzeroMagnitude)
    #expect(value(table.sigmoid_f32, -103.5) == .leastNonzeroMagnitude)
  }

  @Test("double precision against long double", arguments: CheckedFunction.all)
  func doublePrecision(function: CheckedFunction) throws {
    let table = ck_kernels_best()
    var ranges = [(-8.0, 8.0), (-1.0e-3, 1.0e-3), (-700.0, 700.0)]
    if function.bound == 0 || function.function == CT_LOG { ranges = [(1.0e-9, 4), (1, 1.0e9)] }
    if function.name.hasSuffix("_backward") { ranges = [(1.0e-9, 1), (0.999, 1)] }
    for (low, high) in ranges {
      let error = ct_max_error_f64(function.subject, table, low, high, 40_000, 7)
      #expect(error <= 3, "\(function.testDescription) in [\(low), \(high)], seed 7: \(error) ULP")
    }
  }
}
