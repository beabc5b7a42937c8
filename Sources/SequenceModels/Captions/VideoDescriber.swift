import Autodiff
import LinAlg
import Recurrent

/// A model that says in a sentence what happens in a video: a recurrent encoder reads its frames, and a decoder
/// attends to them anew for each word (Venugopalan et al. 2015, "Sequence to sequence: video to text"; Yao et al. 2015).
///
/// ```
/// a[t, r] = regions of frame t          see PatchEmbedding
/// frames    k[t] = encoder(relu(W·[a[t, 0] … a[t, R−1]] + b))        attention over time
/// regions   k[t, r] = encoder over t of a[t, r], each region by itself     attention over time and regions
/// ```
/// In the second case one softmax goes over all regions of all frames; the encoder has the same weights for each
/// region, so that what it has learned of a movement here it knows of one there.
public struct VideoDescriber<Encoder: SequenceLayer>: Captioner {
  /// The type of the numbers.
  public typealias Scalar = Encoder.Scalar

  /// What attention can look at.
  public enum Places: String, Sendable, Hashable, Codable, CaseIterable {
    /// Whole frames.
    case frames
    /// The regions of each frame.
    case regions
  }

  /// What attention can look at.
  public let places: Places
  /// From frames to the features of their regions.
  public var regions: PatchEmbedding<Scalar>
  /// `W` and `b`, where attention looks at whole frames.
  public var summary: Linear<Scalar>?
  /// Reads frame after frame.
  public var encoder: Encoder
  /// Writes the words.
  public var decoder: CaptionDecoder<Scalar>

  /// A model around an embedding of regions and an encoder, with a random decoder.
  ///
  /// - Parameters:
  ///   - places: what attention can look at.
  ///   - regions: from frames to the features of their regions.
  ///   - encoder: reads frame after frame; one that reads regions has as many inputs as those have features.
  ///   - vocabularySize: the number of words.
  ///   - hiddenSize: the units of the decoder.
  ///   - embeddingSize: the features of a word.
  ///   - generator: the source of randomness.
  public init(
    _ places: Places, regions: PatchEmbedding<Scalar>, encoder: Encoder, vocabularySize: Int,
    hiddenSize: Int, embeddingSize: Int, using generator: inout some RandomNumberGenerator
  ) {
    require(
      places == .frames || encoder.inputSize == regions.features,
      """
      VideoDescriber: an encoder of \(encoder.inputSize) inputs for regions of \
      \(regions.features) features
      """)
    (self.places, self.regions, self.encoder) = (places, regions, encoder)
    if places == .frames {
      summary = Linear(
        inputSize: regions.grid.count * regions.features, outputSize: encoder.inputSize,
        weights: .heNormal, using: &generator)
    }
    decoder = CaptionDecoder(
      vocabularySize: vocabularySize, features: encoder.outputSize, hiddenSize: hiddenSize,
      embeddingSize: embeddingSize, using: &generator)
  }

  /// The parts.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("regions", &regions)
    part("summary", &summary)
    part("encoder", &encoder)
    part("decoder", &decoder)
  }

  /// What the encoder gives, `[T, N, E]` of frames, or `[T·R, N, E]` of regions: place `t·R + r` is region `r`
  /// of frame `t`.
  public func look(at videos: VideoBatch, on graph: Graph<Scalar>) -> EncodedSource<Scalar> {
    look(regions(videos.frames, on: graph), lengths: videos.lengths)
  }

  /// The same for frames that have been cut into patches.
  ///
  /// - Parameters:
  ///   - patches: as ``PatchEmbedding/callAsFunction(patches:)`` takes them, of all frames: frame `t` of video `n` is
  ///     picture `t·N + n`.
  ///   - lengths: how many frames each video has.
  /// - Precondition: there are as many frames of each video, of which the first count.
  public func look(patches: Node<Scalar>, lengths: [Int]) -> EncodedSource<Scalar> {
    look(regions(patches: patches), lengths: lengths)
  }

  /// - Parameter a: region by region, of each all frames.
  private func look(_ a: Node<Scalar>, lengths: [Int]) -> EncodedSource<Scalar> {
    let (N, R) = (lengths.count, regions.grid.count)
    require(
      N > 0 && a.batch % N == 0 && lengths.allSatisfy { (0...a.batch / N).contains($0) },
      "VideoDescriber: \(a.batch) frames of videos of lengths \(lengths)")
    let T = a.batch / N
    // Video by video, of each all regions.
    let byTime = TokenBatch(
      steps: T, batch: N * R,
      tokens: (0..<T * N * R).map { i in
        let (t, n, r) = (i / (N * R), i / R % N, i % R)
        return Token((r * T + t) * N + n)
      })
    if let summary {
      let x = summary(a.gathered(rows: byTime, sideBySide: R)).relu()
      return decoder.source(encoder(x, lengths: lengths).outputs, lengths: lengths)
    }
    let k = encoder(a.gathered(rows: byTime), lengths: lengths.repeated(R)).outputs
    let byPlace = TokenBatch(
      steps: T * R, batch: N,
      tokens: (0..<T * R * N).map { i in
        let (t, r, n) = (i / (R * N), i / N % R, i % N)
        return Token((t * N + n) * R + r)
      })
    return decoder.source(
      k.gathered(rows: byPlace), lengths: lengths.map { $0 * R })
  }
}
