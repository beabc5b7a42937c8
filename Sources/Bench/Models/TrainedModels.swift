import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// A model in training, whatever it is.
protocol TrainedModel: AnyObject {
  /// One update, on the next batch; those of the file come again and again.
  ///
  /// - Returns: the loss before it.
  func update() throws(TrainingError) -> Double
  /// The weights: the name of each part, what is in it, and its numbers.
  var weights: [(name: String, rows: Int, columns: Int, elements: [Float])] { get }
}

/// A model with its batches, Adam, and gradients clipped to a norm of 1.
final class ModelInTraining<M: Model<Float>, Batch>: TrainedModel {
  private var model: M
  private var adam: Adam<ModelParameters<Float>>
  private let graph: Graph<Float>
  private let batches: [Batch]
  private var next = 0
  private let loss: (M, Batch, Graph<Float>) -> Node<Float>

  init(
    _ model: M, threads: Int, batches: [Batch],
    loss: @escaping (M, Batch, Graph<Float>) -> Node<Float>
  ) {
    (self.model, self.batches, self.loss) = (model, batches, loss)
    adam = Adam(for: model.parameters, learningRate: 1e-3)
    graph = Graph(threads: threads, seed: 1)
  }

  func update() throws(TrainingError) -> Double {
    let batch = batches[next]
    next = (next + 1) % batches.count
    return try model.trainingStep(on: graph, optimizer: &adam, maximumNorm: 1) {
      loss($0, batch, $1)
    }.loss.mean
  }

  var weights: [(name: String, rows: Int, columns: Int, elements: [Float])] {
    let parameters = model.parameters
    return (0..<parameters.blockCount).flatMap { index in
      let block = parameters[block: index]
      return block.specs.enumerated().map { tensor, spec in
        (
          "\(parameters.names[index])/\(spec.name)", spec.rows, spec.columns,
          block[tensor: tensor].elements
        )
      }
    }
  }
}

/// The models that `Tools/peers` compares with PyTorch's.
enum TrainedModels {
  /// A model with random weights.
  static func make(
    _ kind: ModelRequest.Model, _ sizes: ModelRequest.Sizes, dropout: Double, threads: Int,
    batches: [ModelBatch]
  ) -> any TrainedModel {
    var rng = SeededGenerator(seed: 1)
    let (E, H) = (sizes.embedding, sizes.hidden)
    switch kind {
    case .character:
      var model = LanguageModel<LSTM<Float>>.lstm(
        vocabularySize: sizes.vocabulary, embeddingSize: E, hiddenSize: H, using: &rng)
      model.dropout = dropout
      let windows = batches.map { batch in
        var window = TokenWindow()
        (window.inputs, window.targets) = (batch.tokenBatch, batch.labelBatch)
        return window
      }
      return ModelInTraining(model, threads: threads, batches: windows) {
        $0.loss($1, on: $2).loss
      }
    case .tagger:
      var model = SequenceTagger(
        vocabularySize: sizes.vocabulary,
        encoder: Bidirectional { LSTM<Float>(inputSize: E, hiddenSize: H, using: &rng) },
        labels: sizes.classes, using: &rng)
      model.dropout = dropout
      let batches = batches.map { ($0.tokenBatch, $0.lengths, $0.labelBatch) }
      return ModelInTraining(model, threads: threads, batches: batches) { model, batch, graph in
        model(batch.0, lengths: batch.1, on: graph).crossEntropy(batch.2, lengths: batch.1)
      }
    case .translation:
      var model = EncoderDecoder(
        sourceVocabulary: sizes.vocabulary, targetVocabulary: sizes.vocabulary,
        encoder: Bidirectional { GRU<Float>(inputSize: E, hiddenSize: H, using: &rng) },
        attention: .general, units: H, embeddingSize: E, using: &rng
      ) { GRU<Float>(inputSize: $0, hiddenSize: H, using: &$1) }
      model.dropout = dropout
      let batches = batches.map {
        (
          source: $0.tokenBatch, lengths: $0.lengths, inputs: $0.inputBatch, labels: $0.labelBatch,
          labelLengths: $0.labelLengths
        )
      }
      return ModelInTraining(model, threads: threads, batches: batches) { model, batch, graph in
        model(batch.source, lengths: batch.lengths, inputs: batch.inputs, on: graph)
          .crossEntropy(batch.labels, lengths: batch.labelLengths)
      }
    case .pointer:
      var model = PointerNetwork(
        features: 2, encoder: LSTM<Float>(inputSize: E, hiddenSize: H, using: &rng),
        decoder: LSTM<Float>(inputSize: E, hiddenSize: H, using: &rng),
        score: .additive(units: H), rule: .any, using: &rng)
      model.dropout = dropout
      let batches = batches.map {
        (
          points: SequenceBatch<Float>(
            steps: $0.steps, batch: $0.batch, features: 2, elements: $0.points),
          lengths: $0.lengths, inputs: $0.inputBatch, labels: $0.labelBatch,
          labelLengths: $0.labelLengths
        )
      }
      return ModelInTraining(model, threads: threads, batches: batches) { model, batch, graph in
        let encoded = model.encode(batch.points, lengths: batch.lengths, on: graph)
        return model(encoded, inputs: batch.inputs, on: graph)
          .crossEntropy(batch.labels, lengths: batch.labelLengths)
      }
    }
  }
}

extension ModelBatch {
  var tokenBatch: TokenBatch { TokenBatch(steps: steps, batch: batch, tokens: tokens) }
  var inputBatch: TokenBatch { TokenBatch(steps: labelSteps, batch: batch, tokens: inputs) }
  var labelBatch: TokenBatch { TokenBatch(steps: labelSteps, batch: batch, tokens: labels) }
}
