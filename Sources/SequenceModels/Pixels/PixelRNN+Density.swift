import Autodiff
import LinAlg
import Recurrent

extension PixelRNN {
  /// The logarithm of the probability of each picture, in nats.
  ///
  /// - Parameters:
  ///   - pictures: of any size, with values of `0..<levels`.
  ///   - batch: how many are computed at once.
  ///   - graph: computes them, each batch a pass that is not recorded.
  public func logProbabilities(
    of pictures: PixelBatch, batch: Int = 256, on graph: Graph<Scalar>
  ) -> [Double] {
    require(batch > 0, "logProbabilities: batches of \(batch) pictures")
    var result: [Double] = []
    result.reserveCapacity(pictures.count)
    for start in stride(from: 0, to: pictures.count, by: batch) {
      let some = pictures[pictures: start..<min(start + batch, pictures.count)]
      let logs = evaluate(on: graph) {
        $0(some, on: $1).logSoftmax().picked(some.values).value
      }
      for n in 0..<some.count {
        result.append((0..<logs.steps).reduce(0.0) { $0 + Double(logs[$1, n, 0]) })
      }
    }
    return result
  }

  /// How many bits a value of the pictures takes: `−log₂ P / (C·H·W)`, the mean over the pictures.
  ///
  /// - Parameters:
  ///   - pictures: at least one, with values of `0..<levels`.
  ///   - batch: how many are computed at once.
  ///   - graph: computes it.
  public func bitsPerDimension(
    of pictures: PixelBatch, batch: Int = 256, on graph: Graph<Scalar>
  ) -> Double {
    let sum = logProbabilities(of: pictures, batch: batch, on: graph).reduce(0, +)
    return Loss(sum: -sum, count: pictures.values.count).bitsPerToken
  }
}
