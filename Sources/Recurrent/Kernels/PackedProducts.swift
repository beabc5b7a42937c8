import CKernels
import LinAlg

/// The products of one scalar type with weights that were packed once; see
/// `Sources/CKernels/include/packed_kernels.inc`.
public struct PackedProducts<Scalar>: Sendable {
  /// From this many scalars on, 8 MB in single precision, weights are fetched ahead: with 4 MB it costs
  /// up to 4 %, with 16 MB it gains 5–20 %; see `Benchmarks/NOTES.md`.
  static var largestKept: Int { 1 << 21 }
  /// The columns of one panel: packed matrices can be cut between panels, at `k` scalars a column.
  let panel: Int
  /// How many scalars a packed `[k, m]` matrix takes.
  let size: @Sendable (_ k: Int, _ m: Int) -> Int
  /// Packs `B`, stored as `[k, m]` without gaps.
  let pack:
    @Sendable (
      _ k: Int, _ m: Int, _ b: UnsafePointer<Scalar>, _ packed: UnsafeMutablePointer<Scalar>
    ) -> Void
  /// Packs the transpose of `B`, stored as `[m, k]` without gaps.
  let packTransposed:
    @Sendable (
      _ k: Int, _ m: Int, _ b: UnsafePointer<Scalar>, _ packed: UnsafeMutablePointer<Scalar>
    ) -> Void
  /// `C = A·B` or `C += A·B`, with `A [n, k]`, packed `B [k, m]`, `C [n, m]`, in one direction; what it
  /// fetches ahead is decided by the size of `B` alone.
  let product:
    @Sendable (
      _ n: Int, _ m: Int, _ k: Int, _ a: UnsafePointer<Scalar>, _ lda: Int,
      _ packed: UnsafePointer<Scalar>, _ c: UnsafeMutablePointer<Scalar>, _ ldc: Int,
      _ accumulate: Bool
    ) -> Void
  /// Likewise; `reverse` visits the columns from the last to the first, and `fetch` says that `B` is
  /// part of weights that no cache keeps. The result is the same.
  let sweep:
    @Sendable (
      _ n: Int, _ m: Int, _ k: Int, _ a: UnsafePointer<Scalar>, _ lda: Int,
      _ packed: UnsafePointer<Scalar>, _ c: UnsafeMutablePointer<Scalar>, _ ldc: Int,
      _ accumulate: Bool, _ reverse: Bool, _ fetch: Bool
    ) -> Void
  /// How many scalars of scratch memory `gradient` takes.
  let gradientScratch: @Sendable (_ m: Int, _ k: Int, _ rows: Int) -> Int
  /// `dW [m, k] += dgatesᵀ·x`, with `dgates [rows, m]` and `x [rows, k]`: each element in one chain over
  /// the rows, so that the result does not depend on how the work is divided.
  let gradient:
    @Sendable (
      _ m: Int, _ k: Int, _ rows: Int, _ dGates: UnsafePointer<Scalar>, _ ldg: Int,
      _ x: UnsafePointer<Scalar>, _ ldx: Int, _ dW: UnsafeMutablePointer<Scalar>, _ lddw: Int,
      _ scratch: UnsafeMutablePointer<Scalar>
    ) -> Void
}

extension Float {
  /// The packed products of the instruction set that runs in this process.
  public static let packedProducts: PackedProducts<Float>? = {
    let kernels = InstructionSet.kernels.pointee
    let panel = 2 * Int(kernels.lanes)
    let (pack, packTransposed, product) = (
      kernels.pack_f32, kernels.pack_transposed_f32,
      kernels.packed_product_f32
    )
    let (gradientScratch, gradient) = (
      kernels.weight_gradient_scratch_f32, kernels.weight_gradient_f32
    )
    return PackedProducts(
      panel: panel,
      size: { k, m in k * ((m + panel - 1) / panel) * panel },
      pack: { k, m, b, packed in pack(k, m, b, m, packed) },
      packTransposed: { k, m, b, packed in packTransposed(k, m, b, k, packed) },
      product: { n, m, k, a, lda, packed, c, ldc, accumulate in
        product(
          n, m, k, a, lda, packed, c, ldc, accumulate ? 1 : 0, 0,
          k * m >= PackedProducts<Float>.largestKept ? 1 : 0)
      },
      sweep: { n, m, k, a, lda, packed, c, ldc, accumulate, reverse, fetch in
        product(
          n, m, k, a, lda, packed, c, ldc, accumulate ? 1 : 0, reverse ? 1 : 0, fetch ? 1 : 0)
      },
      gradientScratch: { m, k, rows in
        var size = 0
        gradientScratch(m, k, rows, &size)
        return size
      },
      gradient: { m, k, rows, dGates, ldg, x, ldx, dW, lddw, scratch in
        gradient(m, k, rows, dGates, ldg, x, ldx, dW, lddw, scratch)
      })
  }()
}

extension Double {
  /// None: double precision keeps to OpenBLAS.
  public static var packedProducts: PackedProducts<Double>? { nil }
}
