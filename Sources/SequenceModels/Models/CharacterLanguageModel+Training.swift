import LinAlg
import Recurrent

/// Every buffer of a training step of a ``CharacterLanguageModel``, its gradients included.
///
/// Made once; a training step of a shape that it has seen allocates nothing. Belongs to one caller at
/// a time.
public final class CharacterModelTape<Layer: CausalLayer> {
  /// The gradients of the mean loss of the last window, after clipping.
  public internal(set) var gradients: CharacterLanguageModel<Layer>.Parameters

  /// What is dropped on the way into the layer and on the way out of it.
  public let dropout: Dropout

  let embedding = EmbeddingTape<Layer.Scalar>()
  let inputDropout = DropoutTape<Layer.Scalar>()
  let layer: Layer.Recording
  let outputDropout = DropoutTape<Layer.Scalar>()
  let output = LinearTape<Layer.Scalar>()
  var dLogits = SequenceBatch<Layer.Scalar>.zeros(steps: 0, batch: 0, features: 0)
  var generator: SeededGenerator

  fileprivate init(
    _ model: CharacterLanguageModel<Layer>, steps: Int, batch: Int, dropout: Dropout, seed: UInt64
  ) {
    gradients = model.parameters.zeros()
    layer = model.layer.makeTape(steps: steps, batch: batch)
    // The layer's own choices: what its options drop or keep.
    layer.noise = RecordingNoise(seed: seed)
    self.dropout = dropout
    generator = SeededGenerator(seed: seed)
  }
}

/// What a training step reports.
public struct TrainingStep: Sendable, Hashable {
  /// The loss of the window before the step.
  public var loss: Loss
  /// The global norm of the gradients before clipping.
  public var gradientNorm: Double
}

extension CharacterLanguageModel {
  /// Buffers for windows of up to `steps` steps of `batch` streams.
  ///
  /// - Parameters:
  ///   - steps: the largest number of steps of a window.
  ///   - batch: the largest number of streams.
  ///   - dropout: how likely a feature is to be dropped on the way into the layer and on the way out of
  ///     it; see `Dropout`.
  ///   - seed: where the choice of what to drop starts, here and in the layer.
  public func makeTape(
    steps: Int, batch: Int, dropout: Double = 0, seed: UInt64 = 0
  ) -> CharacterModelTape<Layer> {
    CharacterModelTape(
      self, steps: steps, batch: batch, dropout: Dropout(rate: dropout), seed: seed)
  }

  /// The loss of a window and, in `tape`, the gradients of its mean.
  ///
  /// Gradients flow through the window and stop at its beginning: truncated backpropagation through
  /// time.
  ///
  /// - Parameters:
  ///   - window: inputs and targets, `[T, N]`; targets of ``TokenStreams/ignored`` do not count.
  ///   - state: the state before the window; on return the state after it.
  ///   - tape: `tape.gradients` is replaced.
  public func backpropagate(
    _ window: TokenWindow, state: inout Layer.State, tape: CharacterModelTape<Layer>
  ) -> Loss {
    let run = gradients(of: window, from: state, tape: tape)
    // Into the memory it has: a carried state that shared the tape's memory would make the tape
    // allocate anew at every step.
    state.assign(run.finalState)
    return run.loss
  }

  /// The loss of a window, the state after it and, in `tape`, the gradients of its mean.
  private func gradients(
    of window: TokenWindow, from state: Layer.State, tape: CharacterModelTape<Layer>
  ) -> (loss: Loss, finalState: Layer.State) {
    parameters.checkLayout(of: tape.gradients, "the tape's gradients")
    tape.gradients.setToZero()
    let (embedding, layer, output, dropout) = (embedding, layer, output, tape.dropout)
    let x = dropout.forward(
      embedding.forward(window.inputs, recording: tape.embedding),
      recording: tape.inputDropout, using: &tape.generator)
    let run = layer.forward(
      x, from: state, lengths: nil, threads: nil, recording: tape.layer)
    let h = dropout.forward(
      run.outputs, recording: tape.outputDropout, using: &tape.generator)
    let logits = output.forward(h, recording: tape.output)
    let loss = CrossEntropy(ignoring: TokenStreams.ignored)(
      logits, labels: window.targets, gradient: &tape.dLogits)
    let dh = output.backward(
      tape.dLogits, through: tape.output, accumulatingInto: &tape.gradients.output)
    let d = layer.backward(
      dropout.backward(dh, through: tape.outputDropout), finalState: nil, through: tape.layer,
      threads: nil, accumulatingInto: &tape.gradients.layer)
    embedding.backward(
      dropout.backward(d.x, through: tape.inputDropout), through: tape.embedding,
      accumulatingInto: &tape.gradients.embedding)
    return (loss, run.finalState)
  }

  /// One step of training: backpropagation through a window, clipping, and a step of the optimizer.
  ///
  /// ```swift
  /// var state = model.layer.initialState(batch: streams.batch)
  /// for index in 0..<streams.windowCount {
  ///   streams.load(index, into: &window)
  ///   try model.trainingStep(
  ///     window, state: &state, tape: tape, optimizer: &adam, maximumNorm: 1)
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - window: inputs and targets, `[T, N]`.
  ///   - state: the state before the window; on return the state after it, for the window that follows.
  ///   - tape: the buffers; on return `tape.gradients` are the gradients used.
  ///   - optimizer: takes the step.
  ///   - maximumNorm: to what the global norm of the gradients is clipped.
  /// - Returns: the loss before the step and the norm before clipping.
  /// - Throws: ``NonFiniteGradientError``; parameters, optimizer and state are then as they were.
  @discardableResult
  public mutating func trainingStep(
    _ window: TokenWindow, state: inout Layer.State, tape: CharacterModelTape<Layer>,
    optimizer: inout some Optimizer<Parameters>, maximumNorm: Double = .infinity
  ) throws(NonFiniteGradientError) -> TrainingStep {
    let run = gradients(of: window, from: state, tape: tape)
    let norm = try tape.gradients.clip(toGlobalNorm: maximumNorm)
    state.assign(run.finalState)
    withMutableParameters { optimizer.step(&$0, gradients: tape.gradients) }
    return TrainingStep(loss: run.loss, gradientNorm: norm)
  }
}
