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
  public var globalNorm: Double {
    var sum = 0.0
    for i in 0..<blockCount {
      sum += self[block: i].withUnsafeBufferPointer { x in
        x.baseAddress.map { Scalar.sumOfSquares($0, count: x.count) } ?? 0
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
    require(maximumNorm > 0, "clip: the norm \(maximumNorm) is not positive")
    let norm = globalNorm
    guard norm.isFinite else { throw firstNonFinite() }
    if norm > maximumNorm {
      let factor = Scalar(maximumNorm / norm)
      for i in 0..<blockCount {
        let count = self[block: i].count
        Scalar.scal(n: count, alpha: factor, x: uniquePointer(ofBlock: i), incx: 1)
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
