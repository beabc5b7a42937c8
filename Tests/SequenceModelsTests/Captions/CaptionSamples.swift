import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// Models that say what they see, as small as shows all of it, and what they see.
enum CaptionSamples {
  static let frame = SequenceFrame(beginning: 0, end: 1)
  static let words = 6
  /// Captions of different lengths, one of them empty.
  static let captions: [[Token]] = [[2, 3, 4], [5], []]

  /// 4 × 5 pixels of three values: 2 × 3 regions of 3 × 3 pixels, each of four patches.
  static func regions<Scalar>(
    _: Scalar.Type, channels: Int = 1, features: Int = 4,
    using rng: inout SeededGenerator
  ) -> PatchEmbedding<Scalar> {
    PatchEmbedding(
      height: 4, width: 5, channels: channels, levels: 3, patch: PatchWindow(side: 2, stride: 1),
      patchFeatures: 3, window: PatchWindow(side: 2, stride: 1), features: features, using: &rng)
  }

  static func pictures(_ count: Int, channels: Int = 1, seed: UInt64 = 9) -> PixelBatch {
    var rng = SeededGenerator(seed: seed)
    return PixelBatch(
      (0..<count).map { _ in
        (0..<20 * channels).map { _ in Token.random(in: 0..<3, using: &rng) }
      }, height: 4, width: 5, channels: channels)
  }

  static func captioner(
    channels: Int = 1, glimpse: CaptionDecoder<Double>.Glimpse = .mean
  ) -> ImageCaptioner<Double> {
    var rng = SeededGenerator(seed: 5)
    var model = ImageCaptioner(
      regions: regions(Double.self, channels: channels, using: &rng), vocabularySize: words,
      hiddenSize: 5, embeddingSize: 3, using: &rng)
    model.decoder.glimpse = glimpse
    return moved(model, using: &rng)
  }

  typealias Reader = Bidirectional<GRU<Double>>

  static func describer(_ places: VideoDescriber<Reader>.Places) -> VideoDescriber<Reader> {
    var rng = SeededGenerator(seed: 6)
    let regions = regions(Double.self, features: 3, using: &rng)
    let encoder = Bidirectional(
      forward: GRU<Double>(inputSize: 3, hiddenSize: 2, using: &rng),
      backward: GRU<Double>(inputSize: 3, hiddenSize: 2, using: &rng))
    let model = VideoDescriber(
      places, regions: regions, encoder: encoder, vocabularySize: words, hiddenSize: 5,
      embeddingSize: 3, using: &rng)
    return moved(model, using: &rng)
  }

  /// Videos of 3, 1 and 2 frames.
  static let videos = VideoBatch(
    [3, 1, 2].enumerated().map { n, T in
      pictures(T, seed: UInt64(20 + n))
    })

  /// Biases start as zeros; here nothing is to be zero by chance.
  private static func moved<M: Model>(_ model: M, using rng: inout SeededGenerator) -> M {
    var (model, parameters) = (model, model.parameters)
    for i in 0..<parameters.blockCount {
      parameters.withUnsafeMutableBufferPointer(ofBlock: i) { numbers in
        for k in numbers.indices { numbers[k] += rng.uniform(in: -0.3..<0.3) }
      }
    }
    model.parameters = parameters
    return model
  }
}
