import RealModule

/// A floating-point type that the engine computes with: `Float` or `Double`.
///
/// Each refinement is a set of *whole kernels* (one matrix product, one factorisation, one pass over
/// a span), so that generic code which is not specialised pays for one indirect call per kernel and
/// not per element.
public protocol LinAlgScalar: Real, BinaryFloatingPoint, SIMDScalar, BitwiseCopyable, Codable,
  Sendable, BLASKernels, LAPACKKernels, ActivationKernels, TrainingKernels
{}

extension Float: LinAlgScalar {}
extension Double: LinAlgScalar {}
