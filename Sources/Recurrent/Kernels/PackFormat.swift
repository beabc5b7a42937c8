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
  /// The elements and products of a format of fewer bytes, which only go forward; nil for scalars.
  private let narrow: UnsafePointer<ck_narrow_format>?

  fileprivate init(_ kernels: UnsafePointer<ck_pack_format>, _ narrow: ck_narrow? = nil) {
    self.kernels = kernels
    self.narrow = narrow.map { kernels.pointee.narrow + Int($0.rawValue) }
  }

  /// What tells formats apart: never 0.
  var identity: Int { narrow.map { Int(bitPattern: $0) } ?? Int(bitPattern: kernels) }

  /// The columns of one panel, between which a pack can be cut.
  var panel: Int { Int(kernels.pointee.panel) }

  /// The bytes that some elements take.
  func bytes(_ elements: Int) -> Int {
    elements * (narrow?.pointee.element_size ?? kernels.pointee.element_size)
  }

  /// Elements of a column besides its matrix: in the place of its scale, and to fill up.
  private var scaleRows: Int { narrow?.pointee.scale_rows ?? 0 }

  /// The rows of elements in a panel of a matrix that is `k` deep, with those that hold its scales.
  func depth(_ k: Int) -> Int { k + scaleRows }

  /// The elements of a packed `[k, m]` matrix.
  func size(k: Int, m: Int) -> Int { depth(k) * ((m + panel - 1) / panel) * panel }

  /// The elements before a place.
  func elements(before place: PackPlace) -> Int { place.elements + scaleRows * place.columns }

  /// Packs `B`, stored as `[k, m]` with rows `ldb` apart, in scalars: those from `split` on are at `rest`.
  func pack(
    k: Int, m: Int, b: UnsafePointer<Scalar>, split: Int, rest: UnsafePointer<Scalar>, ldb: Int,
    into packed: UnsafeMutableRawPointer
  ) {
    kernels.pointee.pack(k, m, b, split, rest, ldb, packed)
  }

  /// Packs the transpose of `B`, stored as `[m, k]` without gaps, in scalars: its rows likewise.
  func packTransposed(
    k: Int, m: Int, b: UnsafePointer<Scalar>, split: Int, rest: UnsafePointer<Scalar>,
    into packed: UnsafeMutableRawPointer
  ) {
    kernels.pointee.pack_transposed(k, m, b, split, rest, k, packed)
  }

  /// Packs what was packed in scalars, each rounded to the format's.
  ///
  /// - Precondition: this is a format of fewer bytes, and every number finite.
  func narrow(
    k: Int, m: Int, packed: UnsafePointer<Scalar>, into narrowed: UnsafeMutableRawPointer
  ) {
    guard let narrow else { failRequirement("packed weights narrowed to scalars") }
    narrow.pointee.narrow(k, m, packed, narrowed)
  }

  /// Whether the elements are narrower than scalars.
  var isNarrow: Bool { narrow != nil }

  /// `C = A·B` or `C += A·B`, with `A [n, k]`, packed `B [k, m]`, `C [n, m]`.
  ///
  /// `reverse` visits the columns from the last to the first, and `fetch` says that `B` is part of
  /// weights that no cache keeps; the result is the same.
  func product(
    n: Int, m: Int, k: Int, a: UnsafePointer<Scalar>, lda: Int, packed: UnsafeRawPointer,
    c: UnsafeMutablePointer<Scalar>, ldc: Int, accumulate: Bool, reverse: Bool, fetch: Bool
  ) {
    let product = narrow?.pointee.narrow_product ?? kernels.pointee.packed_product
    product(n, m, k, a, lda, packed, c, ldc, accumulate ? 1 : 0, reverse ? 1 : 0, fetch ? 1 : 0)
  }

  /// How many scalars of scratch memory ``addWeightGradient(m:k:rows:dGates:ldg:x:ldx:to:split:rest:scratch:)``
  /// takes.
  func weightGradientScratch(m: Int, k: Int, rows: Int) -> Int {
    var size = 0
    kernels.pointee.weight_gradient_scratch(m, k, rows, &size)
    return size
  }

  /// `dW [m, k] += dgatesᵀ·x`, with `dgates [rows, m]` and `x [rows, k]`: each element in one chain over
  /// the rows, so that the result does not depend on how the work is divided.
  ///
  /// The rows of `dW` from `split` on are at `rest` instead.
  func addWeightGradient(
    m: Int, k: Int, rows: Int, dGates: UnsafePointer<Scalar>, ldg: Int, x: UnsafePointer<Scalar>,
    ldx: Int, to dW: UnsafeMutablePointer<Scalar>, split: Int,
    rest: UnsafeMutablePointer<Scalar>, scratch: UnsafeMutablePointer<Scalar>
  ) {
    kernels.pointee.weight_gradient(
      m, k, rows, dGates, ldg, x, ldx, dW, split, rest, k, scratch)
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

  /// The format that weights are packed in for inference, or nil where the type has none.
  static func packFormat(of weights: WeightFormat) -> PackFormat<Self>? {
    let narrow: ck_narrow? =
      switch weights {
      case .float32: nil
      case .float16: CK_NARROW_F16
      case .bfloat16: CK_NARROW_BF16
      case .int8: CK_NARROW_I8
      case .int8Dynamic: CK_NARROW_I8_DYNAMIC
      }
    return kernels.table.pointee.pack.map { PackFormat($0, narrow) }
  }

  /// The columns of one panel, between which packed weights can be cut; nil without a format.
  package static var packedPanel: Int? { packFormat?.panel }
}
