import Autodiff
import LinAlg
import Recurrent

extension EncoderDecoder {
  /// The scores of each next token under scheduled sampling, `[T₂, N, V]`.
  ///
  /// Where the truth is certain this is teacher forcing itself, bit for bit: all steps of a layer are one
  /// node, whose sums are added in another order than those of single steps.
  ///
  /// - Parameters:
  ///   - source: `[T₁, N]`.
  ///   - lengths: how many steps of each source count; nil means all.
  ///   - inputs: what teacher forcing reads, `[T₂, N]`: the token that begins, then the target without its last.
  ///   - sampling: when the decoder reads its own predictions instead.
  ///   - update: how many updates were made.
  ///   - graph: computes it.
  public func callAsFunction(
    _ source: TokenBatch, lengths: [Int]?, inputs: TokenBatch, sampling: ScheduledSampling,
    update: Int, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    if sampling.schedule.probability(at: update) == 1 {
      return self(source, lengths: lengths, inputs: inputs, on: graph)
    }
    let encoded = encode(source, lengths: lengths, on: graph)
    return sampling(inputs, update: update, from: encoded.state) { tokens, state in
      step(tokens, state, encoded, on: graph)
    }.scores
  }
}
