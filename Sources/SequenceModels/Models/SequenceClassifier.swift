import Autodiff
import LinAlg
import Recurrent

/// A class for each sequence of tokens: many to one.
///
/// ```
/// y = encoder(embedding(tokens))      z = W·pool(y) + b      P(class) = softmax z
/// ```
/// ```swift
/// let step = try model.trainingStep(on: graph, optimizer: &adam) { model, graph in
///   model(tokens, lengths: lengths, on: graph).crossEntropy(classes)      // classes [1, N]
/// }
/// ```
public struct SequenceClassifier<Encoder: SequenceLayer>: Model {
  /// The type of the numbers.
  public typealias Scalar = Encoder.Scalar

  /// What the output map sees of a sequence.
  public enum Pooling: String, Sendable, Hashable, Codable, CaseIterable {
    /// The last valid step.
    case last
    /// What each of two directions has read last.
    case ends
    /// The mean of the valid steps.
    case mean
    /// The largest of the valid steps, feature by feature.
    case maximum
  }

  /// From tokens to the encoder's inputs.
  public var embedding: Embedding<Scalar>
  /// Reads the sequence.
  public var encoder: Encoder
  /// `W` and `b`.
  public var output: Linear<Scalar>
  /// What the output map sees of a sequence.
  public var pooling: Pooling
  /// How likely a feature is to be dropped in training, after the embedding and before the output.
  public var dropout = 0.0

  /// A model around an encoder, with a random embedding and output.
  ///
  /// - Parameters:
  ///   - vocabularySize: the number of tokens.
  ///   - encoder: its input size is the size of the embedding.
  ///   - classes: the number of classes.
  ///   - pooling: what the output map sees of a sequence.
  ///   - generator: the source of randomness.
  public init(
    vocabularySize: Int, encoder: Encoder, classes: Int, pooling: Pooling = .last,
    using generator: inout some RandomNumberGenerator
  ) {
    self.encoder = encoder
    self.pooling = pooling
    embedding = Embedding(
      vocabularySize: vocabularySize, features: encoder.inputSize, using: &generator)
    output = Linear(inputSize: encoder.outputSize, outputSize: classes, using: &generator)
  }

  /// The parts: the embedding, the encoder and the output.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("embedding", &embedding)
    part("encoder", &encoder)
    part("output", &output)
  }

  /// The scores of each sequence's classes, `[1, N, K]`.
  ///
  /// - Parameters:
  ///   - tokens: `[T, N]`.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - graph: computes it.
  public func callAsFunction(
    _ tokens: TokenBatch, lengths: [Int]?, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    let y = encoder(embedding(tokens, on: graph).dropout(dropout), lengths: lengths).outputs
    let pooled =
      switch pooling {
      case .last: y.last(lengths: lengths)
      case .ends: y.ends(lengths: lengths)
      case .mean: y.mean(lengths: lengths)
      case .maximum: y.maximum(lengths: lengths)
      }
    return output(pooled.dropout(dropout))
  }
}
