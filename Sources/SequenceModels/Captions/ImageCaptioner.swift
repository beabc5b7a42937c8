import Autodiff
import LinAlg
import Recurrent

/// A model that says in words what a picture shows, and looks at its regions for each word (Xu et al. 2015, "Show,
/// attend and tell").
///
/// ```swift
/// var model = ImageCaptioner(
///   regions: regions, vocabularySize: vocabulary.count, hiddenSize: 128, embeddingSize: 64,
///   using: &rng)
/// let step = try model.trainingStep(on: graph, optimizer: &adam, maximumNorm: 1) {
///   $0.loss(pictures, frame(captions), on: $1)
/// }
/// let found = model.describe(pictures, by: BeamSearch(width: 3, maximumLength: 20), in: frame, on: graph)
/// ```
/// ``PatchEmbedding`` and ``CaptionDecoder`` have the equations. With ``HardAttention`` it looks at one region for
/// each word.
public struct ImageCaptioner<Scalar: RecurrentScalar>: Captioner {
  /// From pictures to the features of their regions.
  public var regions: PatchEmbedding<Scalar>
  /// Writes the words.
  public var decoder: CaptionDecoder<Scalar>

  /// A model around an embedding of regions, with a random decoder.
  ///
  /// - Parameters:
  ///   - regions: from pictures to the features of their regions.
  ///   - vocabularySize: the number of words.
  ///   - hiddenSize: the units of the decoder.
  ///   - embeddingSize: the features of a word.
  ///   - generator: the source of randomness.
  public init(
    regions: PatchEmbedding<Scalar>, vocabularySize: Int, hiddenSize: Int, embeddingSize: Int,
    using generator: inout some RandomNumberGenerator
  ) {
    self.regions = regions
    decoder = CaptionDecoder(
      vocabularySize: vocabularySize, features: regions.features, hiddenSize: hiddenSize,
      embeddingSize: embeddingSize, using: &generator)
  }

  /// The parts.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("regions", &regions)
    part("decoder", &decoder)
  }

  /// The regions of pictures, `[R, N, F]`.
  public func look(at pictures: PixelBatch, on graph: Graph<Scalar>) -> EncodedSource<Scalar> {
    decoder.source(regions(pictures, on: graph))
  }
}
