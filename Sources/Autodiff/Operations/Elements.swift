import LinAlg
import Recurrent

// Loops over single numbers, compiled for each scalar type: in generic code, each number would cost a call.

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
func addElements<Scalar: RecurrentScalar>(
  _ x: UnsafePointer<Scalar>, to y: UnsafeMutablePointer<Scalar>, count: Int
) {
  for i in 0..<count { y[i] += x[i] }
}

/// Zeros.
func clearElements<Scalar: RecurrentScalar>(_ y: UnsafeMutablePointer<Scalar>, count: Int) {
  clear(UnsafeMutableRawPointer(y), byteCount: count * MemoryLayout<Scalar>.stride)
}

/// `y[i] = alpha·x[i] + beta`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
func scaleElements<Scalar: RecurrentScalar>(
  _ x: UnsafePointer<Scalar>, by alpha: Scalar, plus beta: Scalar,
  into y: UnsafeMutablePointer<Scalar>, count: Int
) {
  for i in 0..<count { y[i] = alpha * x[i] + beta }
}

/// `Σ x[i]`, from the first to the last.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
func sumOfElements<Scalar: RecurrentScalar>(_ x: UnsafePointer<Scalar>, count: Int) -> Scalar {
  var sum: Scalar = 0
  for i in 0..<count { sum += x[i] }
  return sum
}

/// `y[i] += alpha·x[i]`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
func addElements<Scalar: RecurrentScalar>(
  _ x: UnsafePointer<Scalar>, times alpha: Scalar, to y: UnsafeMutablePointer<Scalar>, count: Int
) {
  for i in 0..<count { y[i] += alpha * x[i] }
}
