import Autodiff
import LinAlg
import Recurrent

/// From the features of a step to the next token: the last layer of what writes tokens.
///
/// ```
/// softmax        P = softmax(W·h + b)
/// tied           P = softmax(E·h), or softmax(E·(W·h + b)) where the sizes differ    (Press & Wolf 2017)
/// hierarchical   P(token) = Π P(its side) over the nodes of a tree                   (Morin & Bengio 2005)
/// ```
/// with `E` the rows of the input embedding. Training costs as much as the vocabulary is large, except by a
/// tree, or with ``samples``; evaluation is always exact.
public struct TokenOutput<Scalar: RecurrentScalar>: Model {
  /// How tokens get their probabilities.
  public enum Kind: Sendable, Hashable {
    /// From weights of their own.
    case softmax
    /// From the rows of the input embedding.
    case tied
    /// By decisions at the inner nodes of a tree.
    case hierarchical(HuffmanTree)
  }

  /// How tokens get their probabilities.
  public let kind: Kind
  /// `W` and `b` where the kind has them.
  public var linear: Linear<Scalar>?
  /// The decisions, with a tree.
  public var tree: HierarchicalSoftmax<Scalar>?
  /// What stands for the whole vocabulary in training; nil where nothing does. A tree needs none.
  public var samples: TokenSamples?

  /// An output with random weights.
  ///
  /// - Parameters:
  ///   - kind: how tokens get their probabilities.
  ///   - inputSize: the features of a step.
  ///   - embedding: that of the tokens.
  ///   - generator: the source of randomness.
  /// - Precondition: a tree has as many tokens as the embedding.
  public init(
    _ kind: Kind, inputSize: Int, embedding: Embedding<Scalar>,
    using generator: inout some RandomNumberGenerator
  ) {
    self.kind = kind
    switch kind {
    case .softmax:
      linear = Linear(
        inputSize: inputSize, outputSize: embedding.vocabularySize, using: &generator)
    case .tied:
      if inputSize != embedding.features {
        linear = Linear(inputSize: inputSize, outputSize: embedding.features, using: &generator)
      }
    case .hierarchical(let tree):
      require(
        tree.vocabularySize == embedding.vocabularySize,
        """
        TokenOutput: a tree of \(tree.vocabularySize) tokens for a vocabulary of \
        \(embedding.vocabularySize)
        """)
      self.tree = HierarchicalSoftmax(inputSize: inputSize, tree: tree, using: &generator)
    }
  }

  /// The weights that the kind has.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("linear", &linear)
    part("tree", &tree)
  }

  /// One score for each token, `[T, N, V]`, whose softmax are the probabilities; of a tree their logarithms.
  ///
  /// - Parameters:
  ///   - h: the features of each step, `[T, N, F]`.
  ///   - embedding: that of the tokens.
  public func scores(_ h: Node<Scalar>, _ embedding: Embedding<Scalar>) -> Node<Scalar> {
    if let tree { return tree.logProbabilities(h) }
    let h = linear.map { $0(h) } ?? h
    return kind == .tied ? embedding.scores(h) : h
  }

  /// The mean of `−log P(label)` over the steps that count; in training estimated from ``samples``.
  ///
  /// - Parameters:
  ///   - h: the features of each step, `[T, N, F]`.
  ///   - labels: `[T, N]`.
  ///   - embedding: that of the tokens.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - ignored: steps with this label do not count.
  public func crossEntropy(
    _ h: Node<Scalar>, _ labels: TokenBatch, _ embedding: Embedding<Scalar>, lengths: [Int]? = nil,
    ignoring ignored: Token? = nil
  ) -> Node<Scalar> {
    if let tree { return tree.crossEntropy(h, labels, lengths: lengths, ignoring: ignored) }
    guard let samples else {
      return scores(h, embedding).crossEntropy(labels, lengths: lengths, ignoring: ignored)
    }
    if kind == .tied {
      return embedding.sampledCrossEntropy(
        linear.map { $0(h) } ?? h, labels, samples: samples, lengths: lengths, ignoring: ignored)
    }
    guard let linear else { failRequirement("TokenOutput: no weights") }
    return linear.sampledCrossEntropy(
      h, labels, samples: samples, lengths: lengths, ignoring: ignored)
  }
}
