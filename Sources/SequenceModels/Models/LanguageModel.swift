import Autodiff
import LinAlg
import Recurrent

/// A model of sequences of tokens (characters, words, anything numbered) that predicts each from all before it
/// (Mikolov et al. 2010).
///
/// ```
/// x[t] = embedding[token[t]]      y[t] = layer(x[t], …)      P(token[t+1]) = output(y[t])
/// ```
/// The layer is any `CausalLayer`: an LSTM, a GRU, a cell of your own, a stack of them.
///
/// On one long text it is trained with ``trainingStep(_:state:horizon:on:optimizer:maximumNorm:)`` and scored
/// with ``evaluate(_:streams:steps:threads:)``; on sequences of their own, framed by a ``SequenceFrame``, with
/// ``loss(_:from:horizon:on:)->_``. It writes with ``write(after:by:end:threads:)``, is searched by a ``BeamSearch``
/// through ``step(_:_:on:)``, and read one token at a time by a ``TokenReader``. A value: copies share their
/// parameters until one of them is trained.
public struct LanguageModel<Layer: CausalLayer>: Model {
  /// The type of the numbers.
  public typealias Scalar = Layer.Scalar

  /// From tokens to the layer's inputs.
  public var embedding: Embedding<Scalar>
  /// From the tokens so far to what predicts the next one.
  public var layer: Layer
  /// From the layer's output to the next token.
  public var output: TokenOutput<Scalar>
  /// How likely a feature is to be dropped in training, on the way into the layer and out of it.
  public var dropout: Double
  /// Whether another mask is drawn in each step, or one for all steps of a sequence in a pass.
  public var dropoutMask = Dropout.Mask.perStep

  /// `V`, the number of tokens.
  public var vocabularySize: Int { embedding.vocabularySize }

