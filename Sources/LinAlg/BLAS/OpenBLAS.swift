import CBLAS

/// The OpenBLAS library that this process runs on.
public enum OpenBLAS {
  /// Makes OpenBLAS single-threaded once, before its first product: the engine owns its threads, and
  /// idle OpenBLAS workers spin.
  private static let initialized: Void = openblas_set_num_threads(1)

  /// Must run before any call of a BLAS or LAPACK routine. Costs one atomic load once it has run.
  @inline(__always)
  static func prepare() { _ = initialized }
}

extension Transpose {
  var cblas: CBLAS_TRANSPOSE { self == .none ? CblasNoTrans : CblasTrans }
}

/// Converts a size to BLAS's 32-bit integer and traps with its name when it does not fit.
@inline(__always)
func blasInt(_ value: Int, _ name: StaticString = "size") -> blasint {
  guard let converted = blasint(exactly: value) else {
    preconditionFailure("BLAS: \(name) \(value) does not fit a 32-bit BLAS integer")
  }
  return converted
}
