import Autodiff
import LinAlg
import Recurrent

/// A label for each token of a sequence: many to many, in step.
///
/// ```
/// y = encoder(embedding(tokens))      z[t] = W·y[t] + b      P(label[t]) = softmax z[t]
/// ```
/// With a causal encoder and labels that are moved by some steps it answers with a delay.
public struct SequenceTagger<Encoder: SequenceLayer>: Model {
  /// The type of the numbers.
  public typealias Scalar = Encoder.Scalar

  /// From tokens to the encoder's inputs.
  public var embedding: Embedding<Scalar>
  /// Reads the sequence.
  public var encoder: Encoder
  /// `W` and `b`.
  public var output: Linear<Scalar>
  /// How likely a feature is to be dropped in training, after the embedding and before the output.
  public var dropout = 0.0

  /// A model around an encoder, with a random embedding and output.
  ///
  /// - Parameters:
  ///   - vocabularySize: the number of tokens.
  ///   - encoder: its input size is the size of the embedding.
  ///   - labels: the number of labels.
  ///   - generator: the source of randomness.
  public init(
    vocabularySize: Int, encoder: Encoder, labels: Int,
    using generator: inout some RandomNumberGenerator
  ) {
    self.encoder = encoder
    embedding = Embedding(
      vocabularySize: vocabularySize, features: encoder.inputSize, using: &generator)
    output = Linear(inputSize: encoder.outputSize, outputSize: labels, using: &generator)
  }

  /// The parts: the embedding, the encoder and the output.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("embedding", &embedding)
    part("encoder", &encoder)
    part("output", &output)
  }

  /// The scores of each token's labels, `[T, N, K]`.
  ///
  /// - Parameters:
  ///   - tokens: `[T, N]`.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - graph: computes it.
  public func callAsFunction(
    _ tokens: TokenBatch, lengths: [Int]?, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    let x = embedding(tokens, on: graph).dropout(dropout)
    return output(encoder(x, lengths: lengths).outputs.dropout(dropout))
  }
}
