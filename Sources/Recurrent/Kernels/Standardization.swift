import CKernels
import LinAlg

// Layer normalization of rows; see Sources/CKernels/include/standardize_kernels.inc.
extension LinAlgScalar {
  /// `y = (a − mean) / √(variance + ε)` for some units of each row of `width`.
  static func standardize(
    rows: Int, width: Int, units: Range<Int>, _ a: UnsafePointer<Self>, ld lda: Int,
    into y: UnsafeMutablePointer<Self>, ld ldy: Int, epsilon: Double
  ) {
    let kernels = InstructionSet.kernels.pointee
    if Self.self == Float.self {
      kernels.standardize_f32(
        rows, width, units.lowerBound, units.upperBound, a.bits(), lda, y.bits(), ldy, epsilon)
    } else {
      kernels.standardize_f64(
        rows, width, units.lowerBound, units.upperBound, a.bits(), lda, y.bits(), ldy, epsilon)
    }
  }

  /// The gradient of what was standardized, added to `da` or in its place.
  static func standardizeBackward(
    rows: Int, width: Int, units: Range<Int>, _ a: UnsafePointer<Self>,
    gradient dy: UnsafePointer<Self>, ld lda: Int, into da: UnsafeMutablePointer<Self>,
    ld ldda: Int, epsilon: Double, accumulate: Bool
  ) {
    let kernels = InstructionSet.kernels.pointee
    let adds: Int32 = accumulate ? 1 : 0
    if Self.self == Float.self {
      kernels.standardize_backward_f32(
        rows, width, units.lowerBound, units.upperBound, a.bits(), dy.bits(), lda, da.bits(), ldda,
        epsilon, adds)
    } else {
      kernels.standardize_backward_f64(
        rows, width, units.lowerBound, units.upperBound, a.bits(), dy.bits(), lda, da.bits(), ldda,
        epsilon, adds)
    }
  }
}

extension UnsafePointer {
  /// The same address, of elements that are known to be of that type.
  fileprivate func bits<Other>() -> UnsafePointer<Other> {
    UnsafeRawPointer(self).assumingMemoryBound(to: Other.self)
  }
}

extension UnsafeMutablePointer {
  /// The same address, of elements that are known to be of that type.
  fileprivate func bits<Other>() -> UnsafeMutablePointer<Other> {
    UnsafeMutableRawPointer(self).assumingMemoryBound(to: Other.self)
  }
}
