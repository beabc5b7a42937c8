import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// Pairs of sequences and what an encoder–decoder needs to learn them: the targets framed by tokens that begin
/// and end them, a loss by teacher forcing, and greedy decoding.
struct TranslationTask {
  /// Fills sequences up.
  var padding: Token
  /// Before the first token of a target.
  var begin: Token
  /// Behind its last.
  var end: Token

  /// Some pairs as a batch.
  struct Batch: Sendable {
    var sources: PaddedBatch
    /// The beginning and the target.
    var inputs: PaddedBatch
    /// The target and the end.
    var labels: PaddedBatch
  }

  func batch(_ pairs: [(source: [Token], target: [Token])]) -> Batch {
    let padding = Padding(with: padding)
    return Batch(
      sources: PaddedBatch(pairs.map(\.source), padding: padding),
      inputs: PaddedBatch(pairs.map { [begin] + $0.target }, padding: padding),
      labels: PaddedBatch(pairs.map { $0.target + [end] }, padding: padding))
  }

  /// The mean cross-entropy of the targets' tokens.
  func loss<Encoder, Decoder>(
    _ model: EncoderDecoder<Encoder, Decoder>, _ batch: Batch, on graph: Graph<Encoder.Scalar>
  ) -> Node<Encoder.Scalar> {
    model(
      batch.sources.tokens, lengths: batch.sources.lengths, inputs: batch.inputs.tokens, on: graph
    )
    .crossEntropy(batch.labels.tokens, lengths: batch.labels.lengths)
  }

  /// Trains a model as ``Fitting`` says; `batch` makes the batch of each update.
  func train<Encoder, Decoder>(
    _ model: inout EncoderDecoder<Encoder, Decoder>, on graph: Graph<Encoder.Scalar>,
    updates: Int, rate: Double, run: ExperimentRun, batch: () -> Batch
  ) throws where Encoder.Scalar == Float {
    try Fitting(updates: updates, rate: rate).train(
      &model, on: graph, of: run, next: batch, loss: loss)
  }

  /// What the model writes for each source, the likeliest token at each step, in batches of 250.
  func write<Encoder, Decoder>(
    _ model: EncoderDecoder<Encoder, Decoder>, _ sources: [[Token]], maximumLength: Int,
    on graph: Graph<Encoder.Scalar>
  ) -> [[Token]] {
    let greedy = SequenceSampler.greedy(maximumLength: maximumLength)
    return stride(from: 0, to: sources.count, by: 250).flatMap { start in
      let batch = PaddedBatch(
        Array(sources[start..<min(start + 250, sources.count)]), padding: Padding(with: padding))
      return model.evaluate(on: graph) { model, graph in
        let encoded = model.encode(batch.tokens, lengths: batch.lengths, on: graph)
        return greedy(from: encoded.state, begin: begin, end: end) { tokens, state in
          model.step(tokens, state, encoded, on: graph)
        }.map { $0[0].tokens }
      }
    }
  }
}
