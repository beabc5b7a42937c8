import LinAlg
import Recurrent

/// A model of text that predicts each character from all characters before it.
///
/// ```
/// x[t] = embedding[token[t]]      y[t] = layer(x[t], …)      p(token[t+1]) = softmax(y[t]·Wᵀ + b)
/// ```
/// The layer is any `CausalLayer`: an LSTM, a GRU, a cell of your own, a stack of them.
///
/// Trained with ``trainingStep(_:state:tape:optimizer:maximumNorm:)``, scored with
/// ``evaluate(_:streams:steps:)``, and run with ``sample(prompt:length:temperature:topK:using:)`` or,
/// one character at a time, with a ``CharacterStream``. A value: copies share their parameters until
/// one of them is trained.
public struct CharacterLanguageModel<Layer: CausalLayer>: Sendable {
  /// The type of the numbers.
  public typealias Scalar = Layer.Scalar
  /// The parameters of all three parts.
  public typealias Parameters = CharacterLanguageModelParameters<Layer.Parameters>

  /// The characters that the model knows.
  public let vocabulary: Vocabulary
  private var stored: Parameters
  private let shell: LayerShell<Layer>

  /// A model around a layer, with a random embedding and output.
  ///
  /// - Parameters:
  ///   - vocabulary: the characters.
  ///   - layer: its input size is the size of the embedding.
  ///   - generator: the source of randomness.
  public init(
    vocabulary: Vocabulary, layer: Layer,
    using generator: inout some RandomNumberGenerator
  ) {
    self.vocabulary = vocabulary
    let embedding = Embedding<Scalar>(
      vocabularySize: vocabulary.count, features: layer.inputSize, using: &generator)
    let output = Linear<Scalar>(
      inputSize: layer.outputSize, outputSize: vocabulary.count, using: &generator)
    stored = Parameters(
      embedding: embedding.parameters, layer: layer.parameters, output: output.parameters)
    shell = LayerShell(layer)
  }

  /// From tokens to the layer's inputs.
  public var embedding: Embedding<Scalar> { Embedding(parameters: stored.embedding) }
  /// From the characters so far to what predicts the next one.
  public var layer: Layer { shell.filled(with: stored.layer) }
  /// From the layer's output to one logit per token.
  public var output: Linear<Scalar> { Linear(parameters: stored.output) }

  /// All trainable numbers: reading shares them, assigning replaces them.
  ///
  /// To change them in place, without a copy, use ``withMutableParameters(_:)``.
  public var parameters: Parameters {
    get { stored }
    set {
      stored.checkLayout(of: newValue, "the parameters assigned")
      stored = newValue
    }
  }

  /// Calls `body` with the parameters for writing in place.
  public mutating func withMutableParameters<Result, Failure: Error>(
    _ body: (inout Parameters) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(&stored)
  }
}

extension CharacterLanguageModel {
  /// A model around a new LSTM.
  ///
  /// - Parameters:
  ///   - vocabulary: the characters.
  ///   - embeddingSize: features per character.
  ///   - hiddenSize: units of the LSTM.
  ///   - generator: the source of randomness.
  public static func lstm<S>(
    vocabulary: Vocabulary, embeddingSize: Int, hiddenSize: Int,
    using generator: inout some RandomNumberGenerator
  ) -> CharacterLanguageModel where Layer == LSTM<S> {
    let layer = LSTM<S>(inputSize: embeddingSize, hiddenSize: hiddenSize, using: &generator)
    return CharacterLanguageModel(vocabulary: vocabulary, layer: layer, using: &generator)
  }

  /// A model around a new GRU.
  ///
  /// - Parameters:
  ///   - vocabulary: the characters.
  ///   - embeddingSize: features per character.
  ///   - hiddenSize: units of the GRU.
  ///   - variant: where the reset gate acts.
  ///   - generator: the source of randomness.
  public static func gru<S>(
    vocabulary: Vocabulary, embeddingSize: Int, hiddenSize: Int,
    variant: GRUOptions.Candidate = .resetAfter, using generator: inout some RandomNumberGenerator
  ) -> CharacterLanguageModel where Layer == GRU<S> {
    let layer = GRU<S>(
      inputSize: embeddingSize, hiddenSize: hiddenSize, variant: variant, using: &generator)
    return CharacterLanguageModel(vocabulary: vocabulary, layer: layer, using: &generator)
  }
}

/// The parameters of a ``CharacterLanguageModel``, or their gradients: the block of the embedding, those
/// of the layer, and the block of the output.
public struct CharacterLanguageModelParameters<Layer: ParameterSet>: ParameterSet {
  /// The type of the numbers.
  public typealias Scalar = Layer.Scalar

  /// `W [V, D]`.
  public var embedding: EmbeddingParameters<Scalar>
  /// Those of the layer.
  public var layer: Layer
  /// `W [V, F]` and `b [V]`.
  public var output: LinearParameters<Scalar>

  /// The layer's blocks, and two more.
  public var blockCount: Int { layer.blockCount + 2 }

  /// The block of the embedding, those of the layer, the block of the output.
  public subscript(block index: Int) -> ParameterBlock<Scalar> {
    get {
      switch place(of: index) {
      case .embedding: embedding.block
      case .layer(let block): layer[block: block]
      case .output: output.block
      }
    }
    set {
      switch place(of: index) {
      case .embedding: embedding.block = newValue
      case .layer(let block): layer[block: block] = newValue
      case .output: output.block = newValue
      }
    }
  }

  /// Calls `body` with every scalar of block `index` in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch place(of: index) {
    case .embedding: try embedding.withUnsafeMutableBufferPointer(ofBlock: 0, body)
    case .layer(let block): try layer.withUnsafeMutableBufferPointer(ofBlock: block, body)
    case .output: try output.withUnsafeMutableBufferPointer(ofBlock: 0, body)
    }
  }

  /// A set of the same shapes with every number zero.
  public func zeros() -> CharacterLanguageModelParameters {
    CharacterLanguageModelParameters(
      embedding: embedding.zeros(), layer: layer.zeros(), output: output.zeros())
  }

  private enum Place {
    case embedding
    case layer(Int)
    case output
  }

  private func place(of index: Int) -> Place {
    require(
      index >= 0 && index < blockCount,
      "parameters of \(blockCount) blocks, asked for number \(index)")
    if index == 0 { return .embedding }
    return index == blockCount - 1 ? .output : .layer(index - 1)
  }
}