  /// A model around a layer, with a random embedding and output.
  ///
  /// - Parameters:
  ///   - vocabularySize: the number of tokens.
  ///   - layer: its input size is the size of the embedding.
  ///   - output: how tokens get their probabilities. Where the embedding serves for that, too, its rows start
  ///     with a norm of about 1.
  ///   - dropout: how likely a feature is to be dropped in training, in `0..<1`.
  ///   - generator: the source of randomness.
  public init(
    vocabularySize: Int, layer: Layer, output: TokenOutput<Scalar>.Kind = .softmax,
    dropout: Double = 0, using generator: inout some RandomNumberGenerator
  ) {
    self.layer = layer
    self.dropout = dropout
    let deviation = output == .tied ? 1 / Scalar(layer.inputSize).squareRoot() : 1
    embedding = Embedding(
      vocabularySize: vocabularySize, features: layer.inputSize, weights: .normal(deviation),
      using: &generator)
    self.output = TokenOutput(
      output, inputSize: layer.outputSize, embedding: embedding, using: &generator)
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
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - graph: computes it.
  public func callAsFunction(
    _ tokens: TokenBatch, from state: Node<Scalar>? = nil, lengths: [Int]? = nil,
    on graph: Graph<Scalar>
  ) -> LayerNodes<Scalar> {
    let run = read(tokens, from: state, lengths: lengths, horizon: nil, on: graph)
    return LayerNodes(
      outputs: output.scores(run.outputs, embedding), finalState: run.finalState)
  }

  /// What the output sees after each token, `[T, N, F]`, and the state after the last.
  private func read(
    _ tokens: TokenBatch, from state: Node<Scalar>?, lengths: [Int]?, horizon: GradientHorizon?,
    on graph: Graph<Scalar>
  ) -> LayerNodes<Scalar> {
    let x = embedding(tokens, on: graph).dropout(dropout, mask: dropoutMask)
    let run = layer(x, from: state, lengths: lengths, horizon: horizon)
    return LayerNodes(
      outputs: run.outputs.dropout(dropout, mask: dropoutMask), finalState: run.finalState)
  }

  /// The mean loss of the predictions of a window, and the state after it.
  ///
  /// - Parameters:
  ///   - window: inputs and targets, `[T, N]`; targets of ``TokenStreams/ignored`` do not count.
  ///   - state: the state before the window; nil means that there was nothing.
  ///   - horizon: how far back gradients flow; nil for to the beginning of the window.
  ///   - graph: computes it.
  public func loss(
    _ window: TokenWindow, from state: Node<Scalar>? = nil, horizon: GradientHorizon? = nil,
    on graph: Graph<Scalar>
  ) -> (loss: Node<Scalar>, finalState: Node<Scalar>) {
    let run = read(window.inputs, from: state, lengths: nil, horizon: horizon, on: graph)
    let loss = output.crossEntropy(
      run.outputs, window.targets, embedding, ignoring: TokenStreams.ignored)
    return (loss, run.finalState)
  }

  /// The mean loss of the tokens of whole sequences and of their ends.
  ///
  /// - Parameters:
  ///   - sequences: what a ``SequenceFrame`` makes of them.
  ///   - state: the state before the first token, one row for each sequence; nil for the layer's own.
  ///   - horizon: how far back gradients flow; nil for to the beginning.
  ///   - graph: computes it.
  public func loss(
    _ sequences: FramedBatch, from state: Node<Scalar>? = nil, horizon: GradientHorizon? = nil,
    on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    let run = read(
      sequences.inputs, from: state, lengths: sequences.lengths, horizon: horizon, on: graph)
    return output.crossEntropy(
      run.outputs, sequences.labels, embedding, lengths: sequences.lengths)
  }

  /// One step, for decoding.
  ///
  /// - Parameters:
  ///   - tokens: the tokens before, `[1, N]`.
  ///   - state: that of the step before; nil means that there was none.
  ///   - graph: computes it.
  public func step(
    _ tokens: TokenBatch, _ state: Node<Scalar>?, on graph: Graph<Scalar>
  ) -> DecoderStep<Scalar> {
    let run = self(tokens, from: state, on: graph)
    return DecoderStep(scores: run.outputs, state: run.finalState)
  }
}

extension LanguageModel {
  /// A model around a new LSTM.
  ///
  /// - Parameters:
  ///   - vocabularySize: the number of tokens.
  ///   - embeddingSize: features per token.
  ///   - hiddenSize: units of the LSTM.
  ///   - output: how tokens get their probabilities.
  ///   - generator: the source of randomness.
  public static func lstm<S>(
    vocabularySize: Int, embeddingSize: Int, hiddenSize: Int,
    output: TokenOutput<S>.Kind = .softmax, using generator: inout some RandomNumberGenerator
  ) -> LanguageModel where Layer == LSTM<S> {
    let layer = LSTM<S>(inputSize: embeddingSize, hiddenSize: hiddenSize, using: &generator)
    return LanguageModel(
      vocabularySize: vocabularySize, layer: layer, output: output, using: &generator)
  }

  /// A model around a new GRU.
  ///
  /// - Parameters:
  ///   - vocabularySize: the number of tokens.
  ///   - embeddingSize: features per token.
  ///   - hiddenSize: units of the GRU.
  ///   - variant: where the reset gate acts.
  ///   - output: how tokens get their probabilities.
  ///   - generator: the source of randomness.
  public static func gru<S>(
    vocabularySize: Int, embeddingSize: Int, hiddenSize: Int,
    variant: GRUOptions.Candidate = .resetAfter, output: TokenOutput<S>.Kind = .softmax,
    using generator: inout some RandomNumberGenerator
  ) -> LanguageModel where Layer == GRU<S> {
    let layer = GRU<S>(
      inputSize: embeddingSize, hiddenSize: hiddenSize, variant: variant, using: &generator)
    return LanguageModel(
      vocabularySize: vocabularySize, layer: layer, output: output, using: &generator)
  }
}
