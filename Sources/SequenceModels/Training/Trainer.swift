import Autodiff
import LinAlg
import Recurrent

/// Trains a model on batches, looks at how it goes, and keeps the best weights.
///
/// ```swift
/// var trainer = Trainer(optimizer: Adam(for: model.parameters), maximumNorm: 1)
/// trainer.duration = .epochs(20)
/// trainer.schedule = WarmUpCosine(peak: 3e-3, warmUpSteps: 50, totalSteps: 1000)
/// trainer.scheduleLength = 1000
/// trainer.patience = 3
/// trainer.progress = .standardError
/// let history = try trainer.run(
///   &model, on: graph, batches: .prepared(training, in: buckets),
///   heldOut: .prepared(test, in: testBuckets)
/// ) { model, batch, graph in
///   model(batch.sequences.tokens, lengths: batch.sequences.lengths, on: graph)
///     .crossEntropy(batch.labels)
/// }
/// ```
/// It adds nothing that cannot be called alone: an update is a
/// `trainingStep(accumulating:on:optimizer:maximumNorm:loss:)`, the rates are those of a
/// ``LearningRateSchedule``, the held-out loss is `evaluate(_:on:loss:)`. Weights follow from
/// those at the beginning, the batches and the graph's seed, not from threads; and from the clock only where
/// ``TrainingDuration/minutes`` is a limit.
///
/// A value: it can run again, and its optimizer then goes on from where it is.
public struct Trainer<Rule: Optimizer> {
  /// Takes the steps.
  public var optimizer: Rule
  /// To what the global norm of the gradients is clipped.
  public var maximumNorm: Double
  /// How long to train.
  public var duration = TrainingDuration.epochs(1)
  /// The learning rate of every update; nil leaves the optimizer its own.
  public var schedule: (any LearningRateSchedule)?
  /// How many steps of the schedule the whole training is, however many updates it has; nil: a step is an
  /// update, counted by ``Optimizer/stepCount``.
  public var scheduleLength: Int?
  /// Of how many batches an update is; at the end of an epoch, of those that are left.
  public var batchesPerUpdate = 1
  /// How often to validate, besides at the end; without a validation, how often to note the loss.
  public var validation = TrainingInterval.epochs(1)
  /// After how many validations in a row that are not the best the training ends; nil for never.
  public var patience: Int?
  /// Whether the model has the weights of the best validation at the end; without a validation, the last.
  public var keepsBest = true
  /// Whether it says how far it is.
  public var progress = TrainingProgress.quiet
  /// An SVG file of the losses, written anew at each look and at the end; nil for none.
  public var curveFile: String?
  /// What ends the training before its time.
  public var interruption = TrainingInterruption.none
  /// When the training is kept, and where it goes on from; nil for neither. Steps of the caller's own are kept
  /// where the trainer carries their state, see ``run(_:on:batches:validate:step:)``.
  public var checkpoints: TrainingCheckpoints<Rule.Parameters.Scalar>?
  /// Called for each point of the history as soon as it is known.
  public var didLook: ((TrainingHistory.Point) -> Void)?
  /// What came of the last run, or has come of it where it ended with an error.
  public internal(set) var history = TrainingHistory()

  /// Seconds since some time; tests have a clock of their own.
  package var clock: () -> Double = monotonicSeconds
  /// Where progress goes; nil for standard error.
  package var output: ProgressOutput?

  /// A trainer with an optimizer.
  ///
  /// - Parameters:
  ///   - optimizer: made for the parameters of the model.
  ///   - maximumNorm: to what the global norm of the gradients is clipped.
  public init(optimizer: Rule, maximumNorm: Double = .infinity) {
    require(maximumNorm > 0, "Trainer: the norm \(maximumNorm) is not positive")
    (self.optimizer, self.maximumNorm) = (optimizer, maximumNorm)
  }
}

extension Trainer {
  /// Trains a model, and validates it on batches that are held out.
  ///
  /// - Parameters:
  ///   - model: is trained; at the end it has the best weights, see ``keepsBest``.
  ///   - graph: records the passes.
  ///   - batches: what it is trained on.
  ///   - heldOut: what the mean loss is taken of to validate it; nil for no validation.
  ///   - loss: computes the loss of a batch.
  /// - Returns: what came of it.
  /// - Throws: ``TrainingError``, the model and the optimizer are then as they were before that update;
  ///   what the batches throw; ``CurveFileError``, before the first update or after the last.
  /// - Precondition: the training has an end, and an epoch has a batch.
  @discardableResult
  public mutating func run<M: Model, Batch>(
    _ model: inout M, on graph: Graph<M.Scalar>, batches: TrainingBatches<Batch>,
    heldOut: TrainingBatches<Batch>? = nil, loss: (M, Batch, Graph<M.Scalar>) -> Node<M.Scalar>
  ) throws -> TrainingHistory where Rule.Parameters == ModelParameters<M.Scalar> {
    let norm = maximumNorm
    return try train(&model, batches, keeper(M.self, graph)) { model in
      try heldOut.map { try model.evaluate($0, on: graph, loss: loss).mean }
    } step: { model, group, _, optimizer in
      try model.trainingStep(
        accumulating: group, on: graph, optimizer: &optimizer, maximumNorm: norm, loss: loss)
    }
  }

