import CKernels
import LinAlg

nonisolated(unsafe) private let kernels = InstructionSet.kernels.pointee

// Documented by the protocol's requirements.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension Float: PackedProducts {
  public static let packedPanel: Int? = 2 * Int(kernels.lanes)

  public static func pack(
    k: Int, m: Int, b: UnsafePointer<Float>, ldb: Int, into packed: UnsafeMutablePointer<Float>
  ) {
    kernels.pack_f32(k, m, b, ldb, packed)
  }

  public static func packTransposed(
    k: Int, m: Int, b: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>
  ) {
    kernels.pack_transposed_f32(k, m, b, k, packed)
  }

  public static func packedProduct(
    n: Int, m: Int, k: Int, a: UnsafePointer<Float>, lda: Int, packed: UnsafePointer<Float>,
    c: UnsafeMutablePointer<Float>, ldc: Int, accumulate: Bool, reverse: Bool, fetch: Bool
  ) {
    kernels.packed_product_f32(
      n, m, k, a, lda, packed, c, ldc, accumulate ? 1 : 0, reverse ? 1 : 0, fetch ? 1 : 0)
  }

  public static func weightGradientScratch(m: Int, k: Int, rows: Int) -> Int {
    var size = 0
    kernels.weight_gradient_scratch_f32(m, k, rows, &size)
    return size
  }

  public static func addWeightGradient(
    m: Int, k: Int, rows: Int, dGates: UnsafePointer<Float>, ldg: Int, x: UnsafePointer<Float>,
    ldx: Int, to dW: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    kernels.weight_gradient_f32(m, k, rows, dGates, ldg, x, ldx, dW, k, scratch)
  }
}

// It takes the defaults: double precision keeps to OpenBLAS.
extension Double: PackedProducts {}
