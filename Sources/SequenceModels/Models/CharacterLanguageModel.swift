import Autodiff
import LinAlg
import Recurrent

/// A model of text that predicts each character from all characters before it.
///
/// ```
/// x[t] = embedding[token[t]]      y[t] = layer(x[t], …)      p(token[t+1]) = softmax(y[t]·Wᵀ + b)
/// ```
/// The layer is any `CausalLayer`: an LSTM, a GRU, a cell of your own, a stack of them.
///
/// Trained with ``trainingStep(_:state:on:optimizer:maximumNorm:)``, scored with
/// ``evaluate(_:streams:steps:)``, and run with ``sample(prompt:length:temperature:topK:using:)`` or,
/// one character at a time, with a ``CharacterStream``. A value: copies share their parameters until
/// one of them is trained.
public struct CharacterLanguageModel<Layer: CausalLayer>: Model {
  /// The type of the numbers.
  public typealias Scalar = Layer.Scalar

  /// The characters that the model knows.
  public let vocabulary: Vocabulary
  /// From tokens to the layer's inputs.
  public var embedding: Embedding<Scalar>
  /// From the characters so far to what predicts the next one.
  public var layer: Layer
  /// From the layer's output to one score per token.
  public var output: Linear<Scalar>
  /// How likely a feature is to be dropped in training, on the way into the layer and out of it.
  public var dropout: Double

  /// A model around a layer, with a random embedding and output.
  ///
  /// - Parameters:
  ///   - vocabulary: the characters.
  ///   - layer: its input size is the size of the embedding.
  ///   - dropout: how likely a feature is to be dropped in training, in `0..<1`.
  ///   - generator: the source of randomness.
  public init(
    vocabulary: Vocabulary, layer: Layer, dropout: Double = 0,
    using generator: inout some RandomNumberGenerator
  ) {
    self.vocabulary = vocabulary
    self.layer = layer
    self.dropout = dropout
    embedding = Embedding(
      vocabularySize: vocabulary.count, features: layer.inputSize, using: &generator)
    output = Linear(
      inputSize: layer.outputSize, outputSize: vocabulary.count, using: &generator)
  }

  /// The parts: the embedding, the layer and the output.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("embedding", &embedding)
    part("layer", &layer)
    part("output", &output)
  }

  /// The scores of the next token after each token, `[T, N, V]`, and the state after the last.
  ///
  /// - Parameters:
  ///   - tokens: `[T, N]`.
  ///   - state: what ``/Autodiff/LayerNodes/finalState`` was after the tokens before, `[1, N, S]`; nil means
  ///     that there were none.
  ///   - graph: computes it.
  public func callAsFunction(
    _ tokens: TokenBatch, from state: Node<Scalar>? = nil, on graph: Graph<Scalar>
  ) -> LayerNodes<Scalar> {
    let x = embedding(tokens, on: graph).dropout(dropout)
    let run = layer(x, from: state)
    return LayerNodes(outputs: output(run.outputs.dropout(dropout)), finalState: run.finalState)
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

  /// One step of training on a window of text. Gradients stop at its beginning: truncated backpropagation
  /// through time.
  ///
  /// ```swift
  /// var state: SequenceBatch<Float>?
  /// for index in 0..<streams.windowCount {
  ///   streams.load(index, into: &window)
  ///   try model.trainingStep(window, state: &state, on: graph, optimizer: &adam, maximumNorm: 1)
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - window: inputs and targets, `[T, N]`; targets of ``TokenStreams/ignored`` do not count.
  ///   - state: the state before the window, nil for none; on return the state after it.
  ///   - graph: keeps the buffers, and says how many threads there are.
  ///   - optimizer: takes the step.
  ///   - maximumNorm: to what the global norm of the gradients is clipped.
  /// - Returns: the loss before the step and the norm before clipping.
  /// - Throws: ``TrainingError``; parameters, optimizer and state are then as they were.
  @discardableResult
  public mutating func trainingStep<O: Optimizer>(
    _ window: TokenWindow, state: inout SequenceBatch<Scalar>?, on graph: Graph<Scalar>,
    optimizer: inout O, maximumNorm: Double = .infinity
  ) throws(TrainingError) -> TrainingStep where O.Parameters == ModelParameters<Scalar> {
    var after: Node<Scalar>?
    let step = try trainingStep(
      on: graph, optimizer: &optimizer, maximumNorm: maximumNorm
    ) { model, graph in
      let run = model(window.inputs, from: state.map { graph.constant($0) }, on: graph)
      after = run.finalState
      return run.outputs.crossEntropy(window.targets, ignoring: TokenStreams.ignored)
    }
    after?.copy(into: &state)
    return step
  }

  /// How well the model predicts a text: `evaluate(…).bitsPerToken` is bits per character.
  ///
  /// - Parameters:
  ///   - tokens: the text, from ``vocabulary``. All tokens but the first are predicted.
  ///   - streams: into how many pieces the text is cut, to be read side by side. Each begins without
  ///     a past, which costs a little accuracy; 1 reads the text in one go and is slowest.
  ///   - steps: how many steps are computed at once; changes memory and speed, not the result.
  /// - Precondition: there are more tokens than streams.
  public func evaluate(_ tokens: [Token], streams: Int = 1, steps: Int = 128) -> Loss {
    let pieces = TokenStreams(tokens, batch: streams, steps: steps)
    let graph = Graph<Scalar>()
    var (window, loss) = (TokenWindow(), Loss())
    var state: SequenceBatch<Scalar>?
    for index in 0..<pieces.windowCount {
      pieces.load(index, into: &window)
      evaluate(on: graph) { model, graph in
        let run = model(window.inputs, from: state.map { graph.constant($0) }, on: graph)
        loss += run.outputs.crossEntropy(window.targets, ignoring: TokenStreams.ignored).loss
        run.finalState.copy(into: &state)
      }
    }
    return loss
  }
}