  /// Trains a model, and validates it by a function.
  ///
  /// - Parameters:
  ///   - model: is trained; at the end it has the best weights, see ``keepsBest``.
  ///   - graph: records the passes.
  ///   - batches: what it is trained on.
  ///   - validate: a number of the model that is less where it is better, such as a loss, or accuracy with a
  ///     minus. It may use the graph.
  ///   - loss: computes the loss of a batch.
  /// - Returns: what came of it.
  /// - Throws: as ``run(_:on:batches:heldOut:loss:)``, and what `validate` throws.
  /// - Precondition: the training has an end, and an epoch has a batch.
  @discardableResult
  public mutating func run<M: Model, Batch>(
    _ model: inout M, on graph: Graph<M.Scalar>, batches: TrainingBatches<Batch>,
    validate: (M) throws -> Double, loss: (M, Batch, Graph<M.Scalar>) -> Node<M.Scalar>
  ) throws -> TrainingHistory where Rule.Parameters == ModelParameters<M.Scalar> {
    let norm = maximumNorm
    return try train(&model, batches, keeper(M.self, graph), validate: validate) {
      model, group, _, optimizer in
      try model.trainingStep(
        accumulating: group, on: graph, optimizer: &optimizer, maximumNorm: norm, loss: loss)
    }
  }

  /// Trains a model by steps of the caller's that carry a state on, such as those over the windows of a text.
  ///
  /// ```swift
  /// try trainer.run(&model, on: graph, batches: .windows(of: streams)) {
  ///   model, window, state, optimizer in
  ///   if window.index == 0 { state = nil }
  ///   return try model.trainingStep(
  ///     window, state: &state, on: graph, optimizer: &optimizer, maximumNorm: 1)
  /// }
  /// ```
  /// The trainer has the state, so that ``checkpoints`` keep it. What a step remembers besides, in variables of
  /// its own, they do not.
  ///
  /// - Parameters:
  ///   - model: is trained; at the end it has the best weights, see ``keepsBest``.
  ///   - graph: records the passes; its random choices go on where a training does.
  ///   - batches: what it is trained on.
  ///   - validate: a number of the model that is less where it is better; nil for no validation.
  ///   - step: makes an update by a batch and the state that the update before left, nil at first; clipping is
  ///     its business, and so is what it throws.
  /// - Returns: what came of it.
  /// - Throws: what `step`, the batches and `validate` throw; ``CurveFileError``, before the first update or
  ///   after the last.
  /// - Precondition: the training has an end, an epoch has a batch, and ``batchesPerUpdate`` is 1.
  @discardableResult
  public mutating func run<M: Model, Batch>(
    _ model: inout M, on graph: Graph<M.Scalar>, batches: TrainingBatches<Batch>,
    validate: ((M) throws -> Double)? = nil,
    step: (inout M, Batch, inout SequenceBatch<M.Scalar>?, inout Rule) throws -> TrainingStep
  ) throws -> TrainingHistory where Rule.Parameters == ModelParameters<M.Scalar> {
    requireSingleBatches()
    return try train(&model, batches, keeper(M.self, graph)) {
      try validate?($0)
    } step: { model, group, state, optimizer in
      try step(&model, group[0], &state, &optimizer)
    }
  }

  /// Trains a model by steps of the caller's: with a reward, or with several losses in turn.
  ///
  /// ```swift
  /// try trainer.run(&model, batches: .list(batches)) { model, batch, optimizer in
  ///   let loss = batch.isLabelled ? classification : reconstruction
  ///   return try model.trainingStep(on: graph, optimizer: &optimizer) { loss($0, batch, $1) }
  /// }
  /// ```
  /// Where steps carry a state on, or are to be kept, see ``run(_:on:batches:validate:step:)``.
  ///
  /// - Parameters:
  ///   - model: is trained; at the end it has the best weights, see ``keepsBest``.
  ///   - batches: what it is trained on.
  ///   - validate: a number of the model that is less where it is better; nil for no validation.
  ///   - step: makes an update by a batch; clipping is its business, and so is what it throws.
  /// - Returns: what came of it.
  /// - Throws: what `step`, the batches and `validate` throw; ``CurveFileError``, before the first update or
  ///   after the last.
  /// - Precondition: the training has an end, an epoch has a batch, and ``batchesPerUpdate`` is 1.
  @discardableResult
  public mutating func run<M: Model, Batch>(
    _ model: inout M, batches: TrainingBatches<Batch>, validate: ((M) throws -> Double)? = nil,
    step: (inout M, Batch, inout Rule) throws -> TrainingStep
  ) throws -> TrainingHistory {
    requireSingleBatches()
    require(
      checkpoints == nil,
      "Trainer: checkpoints of steps without a graph; give run the graph whose choices go on")
    return try train(&model, batches, nil) {
      try validate?($0)
    } step: { model, group, _, optimizer in
      try step(&model, group[0], &optimizer)
    }
  }

  /// Trains a model by steps that take all batches of an update, and carry a state on: how other modules of this
  /// package make updates.
  ///
  /// - Parameters:
  ///   - model: is trained; at the end it has the best weights, see ``keepsBest``.
  ///   - graph: records the passes.
  ///   - batches: what it is trained on.
  ///   - validate: a number of the model that is less where it is better; nil for no validation.
  ///   - step: makes an update by its batches and the state that the update before left, nil at first.
  package mutating func run<M: Model, Batch>(
    _ model: inout M, on graph: Graph<M.Scalar>, batches: TrainingBatches<Batch>,
    validate: ((M) throws -> Double)?,
    updates step: (inout M, [Batch], inout SequenceBatch<M.Scalar>?, inout Rule) throws ->
      TrainingStep
  ) throws -> TrainingHistory where Rule.Parameters == ModelParameters<M.Scalar> {
    try train(&model, batches, keeper(M.self, graph), validate: { try validate?($0) }, step: step)
  }

  private func requireSingleBatches() {
    require(
      batchesPerUpdate == 1,
      "Trainer: \(batchesPerUpdate) batches per update, with steps that take one")
  }
}
