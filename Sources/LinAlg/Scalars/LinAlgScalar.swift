import RealModule

/// A floating-point type that the engine computes with: `Float` or `Double`.
///
/// Each refinement is a set of *whole kernels* (one matrix product, one factorisation, one pass over
/// a span), so that generic code which is not specialised pays for one indirect call per kernel and
/// not per element.
public protocol LinAlgScalar: Real, BinaryFloatingPoint, SIMDScalar, BitwiseCopyable, Codable,
  Sendable, BLASKernels, LAPACKKernels
{
  /// The C kernels of this type. Only `Float` and `Double` have any.
  static var kernels: ScalarKernels<Self> { get }
}

extension Float: LinAlgScalar {
  /// The C kernels in single precision.
  public static let kernels = ScalarKernels<Float>(InstructionSet.selection.set.pointee)
}

extension Double: LinAlgScalar {
  /// The C kernels in double precision.
  public static let kernels = ScalarKernels<Double>(InstructionSet.selection.set.pointee)
}
