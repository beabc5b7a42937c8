import CKernels
import LinAlg

/// How weights are packed for the products that read them again and again, and the kernels for weights
/// that are packed so; see `Sources/CKernels/include/pack_kernels.inc`.
///
/// A packed matrix is a row of panels of some columns, each as long as the matrix is deep. Sizes and
/// offsets count elements of the format, which need not be scalars.
struct PackFormat<Scalar: RecurrentScalar>: @unchecked Sendable {
  // @unchecked Sendable: the kernels are constants of the program.

  private let kernels: UnsafePointer<ck_pack_format>

  fileprivate init(_ kernels: UnsafePointer<ck_pack_format>) { self.kernels = kernels }

  /// What tells formats apart: never 0.
  var identity: Int { Int(bitPattern: kernels) }

  /// The columns of one panel, between which a pack can be cut.
  var panel: Int { Int(kernels.pointee.panel) }

  /// The bytes that some elements take.
  func bytes(_ elements: Int) -> Int { elements * kernels.pointee.element_size }

  /// The elements of a packed `[k, m]` matrix.
  func size(k: Int, m: Int) -> Int { k * ((m + panel - 1) / panel) * panel }

  /// Packs `B`, stored as `[k, m]` with rows `ldb` apart.
  func pack(
    k: Int, m: Int, b: UnsafePointer<Scalar>, ldb: Int, into packed: UnsafeMutableRawPointer
  ) {
    kernels.pointee.pack(k, m, b, ldb, packed)
  }

  /// Packs the transpose of `B`, stored as `[m, k]` without gaps.
  func packTransposed(
    k: Int, m: Int, b: UnsafePointer<Scalar>, into packed: UnsafeMutableRawPointer
  ) {
    kernels.pointee.pack_transposed(k, m, b, k, packed)
  }

  /// `C = A·B` or `C += A·B`, with `A [n, k]`, packed `B [k, m]`, `C [n, m]`.
  ///
  /// `reverse` visits the columns from the last to the first, and `fetch` says that `B` is part of
  /// weights that no cache keeps; the result is the same.
  func product(
    n: Int, m: Int, k: Int, a: UnsafePointer<Scalar>, lda: Int, packed: UnsafeRawPointer,
    c: UnsafeMutablePointer<Scalar>, ldc: Int, accumulate: Bool, reverse: Bool, fetch: Bool
  ) {
    kernels.pointee.packed_product(
      n, m, k, a, lda, packed, c, ldc, accumulate ? 1 : 0, reverse ? 1 : 0, fetch ? 1 : 0)
  }

  /// How many scalars of scratch memory ``addWeightGradient(m:k:rows:dGates:ldg:x:ldx:to:scratch:)``
  /// takes.
  func weightGradientScratch(m: Int, k: Int, rows: Int) -> Int {
    var size = 0
    kernels.pointee.weight_gradient_scratch(m, k, rows, &size)
    return size
  }

  /// `dW [m, k] += dgatesᵀ·x`, with `dgates [rows, m]` and `x [rows, k]`: each element in one chain over
  /// the rows, so that the result does not depend on how the work is divided.
  func addWeightGradient(
    m: Int, k: Int, rows: Int, dGates: UnsafePointer<Scalar>, ldg: Int, x: UnsafePointer<Scalar>,
    ldx: Int, to dW: UnsafeMutablePointer<Scalar>, scratch: UnsafeMutablePointer<Scalar>
  ) {
    kernels.pointee.weight_gradient(m, k, rows, dGates, ldg, x, ldx, dW, k, scratch)
  }
}

/// Weights in a format, from some element on.
struct PackedWeights<Scalar: RecurrentScalar> {
  let format: PackFormat<Scalar>
  let start: UnsafeRawPointer

  /// The same weights from `elements` further on.
  static func + (packed: PackedWeights, elements: Int) -> PackedWeights {
    PackedWeights(
      format: packed.format, start: packed.start + packed.format.bytes(elements))
  }
}

extension RecurrentScalar {
  /// The format that weights of this type are packed in, or nil where products are left to OpenBLAS.
  static var packFormat: PackFormat<Self>? { kernels.table.pointee.pack.map { PackFormat($0) } }

  /// The columns of one panel, between which packed weights can be cut; nil without a format.
  package static var packedPanel: Int? { packFormat?.panel }
}
