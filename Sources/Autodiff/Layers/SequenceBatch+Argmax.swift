import LinAlg
import Recurrent

extension SequenceBatch {
  /// The feature with the largest value at each step of each sequence, `[T, N]`: of scores, the class or token
  /// that they are for.
  ///
  /// Of several equal ones the first. A value that is not a number is no largest one; where none is a number,
  /// it is feature 0.
  ///
  /// - Precondition: there is a feature.
  public func argmax() -> TokenBatch {
    require(features > 0, "argmax: no features in shape \(shape)")
    var largest = TokenBatch(repeating: 0, steps: steps, batch: batch)
    withUnsafeBufferPointer { values in
      largest.withUnsafeMutableBufferPointer { tokens in
        for row in tokens.indices {
          let own = values[row * features..<(row + 1) * features]
          var best = -Scalar.infinity
          for (f, value) in zip(Token(0)..., own) where value > best {
            (best, tokens[row]) = (value, f)
          }
        }
      }
    }
    return largest
  }
}
