import Autodiff
import LinAlg
import Recurrent

/// A model that writes a sequence from one thing: a class, or a vector. One to many.
///
/// ```
/// s₀ = table[class], or W·x + b      y[t], s[t+1] = writer(token[t], s[t])      token[0] = <bos>
/// ```
/// What starts the sequence becomes the state before its first token (Vinyals et al. 2015, "Show and tell").
///
/// ```swift
/// let step = try model.trainingStep(on: graph, optimizer: &adam) { model, graph in
///   model.writer.loss(batch, from: model.start(graph.constant(vectors)), on: graph)
/// }
/// ```
public struct SequenceGenerator<Layer: CausalLayer>: Model {
  /// The type of the numbers.
  public typealias Scalar = Layer.Scalar

  /// A state for each class, where classes start sequences.
  public var classes: Embedding<Scalar>?
  /// From vectors to states, where vectors do.
  public var bridge: Linear<Scalar>?
  /// Writes the tokens.
  public var writer: LanguageModel<Layer>

  /// A model whose sequences classes start.
  ///
  /// - Parameters:
  ///   - classes: the number of classes.
  ///   - writer: writes the tokens.
  ///   - generator: the source of randomness.
  public init(
    classes: Int, writer: LanguageModel<Layer>, using generator: inout some RandomNumberGenerator
  ) {
    self.writer = writer
    self.classes = Embedding(
      vocabularySize: classes, features: writer.layer.stateSize, weights: .normal(0.5),
      using: &generator)
  }

  /// A model whose sequences vectors start.
  ///
  /// - Parameters:
  ///   - inputSize: the number of features of a vector.
  ///   - writer: writes the tokens.
  ///   - generator: the source of randomness.
  public init(
    inputSize: Int, writer: LanguageModel<Layer>, using generator: inout some RandomNumberGenerator
  ) {
    self.writer = writer
    bridge = Linear(
      inputSize: inputSize, outputSize: writer.layer.stateSize, using: &generator)
  }

  /// The parts.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("classes", &classes)
    part("bridge", &bridge)
    part("writer", &writer)
  }

  /// The states before the first tokens of sequences of some classes, `[1, N, S]`.
  ///
  /// - Parameters:
  ///   - tokens: the class of each, `[1, N]`.
  ///   - graph: computes it.
  /// - Precondition: classes start the model's sequences.
  public func start(_ tokens: TokenBatch, on graph: Graph<Scalar>) -> Node<Scalar> {
    guard let classes else { failRequirement("start: vectors start this model's sequences") }
    require(
      tokens.steps == 1, "start: classes have shape [T, N] = \(tokens.shape), expected [1, N]")
    return classes(tokens, on: graph)
  }

  /// The states before the first tokens of sequences that vectors start, `[1, N, S]`.
  ///
  /// - Parameter vectors: `[1, N, D]`.
  /// - Precondition: vectors start the model's sequences.
  public func start(_ vectors: Node<Scalar>) -> Node<Scalar> {
    guard let bridge else { failRequirement("start: classes start this model's sequences") }
    require(
      vectors.steps == 1,
      "start: vectors have shape \(vectors.shape), expected [1, N, \(bridge.inputSize)]")
    return bridge(vectors)
  }
}
