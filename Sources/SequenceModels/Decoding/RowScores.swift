import LinAlg
import RealModule

/// The largest of a row of scores, and `log Σ exp z` of the row in `Double`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
func logSumExp<Scalar: LinAlgScalar>(
  _ scores: UnsafeBufferPointer<Scalar>
) -> (largest: Double, logSum: Double) {
  var largest = -Double.infinity
  for i in 0..<scores.count { largest = max(largest, Double(scores[i])) }
  var sum = 0.0
  for i in 0..<scores.count { sum += .exp(Double(scores[i]) - largest) }
  return (largest, largest + .log(sum))
}

/// The logarithms of the probabilities that a row of scores stands for, in `Double`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
func logSoftmax<Scalar: LinAlgScalar>(
  _ scores: UnsafeBufferPointer<Scalar>, into logs: inout [Double]
) {
  let shift = logSumExp(scores).logSum
  logs.removeAll(keepingCapacity: true)
  for i in 0..<scores.count { logs.append(Double(scores[i]) - shift) }
}
