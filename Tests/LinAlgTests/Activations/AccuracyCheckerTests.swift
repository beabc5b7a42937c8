import CKernels
import CTestSupport
import LinAlg
import Testing

/// The checker must fail where a kernel is wrong.
@Suite("Accuracy checker")
struct AccuracyCheckerTests {
  static let tanh = CheckedFunction(function: CT_TANH, bound: 2.5)

  static func error(of planted: ct_planted) -> ct_result {
    var table = ck_instruction_set_best().pointee.f32.pointee
    ct_plant(planted, &table)
    return withUnsafePointer(to: table) { ActivationAccuracyTests.sample(tanh, $0, seed: 1) }
  }

  @Test func seesAWrongCoefficient() {
    let result = Self.error(of: CT_WRONG_COEFFICIENT)
    #expect(result.max_ulp > Self.tanh.bound && result.max_ulp < 100)
  }

  @Test func seesALostSignOfZero() {
    let result = Self.error(of: CT_LOST_SIGN)
    #expect(result.max_ulp == .infinity && result.worst_input == 0)
    #expect(result.worst_input.sign == .minus)
  }

  @Test func seesAMissingNaN() {
    let result = Self.error(of: CT_MISSING_NAN)
    #expect(result.max_ulp == .infinity && result.worst_input.isNaN)
  }

}
