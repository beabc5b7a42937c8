import Autodiff
import LinAlg
import Recurrent

/// What a ``CaptionDecoder`` gives for all words at once, where the words before each are given.
public struct CaptionPass<Scalar: RecurrentScalar> {
  /// One score for each word as the next one, `[T, N, V]`.
  public let scores: Node<Scalar>
  /// The weights of attention, for each word one for each place, `[T, N, L]`.
  public let attention: Node<Scalar>
  /// How many places of each source count; nil means all.
  let lengths: [Int]?
  /// The places that were seen, where one was and not the mean of all: with the scores and the states that
  /// they follow from.
  public let places: PolicySample<Scalar>?

  /// The mean loss of the words, and what unevenly spent attention costs (Xu et al. 2015):
  /// ```
  /// L = mean of −log P(y[t]) + λ·Σᵢ(τ − Σₜ α[t, i])²      see Node.unevenness
  /// ```
  /// Each word's weights sum to 1 by themselves; with the second term those of each place do so, too, up to
  /// `τ`: "doubly stochastic attention".
  ///
  /// - Parameters:
  ///   - captions: the words, those of the pass.
  ///   - evenness: `λ`.
  ///   - total: `τ`, what each place should get from all words.
  public func loss(
    _ captions: FramedBatch, evenness: Double = 0, of total: AttentionTotal = .even
  ) -> Node<Scalar> {
    require(evenness >= 0, "CaptionPass: evenness \(evenness)")
    let loss = scores.crossEntropy(captions.labels, lengths: captions.lengths)
    if evenness == 0 { return loss }
    let penalty = attention.unevenness(of: total, sources: lengths, targets: captions.lengths)
    return loss + penalty * Scalar(evenness)
  }

  /// Where each word looked, caption by caption: a row for each word, and a last one for the end.
  public func alignments(_ captions: FramedBatch) -> [Alignment] {
    attention.alignments(sources: lengths, targets: captions.lengths)
  }
}
