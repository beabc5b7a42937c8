import LinAlg
import Recurrent

/// A model of text that predicts each character from all characters before it.
///
/// ```
/// x[t] = embedding[token[t]]      h[t] = layer(x[t], h[t−1])      p(token[t+1]) = softmax(h[t]·Wᵀ + b)
/// ```
/// The layer is any `RecurrentLayer`: an LSTM, a GRU, a simple RNN.
///
/// Trained with ``trainingStep(_:state:tape:optimizer:maximumNorm:)``, scored with
/// ``evaluate(_:streams:steps:)``, and run with ``sample(prompt:length:temperature:topK:using:)`` or,
/// one character at a time, with a ``CharacterStream``. A value: copies share their parameters until
/// one of them is trained.
public struct CharacterLanguageModel<Layer: RecurrentLayer>: Sendable {
  /// The type of the numbers.
  public typealias Scalar = Layer.Scalar
  /// The parameters of all three parts.
  public typealias Parameters = CharacterLanguageModelParameters<Layer.Parameters>

  /// The characters that the model knows.
  public let vocabulary: CharacterVocabulary
  /// From tokens to the layer's inputs.
  public private(set) var embedding: Embedding<Scalar>
  /// From the characters so far to the state that predicts the next one.
  public private(set) var layer: Layer
  /// From the hidden state to one logit per token.
  public private(set) var output: Linear<Scalar>
  /// Stands in for the blocks of the parts while they are being written to.
  private let placeholder = ParameterBlock<Scalar>([])

  /// A model around a layer, with a random embedding and output.
  ///
  /// - Parameters:
  ///   - vocabulary: the characters.
  ///   - layer: its input size is the size of the embedding.
  ///   - generator: the source of randomness.
  public init(
    vocabulary: CharacterVocabulary, layer: Layer,
    using generator: inout some RandomNumberGenerator
  ) {
    self.vocabulary = vocabulary
    self.layer = layer
    embedding = Embedding(
      vocabularySize: vocabulary.count, features: layer.inputSize, using: &generator)
    output = Linear(
      inputSize: layer.hiddenSize, outputSize: vocabulary.count, using: &generator)
  }

  /// All trainable numbers: reading shares them, assigning replaces them.
  ///
  /// To change them in place, without a copy, use ``withMutableParameters(_:)``.
  public var parameters: Parameters {
    get {
      Parameters(
        embedding: embedding.parameters, layer: layer.parameters, output: output.parameters)
    }
    set {
      parameters.checkLayout(of: newValue, "the parameters assigned")
      replaceParameters(newValue)
    }
  }

  /// Calls `body` with the parameters for writing in place.
  public mutating func withMutableParameters<Result, Failure: Error>(
    _ body: (inout Parameters) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var parameters = parameters
    // The parts let go of their blocks: a block with two owners would be copied at the first write.
    var empty = parameters
    empty.embedding.block = placeholder
    empty.layer.block = placeholder
    empty.output.block = placeholder
    replaceParameters(empty)
    defer { replaceParameters(parameters) }
    return try body(&parameters)
  }

  private mutating func replaceParameters(_ parameters: Parameters) {
    embedding.parameters = parameters.embedding
    layer.parameters = parameters.layer
    output.parameters = parameters.output
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
    vocabulary: CharacterVocabulary, embeddingSize: Int, hiddenSize: Int,
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
    vocabulary: CharacterVocabulary, embeddingSize: Int, hiddenSize: Int,
    variant: GRUOptions.Candidate = .resetAfter, using generator: inout some RandomNumberGenerator
  ) -> CharacterLanguageModel where Layer == GRU<S> {
    let layer = GRU<S>(
      inputSize: embeddingSize, hiddenSize: hiddenSize, variant: variant, using: &generator)
    return CharacterLanguageModel(vocabulary: vocabulary, layer: layer, using: &generator)
  }
}

/// The parameters of a ``CharacterLanguageModel``, or their gradients: three blocks, in the order
/// embedding, layer, output.
public struct CharacterLanguageModelParameters<Layer: LayerParameters>: ParameterSet {
  /// The type of the numbers.
  public typealias Scalar = Layer.Scalar

  /// `W [V, D]`.
  public var embedding: EmbeddingParameters<Scalar>
  /// Those of the recurrent layer.
  public var layer: Layer
  /// `W [V, H]` and `b [V]`.
  public var output: LinearParameters<Scalar>

  /// Three.
  public var blockCount: Int { 3 }

  /// The block of the embedding, the layer or the output.
  public subscript(block index: Int) -> ParameterBlock<Scalar> {
    get {
      switch index {
      case 0: embedding.block
      case 1: layer.block
      case 2: output.block
      default: failRequirement("a character model has three blocks, asked for number \(index)")
      }
    }
    set {
      switch index {
      case 0: embedding.block = newValue
      case 1: layer.block = newValue
      case 2: output.block = newValue
      default: failRequirement("a character model has three blocks, asked for number \(index)")
      }
    }
  }

  /// Calls `body` with every scalar of block `index` in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch index {
    case 0: return try embedding.block.withUnsafeMutableBufferPointer(body)
    case 1: return try layer.withUnsafeMutableBufferPointer(ofBlock: 0, body)
    case 2: return try output.block.withUnsafeMutableBufferPointer(body)
    default: failRequirement("a character model has three blocks, asked for number \(index)")
    }
  }

  /// A set of the same shapes with every number zero.
  public func zeros() -> CharacterLanguageModelParameters {
    CharacterLanguageModelParameters(
      embedding: embedding.zeros(), layer: layer.zeros(), output: output.zeros())
  }
}
