import CKernels
import CTestSupport
import Testing

/// An instruction set whose kernels are tested: each that this machine has, with and without the features
/// beyond it, and the 16 lanes of AVX-512 with pairs of AVX2's operations.
struct TestedSet: @unchecked Sendable, CustomStringConvertible {
  // @unchecked Sendable: the set is a constant of the program.
  let kernels: UnsafePointer<ck_instruction_set>

  static let all: [TestedSet] = (0..<8).compactMap { ct_instruction_set($0).map(TestedSet.init) }

  var description: String {
    let features = String(cString: kernels.pointee.features)
    return String(cString: kernels.pointee.name) + (features.isEmpty ? "" : " with \(features)")
  }

  var lanes: Int { Int(kernels.pointee.lanes) }
  /// The kernels in single precision.
  var f32: ck_kernels { kernels.pointee.f32.pointee }
  /// The kernels in double precision.
  var f64: ck_kernels { kernels.pointee.f64.pointee }
  /// The products of single precision.
  func pack() throws -> ck_pack_format { try #require(f32.pack).pointee }
}

extension UnsafePointer<ck_kernels> {
  /// The kernels for one activation.
  subscript(_ activation: ck_activation) -> ck_activation_kernels {
    ck_activation_of(self, activation)
  }
}
