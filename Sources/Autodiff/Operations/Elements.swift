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

/// The same in `Double`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
func sumInDouble<Scalar: RecurrentScalar>(_ x: UnsafePointer<Scalar>, count: Int) -> Double {
  var sum = 0.0
  for i in 0..<count { sum += Double(x[i]) }
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

/// What becomes of single numbers, of which any member of a call can do any part.
package enum ElementWork<Scalar: RecurrentScalar>: DividedWork {
  /// `y[i] += x[i]`.
  case add(_ x: UnsafePointer<Scalar>, to: UnsafeMutablePointer<Scalar>)
  /// `y[i] += alpha·x[i]`.
  case addTimes(_ x: UnsafePointer<Scalar>, alpha: Scalar, to: UnsafeMutablePointer<Scalar>)
  /// `y[i] = alpha·x[i]`.
  case scale(_ x: UnsafePointer<Scalar>, by: Scalar, into: UnsafeMutablePointer<Scalar>)
  /// `y[i] = x[i]`.
  case copy(_ x: UnsafePointer<Scalar>, to: UnsafeMutablePointer<Scalar>)
  /// `y[i] = 0`.
  case clear(UnsafeMutablePointer<Scalar>)

  package func run(_ range: Range<Int>) {
    let (i, count) = (range.lowerBound, range.count)
    switch self {
    case .add(let x, let y): addElements(x + i, to: y + i, count: count)
    case .addTimes(let x, let alpha, let y):
      addElements(x + i, times: alpha, to: y + i, count: count)
    case .scale(let x, let alpha, let y):
      scaleElements(x + i, by: alpha, plus: 0, into: y + i, count: count)
    case .copy(let x, let y):
      UnsafeMutableRawPointer(y + i).copyMemory(
        from: x + i, byteCount: count * MemoryLayout<Scalar>.stride)
    case .clear(let y): clearElements(y + i, count: count)
    }
  }

  /// Does it to `count` numbers on as many threads as pay.
  func run(count: Int, threads: Int) {
    // Whole cache lines, so that no two threads write to one.
    run(count: count, inMultiplesOf: 64, scalars: count, threads: threads)
  }
}
