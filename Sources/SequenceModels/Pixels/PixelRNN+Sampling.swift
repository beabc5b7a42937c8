import Autodiff
import LinAlg
import Recurrent

extension PixelRNN {
  /// Draws pictures, all at once: each value from its distribution, behind the values before it.
  ///
  /// What is drawn follows from the graph's ``/Autodiff/Graph/noise``, from `seed`, the picture's number and
  /// the place of the value, and from nothing else.
  ///
  /// - Parameters:
  ///   - count: how many pictures.
  ///   - height: the number of their rows.
  ///   - width: the number of their columns.
  ///   - sampler: how a value is drawn from its scores.
  ///   - seed: tells draws with the same noise apart.
  ///   - graph: computes the scores.
  public func sample(
    _ count: Int, height: Int, width: Int, by sampler: TokenSampler = TokenSampler(),
    seed: UInt64 = 0, on graph: Graph<Scalar>
  ) -> PixelBatch {
    let empty = PixelBatch(
      height: height, width: width, channels: channels,
      values: TokenBatch(repeating: 0, steps: height * width * channels, batch: count))
    return complete(empty, keepingRows: 0, by: sampler, seed: seed, on: graph)
  }

  /// Draws what is below the first rows of pictures; parameters as for
  /// ``sample(_:height:width:by:seed:on:)``.
  ///
  /// - Parameters:
  ///   - pictures: what is kept of them are their first rows.
  ///   - rows: how many rows are kept.
  ///   - sampler: how a value is drawn from its scores.
  ///   - seed: tells draws with the same noise apart.
  ///   - graph: computes the scores.
  /// - Precondition: the pictures have that many rows.
  public func complete(
    _ pictures: PixelBatch, keepingRows rows: Int, by sampler: TokenSampler = TokenSampler(),
    seed: UInt64 = 0, on graph: Graph<Scalar>
  ) -> PixelBatch {
    require(
      (0...pictures.height).contains(rows),
      "complete: \(rows) rows kept of pictures of \(pictures.height) rows")
    graph.noise.checkBatch(pictures.count)
    // Apart from a model's own choices, which are counted from 1, and from those of sequences.
    let noise = graph.noise.child(-3).child(Int(truncatingIfNeeded: seed))
    var result = pictures
    // Whatever stood there, no score may depend on it; so it does not have to be a value either.
    for k in 0..<result.values.steps where k % result.pixelCount >= rows * result.width {
      for n in 0..<result.count { result.values[k, n] = 0 }
    }
    for p in rows * pictures.width..<pictures.pixelCount {
      for channel in 0..<channels {
        draw(channel, ofPixel: p, in: &result, by: sampler, noise, on: graph)
      }
    }
    return result
  }

  /// Draws one value of each picture.
  private func draw(
    _ channel: Int, ofPixel p: Int, in pictures: inout PixelBatch, by sampler: TokenSampler,
    _ noise: RecordingNoise, on graph: Graph<Scalar>
  ) {
    // What is further down has no influence.
    let seen = pictures.cropped(toRows: p / pictures.width + 1)
    let scores = evaluate(on: graph) { model, graph in
      model.scores(model.features(seen, on: graph)[step: p]).value
    }
    for n in 0..<pictures.count {
      var weights = (0..<levels).map { scores[channel, n, $0] }
      var generator = noise.generator(row: n, step: p * channels + channel)
      pictures.values[channel * pictures.pixelCount + p, n] =
        weights.withUnsafeMutableBufferPointer {
          sampler.draw(from: $0, using: &generator)
        }
    }
  }
}
