import LinAlg
import Recurrent

/// A gradient that is not a finite number.
public struct NonFiniteGradientError: Error, Hashable, CustomStringConvertible {
  /// The number of the block that holds it.
  public var block: Int
  /// The tensor that holds it.
  public var tensor: String
  /// Its place in the tensor, row by row.
  public var index: Int
  /// What stands there: `inf`, `-inf`, `nan`, or a number whose square is beyond `Double`.
  public var value: Double

  /// Where the gradient stands and what it is.
  public var description: String {
    "gradient of \(tensor) (block \(block)) is \(value) at element \(index)"
  }
}

extension ParameterSet {
  /// The Euclidean norm of all numbers of all blocks together, accumulated in `Double`.
  ///
  /// Not finite when a number is not, or (in `Double`) when the sum of squares overflows.
  public var globalNorm: Double { globalNorm(threads: 1) }

  /// ``globalNorm`` on as many threads as pay, with the same bits.
  private func globalNorm(threads: Int) -> Double {
    var sum = 0.0
    for i in 0..<blockCount {
      sum += self[block: i].withUnsafeBufferPointer { x in
        x.baseAddress.map { sumOfSquares($0, count: x.count, threads: threads) } ?? 0
      }
    }
    return sum.squareRoot()
  }

  /// Scales gradients down so that their global norm is at most `maximumNorm` (Pascanu et al. 2013).
  ///
  /// ```
  /// if ‖g‖ > maximumNorm:  g ← g·maximumNorm / ‖g‖
  /// ```
  /// One factor for all blocks keeps the direction. Gradients within the bound are not touched.
  ///
  /// - Parameter maximumNorm: positive; infinity only checks that the gradients are finite.
  /// - Returns: the norm before.
  /// - Throws: ``NonFiniteGradientError`` with the first place of a gradient that is not finite; the
  ///   gradients are then as they were.
  @discardableResult
  public mutating func clip(
    toGlobalNorm maximumNorm: Double
  ) throws(NonFiniteGradientError) -> Double {
    try clip(toGlobalNorm: maximumNorm, threads: 1)
  }

  /// ``clip(toGlobalNorm:)`` on as many threads as pay, with the same bits.
  package mutating func clip(
    toGlobalNorm maximumNorm: Double, threads: Int
  ) throws(NonFiniteGradientError) -> Double {
    require(maximumNorm > 0, "clip: the norm \(maximumNorm) is not positive")
    let norm = globalNorm(threads: threads)
    guard norm.isFinite else { throw firstNonFinite() }
    if norm > maximumNorm {
      let factor = Scalar(maximumNorm / norm)
      for i in 0..<blockCount {
        let count = self[block: i].count
        Scaling(x: uniquePointer(ofBlock: i), factor: factor).run(count: count, threads: threads)
      }
    }
    return norm
  }

  private func firstNonFinite() -> NonFiniteGradientError {
    for i in 0..<blockCount {
      let block = self[block: i]
      var start = 0
      for spec in block.specs {
        let found = block.withUnsafeBufferPointer { x in
          (start..<start + spec.count).first { !(Double(x[$0]) * Double(x[$0])).isFinite }
            .map { ($0 - start, Double(x[$0])) }
        }
        if let (index, value) = found {
          return NonFiniteGradientError(block: i, tensor: spec.name, index: index, value: value)
        }
        start += spec.count
      }
    }
    // Each square is finite and only their sum is not.
    return NonFiniteGradientError(block: 0, tensor: "all", index: 0, value: .infinity)
  }
}

/// `Σ xᵢ²`: the sums of pieces, whose bounds follow from the count alone, added up in their order.
private func sumOfSquares<Scalar: RecurrentScalar>(
  _ x: UnsafePointer<Scalar>, count: Int, threads: Int
) -> Double {
  // So few that their sums lie on the stack, and each long enough for a kernel.
  let (mostPieces, shortest) = (64, 4096)
  let piece = max(shortest, ((count + mostPieces - 1) / mostPieces + 63) / 64 * 64)
  let pieces = (count + piece - 1) / piece
  return withUnsafeTemporaryAllocation(of: Double.self, capacity: mostPieces) { sums in
    guard let sums = sums.baseAddress else { return 0 }
    SquareSums(x: x, count: count, piece: piece, sums: sums)
      .run(count: pieces, scalars: count, threads: threads)
    var sum = 0.0
    for i in 0..<pieces { sum += sums[i] }
    return sum
  }
}

private struct SquareSums<Scalar: RecurrentScalar>: DividedWork {
  let x: UnsafePointer<Scalar>
  let count: Int
  let piece: Int
  let sums: UnsafeMutablePointer<Double>

  func run(_ pieces: Range<Int>) {
    for i in pieces {
      let sum = Scalar.sumOfSquares(x + i * piece, count: min(piece, count - i * piece))
      (sums + i).initialize(to: sum)
    }
  }
}

private struct Scaling<Scalar: RecurrentScalar>: ElementUpdate {
  let x: UnsafeMutablePointer<Scalar>
  let factor: Scalar

  func run(_ range: Range<Int>) {
    Scalar.scal(n: range.count, alpha: factor, x: x + range.lowerBound, incx: 1)
  }
}
