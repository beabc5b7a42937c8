internal import CKernels

// Documented by the protocol's requirements.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension Float: TrainingKernels {
  public static func sumOfSquares(_ x: UnsafePointer<Float>, count n: Int) -> Double {
    var sum = 0.0
    InstructionSet.kernels.pointee.sum_squares_f32(n, x, &sum)
    return sum
  }

  public static func descend(
    _ x: UnsafeMutablePointer<Float>, along dx: UnsafePointer<Float>, count n: Int,
    rate: Double, decay: Double
  ) {
    InstructionSet.kernels.pointee.sgd_f32(n, x, dx, rate, decay)
  }

  public static func descend(
    _ x: UnsafeMutablePointer<Float>, along dx: UnsafePointer<Float>,
    velocity v: UnsafeMutablePointer<Float>, count n: Int,
    rate: Double, momentum: Double, decay: Double, nesterov: Bool
  ) {
    InstructionSet.kernels.pointee.momentum_f32(
      n, x, dx, v, rate, momentum, decay, nesterov ? 1 : 0)
  }

  public static func adam(
    _ x: UnsafeMutablePointer<Float>, along dx: UnsafePointer<Float>,
    first m: UnsafeMutablePointer<Float>, second v: UnsafeMutablePointer<Float>, count n: Int,
    _ c: AdamCoefficients
  ) {
    InstructionSet.kernels.pointee.adam_f32(
      n, x, dx, m, v, c.beta1, c.beta2, c.rate, c.rootScale, c.epsilon, c.keep, c.decay)
  }

  public static func dropout(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count n: Int,
    key: UInt64, threshold: UInt32, scale: Double
  ) {
    InstructionSet.kernels.pointee.dropout_f32(n, x, y, key, threshold, scale)
  }
}
