import LinAlg

/// Products with weights that were packed once, and the gradients of those weights; see
/// `Sources/CKernels/include/packed_kernels.inc`.
///
/// A packed matrix is a row of panels of ``packedPanel`` columns, each as long as the matrix is deep.
/// A scalar type without such kernels leaves its products to OpenBLAS, and takes the defaults.
public protocol PackedProducts {
  /// The columns of one panel, between which packed weights can be cut; nil without packed kernels.
  static var packedPanel: Int? { get }

  /// Packs `B`, stored as `[k, m]` with rows `ldb` apart.
  static func pack(
    k: Int, m: Int, b: UnsafePointer<Self>, ldb: Int, into packed: UnsafeMutablePointer<Self>)

  /// Packs the transpose of `B`, stored as `[m, k]` without gaps.
  static func packTransposed(
    k: Int, m: Int, b: UnsafePointer<Self>, into packed: UnsafeMutablePointer<Self>)

  /// `C = A·B` or `C += A·B`, with `A [n, k]`, packed `B [k, m]`, `C [n, m]`.
  ///
  /// `reverse` visits the columns from the last to the first, and `fetch` says that `B` is part of
  /// weights that no cache keeps; the result is the same.
  static func packedProduct(
    n: Int, m: Int, k: Int, a: UnsafePointer<Self>, lda: Int, packed: UnsafePointer<Self>,
    c: UnsafeMutablePointer<Self>, ldc: Int, accumulate: Bool, reverse: Bool, fetch: Bool)

  /// How many scalars of scratch memory ``addWeightGradient(m:k:rows:dGates:ldg:x:ldx:to:scratch:)``
  /// takes.
  static func weightGradientScratch(m: Int, k: Int, rows: Int) -> Int

  /// `dW [m, k] += dgatesᵀ·x`, with `dgates [rows, m]` and `x [rows, k]`: each element in one chain over
  /// the rows, so that the result does not depend on how the work is divided.
  static func addWeightGradient(
    m: Int, k: Int, rows: Int, dGates: UnsafePointer<Self>, ldg: Int, x: UnsafePointer<Self>,
    ldx: Int, to dW: UnsafeMutablePointer<Self>, scratch: UnsafeMutablePointer<Self>)
}

extension PackedProducts {
  /// How many scalars a packed `[k, m]` matrix takes.
  static func packedSize(k: Int, m: Int, panel: Int) -> Int {
    k * ((m + panel - 1) / panel) * panel
  }
}

// Only called where there is a panel size.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension PackedProducts {
  public static var packedPanel: Int? { nil }

  public static func pack(
    k: Int, m: Int, b: UnsafePointer<Self>, ldb: Int, into packed: UnsafeMutablePointer<Self>
  ) { failWithoutKernels() }

  public static func packTransposed(
    k: Int, m: Int, b: UnsafePointer<Self>, into packed: UnsafeMutablePointer<Self>
  ) { failWithoutKernels() }

  public static func packedProduct(
    n: Int, m: Int, k: Int, a: UnsafePointer<Self>, lda: Int, packed: UnsafePointer<Self>,
    c: UnsafeMutablePointer<Self>, ldc: Int, accumulate: Bool, reverse: Bool, fetch: Bool
  ) { failWithoutKernels() }

  public static func weightGradientScratch(m: Int, k: Int, rows: Int) -> Int {
    failWithoutKernels()
  }

  public static func addWeightGradient(
    m: Int, k: Int, rows: Int, dGates: UnsafePointer<Self>, ldg: Int, x: UnsafePointer<Self>,
    ldx: Int, to dW: UnsafeMutablePointer<Self>, scratch: UnsafeMutablePointer<Self>
  ) { failWithoutKernels() }

  private static func failWithoutKernels() -> Never {
    failRequirement("\(Self.self) has no packed products")
  }
}
