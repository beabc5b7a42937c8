import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// An embedding and both directions of an LSTM that learn to predict each token from those before it and from
/// those behind it (Peters et al. 2018): what a classifier of few texts begins with (Dai & Le 2015).
///
/// ```
/// loss = −Σ log P(x[t + 1] | →h[t]) − Σ log P(x[t − 1] | ←h[t])
/// ```
struct BidirectionalLanguageModel: Model {
  var embedding: Embedding<Float>
  var encoder: Bidirectional<LSTM<Float>>
  private var next: TokenOutput<Float>
  private var previous: TokenOutput<Float>
  var dropout = 0.2

  /// - Parameters:
  ///   - counts: how often each token of the vocabulary occurs.
  ///   - units: of each direction.
  ///   - samples: how many tokens stand for the whole vocabulary.
  init(
    counts: [Int], features: Int, units: Int, samples: Int, using rng: inout SeededGenerator
  ) {
    embedding = Embedding(
      vocabularySize: counts.count, features: features, weights: .normal(0.1), using: &rng)
    encoder = Bidirectional { LSTM(inputSize: features, hiddenSize: units, using: &rng) }
    next = TokenOutput(.tied, inputSize: units, embedding: embedding, using: &rng)
    previous = TokenOutput(.tied, inputSize: units, embedding: embedding, using: &rng)
    next.samples = .unigram(count: samples, counts: counts, power: 0.75)
    previous.samples = next.samples
  }

  mutating func visitParts(_ part: inout PartVisitor<Float>) {
    part("embedding", &embedding)
    part("encoder", &encoder)
    part("next", &next)
    part("previous", &previous)
  }

  /// Of texts of which one has two tokens at least.
  func loss(_ texts: PaddedBatch, on graph: Graph<Float>) -> Node<Float> {
    let (T, H) = (texts.steps, encoder.outputSize / 2)
    let y = encoder(embedding(texts.tokens, on: graph).dropout(dropout), lengths: texts.lengths)
      .outputs.dropout(dropout)
    let lengths = texts.lengths.map { max($0 - 1, 0) }
    func labels(_ steps: Range<Int>) -> TokenBatch {
      TokenBatch(
        steps: steps.count, batch: texts.batch,
        tokens: steps.flatMap { t in (0..<texts.batch).map { texts.tokens[t, $0] } })
    }
    return next.crossEntropy(
      y[steps: 0..<(T - 1)][features: 0..<H], labels(1..<T), embedding, lengths: lengths)
      + previous.crossEntropy(
        y[steps: 1..<T][features: H..<(2 * H)], labels(0..<(T - 1)), embedding, lengths: lengths)
  }
}
