#if Distributed
  import Autodiff
  import LinAlg
  import Recurrent
  import SequenceModels

  /// In what order gradients are added up over the sequences of a batch.
  public enum GradientOrder: Sendable, Hashable {
    /// Each rank computes its sequences at once, and they are added up as is fastest: the bits depend on the number of
    /// ranks, within rounding. The fastest.
    case any
    /// A batch is divided into `groups` groups, whatever the number of ranks; each is a pass of its own, and
    /// their gradients are added up pairwise, always alike: the bits are the same for every number of ranks up
    /// to `groups`, on processors of one kind.
    ///
    /// It costs smaller passes (`groups` of them and not one for each rank), a message for each block that holds
    /// the sums of all subtrees (as many numbers from each rank as the block has, times 1 where the ranks are a
    /// power of two, times up to 2·log₂ `groups` else) where ``any`` sends about two, and memory for as many copies of
    /// the gradients as there are ranks.
    case ordered(groups: Int)
  }

  /// Trains one model on all ranks of a job: each computes the gradients of its part of every batch, and all take
  /// the same step.
  ///
  /// ```swift
  /// Communicator.run { world in
  ///   var trainer = Trainer(optimizer: Adam(for: model.parameters), maximumNorm: 1)
  ///   trainer.duration = .epochs(20)
  ///   var distributed = DistributedTrainer(trainer, on: world)
  ///   try distributed.run(&model, on: graph, batches: batches, heldOut: heldOut) { model, batch, graph in
  ///     model.loss(batch, on: graph)
  ///   }
  /// }
  /// ```
  /// Every rank makes the same model, trainer and batches; parameters are those of rank 0. The sequences of a
  /// batch are divided so that ranks have about equally many steps that count. With `nᵣ` rows that the loss of
  /// rank `r` counts (``/Autodiff/Loss/count``) and `gᵣ` its gradient, the step is along
  /// ```
  /// g = Σᵣ nᵣ·gᵣ / Σᵣ nᵣ
  /// ```
  /// the gradient of the mean over the whole batch: that of one rank up to rounding. So are clipping, which sees
  /// the norm of `g`, and the losses in the history. Random choices belong to a sequence's number in the whole
  /// batch. A block of parameters is exchanged as soon as its gradient is complete, while the way back goes on
  /// with the others.
  ///
  /// The loss has to be a mean over rows of sequences that are independent of each other, as those of
  /// `crossEntropy` are.
  ///
  /// Where the trainer's `batchesPerUpdate` is more than 1, the sums go over the rows of all batches of an update,
  /// and are exchanged once, while the last way back goes on.
  ///
  /// Checkpoints are written by rank 0 alone, and read by every rank: also by another number of them than has
  /// written. A run is as long as rank 0's clock says, and is interrupted when any rank is.
  public struct DistributedTrainer<Rule: Optimizer> {
    /// How it is trained, the same on every rank. Its progress and its curve are those of rank 0.
    public var trainer: Trainer<Rule>
    /// In what order gradients are added up.
    public var order = GradientOrder.any
    /// Whether blocks are exchanged while the way back goes on; without, once it has ended.
    public var overlapsBackward = true
    /// Whether ranks that are all on one machine add gradients up in memory that they share, and not by messages;
    /// where ``order`` is ``GradientOrder/any``. It takes twice the memory of the gradients on each rank, messages once.
    public var sharesMemory = true
    /// What else has to be the same on all ranks, such as how many sequences a data set has, by name.
    public var agreement: [String: String] = [:]
    /// The ranks.
    public let world: Communicator
    /// What came of the last run, the same on all ranks.
    public private(set) var history = TrainingHistory()

    /// A trainer on all ranks.
    public init(_ trainer: Trainer<Rule>, on world: Communicator) {
      (self.trainer, self.world) = (trainer, world)
    }
  }

  extension DistributedTrainer {
    /// Trains a model, and validates it on batches that are held out, on all ranks.
    ///
    /// - Parameters:
    ///   - model: is trained; that of rank 0 at first, the same on all ranks at the end.
    ///   - graph: records the passes of this rank.
    ///   - batches: what it is trained on: the same on each rank.
    ///   - heldOut: what the mean loss is taken of to validate it; nil for no validation.
    ///   - loss: computes the mean loss of a part of a batch.
    /// - Returns: what came of it.
    /// - Throws: ``DistributedError`` and `TrainingError`, the same on all ranks; what batches and the writing
    ///   of a curve throw, on that rank alone: to be thrown on, out of ``Communicator/run(timeout:_:)``.
    /// - Precondition: as those of ``/SequenceModels/Trainer``.
    @discardableResult
    public mutating func run<M: Model, Batch: DivisibleBatch>(
      _ model: inout M, on graph: Graph<M.Scalar>, batches: TrainingBatches<Batch>,
      heldOut: TrainingBatches<Batch>? = nil,
      loss: (M, Batch, Graph<M.Scalar>) -> Node<M.Scalar>
    ) throws -> TrainingHistory where Rule.Parameters == ModelParameters<M.Scalar> {
      try run(&model, graph, batches, heldOut, carriesStates: false) { model, batch, _, graph in
        (loss(model, batch, graph), nil)
      }
    }

    /// Trains a model whose sequences carry a state from batch to batch, such as the streams of a text in windows.
    ///
    /// ```swift
    /// try distributed.run(&model, on: graph, batches: .windows(of: streams)) { model, window, state, graph in
    ///   model.loss(window, from: state, on: graph)
    /// }
    /// ```
    /// Sequences are divided by their number and not by their steps, so that each stays on its rank with its state:
    /// N ranks train what one trains that carries the state of all. Gradients stop where a batch begins. A batch
    /// whose ``DivisibleBatch/continuesSequences`` is false begins with no state. Checkpoints have the state of
    /// all sequences, as those of ``/SequenceModels/Trainer`` have, for any number of ranks.
    ///
    /// - Parameters:
    ///   - model: is trained; that of rank 0 at first, the same on all ranks at the end.
    ///   - graph: records the passes of this rank.
    ///   - batches: what it is trained on: the same on each rank.
    ///   - heldOut: what the mean loss is taken of to validate it, with a state of its own; nil for no validation.
    ///   - loss: computes the mean loss of a part of a batch of `N` sequences from the state before it, `[1, N, S]`, or nil
    ///     for none; and the state after it, of the same shape.
    /// - Returns: what came of it.
    /// - Throws: as ``run(_:on:batches:heldOut:loss:)``.
    /// - Precondition: as those of ``/SequenceModels/Trainer``; a batch that continues sequences has as many as
    ///   the one before.
    @discardableResult
    public mutating func run<M: Model, Batch: DivisibleBatch>(
      _ model: inout M, on graph: Graph<M.Scalar>, batches: TrainingBatches<Batch>,
      heldOut: TrainingBatches<Batch>? = nil,
      carrying loss: (M, Batch, Node<M.Scalar>?, Graph<M.Scalar>) -> (
        loss: Node<M.Scalar>, finalState: Node<M.Scalar>
      )
    ) throws -> TrainingHistory where Rule.Parameters == ModelParameters<M.Scalar> {
      try run(&model, graph, batches, heldOut, carriesStates: true) { model, batch, state, graph in
        let run = loss(model, batch, state, graph)
        return (run.loss, run.finalState)
      }
    }

    private mutating func run<M: Model, Batch: DivisibleBatch>(
      _ model: inout M, _ graph: Graph<M.Scalar>, _ batches: TrainingBatches<Batch>,
      _ heldOut: TrainingBatches<Batch>?, carriesStates: Bool, _ loss: PartLoss<M, Batch>
    ) throws -> TrainingHistory where Rule.Parameters == ModelParameters<M.Scalar> {
      checkOrder()
      try agree(model, graph)
      try shareParameters(of: &model)
      let course = SharedCourse(try world.broadcast([monotonicSeconds()])[0])
      let watch = InterruptionWatch(trainer.interruption)
      defer { watch.end() }
      let sums = try GradientSums(
        of: model.parameters, on: world, order, sharesMemory: sharesMemory)
      let step = DistributedStep(
        world, order, sums, course, watch, carriesStates: carriesStates)
      step.sums.overlaps = overlapsBackward
      var inner = prepared(course, step)
      let norm = trainer.maximumNorm
      defer {
        trainer.optimizer = inner.optimizer
        history = inner.history
      }
      return try withoutActuallyEscaping(loss) { loss in
        let validate: ((M) throws -> Double)? = heldOut.map { batches in
          { try step.evaluate($0, batches, graph, loss).mean }
        }
        return try inner.run(
          &model, on: graph, batches: batches, validate: validate,
          updates: { model, group, whole, optimizer in
            // What a checkpoint had; from here on each rank has its own.
            if carriesStates, let state = whole {
              step.states.take(state)
              whole = nil
            }
            let total = try step.gradients(of: &model, group, graph, loss)
            guard total.sum.isFinite else { throw TrainingError.nonFiniteLoss(total.mean) }
            return try model.update(
              on: graph, optimizer: &optimizer, maximumNorm: norm, loss: total)
          })
      }
    }

    private func checkOrder() {
      guard case .ordered(let groups) = order else { return }
      require(
        groups >= world.size && groups & (groups - 1) == 0,
        "DistributedTrainer: \(groups) groups for \(world.size) ranks; a power of two, and no less")
    }

    /// The trainer of this rank: with the time and the interruptions of all.
    private func prepared<Scalar>(
      _ course: SharedCourse, _ step: DistributedStep<Scalar>
    ) -> Trainer<Rule> where Rule.Parameters == ModelParameters<Scalar> {
      var inner = trainer
      inner.clock = { course.seconds }
      inner.interruption = .when { course.isInterrupted }
      if world.rank != 0 { (inner.progress, inner.curveFile) = (.quiet, nil) }
      guard let own = trainer.checkpoints else { return inner }
      let world = world
      inner.checkpoints = TrainingCheckpoints(every: own.every, resuming: own.resumed) { snapshot in
        try world.requireAgreement([
          ("the parameters after update \(snapshot.history.updates)", digest(snapshot.parameters))
        ])
        var snapshot = snapshot
        if let states = try step.states.gathered(on: world) { snapshot.state = states }
        var reason = ""
        if world.rank == 0 {
          do { try own.write(snapshot) } catch { reason = "\(error)" }
        }
        reason = try world.broadcast(reason)
        guard reason.isEmpty else {
          throw DistributedError(
            .failure, ranks: [0], isCommon: true, "cannot keep the training: \(reason)")
        }
      }
      return inner
    }

    /// Compares what has to be the same before the first update.
    private func agree<M: Model>(_ model: M, _ graph: Graph<M.Scalar>) throws(DistributedError)
    where Rule.Parameters == ModelParameters<M.Scalar> {
      let parameters = model.parameters
      var (count, shapes, frozen) = (0, Fingerprint(), Fingerprint())
      for i in 0..<parameters.blockCount {
        count += parameters[block: i].count
        shapes.add(parameters.names[i])
        frozen.add(parameters.isTrained(block: i) ? 1 : 0)
        for spec in parameters[block: i].specs {
          shapes.add(spec.name)
          shapes.add([spec.rows, spec.columns])
        }
      }
      let resumed = trainer.checkpoints?.resumed
      var fields: [(name: String, value: String)] = [
        ("the version of DistributedTraining", "\(exchangeVersion)"),
        ("the library of MPI", world.library),
        ("the type of the numbers", "\(M.Scalar.self)"),
        ("the number of parameters", "\(count)"),
        ("the names and shapes of the parameters", hexadecimal(shapes.value)),
        ("what is frozen", hexadecimal(frozen.value)),
        ("the seed of random choices", "\(graph.noise.seed)"),
        ("the passes before", "\(graph.noise.pass)"),
        ("the optimizer", "\(Rule.self)"),
        ("the optimizer's steps", "\(trainer.optimizer.stepCount)"),
        ("the learning rate", "\(trainer.optimizer.learningRate)"),
        ("the largest norm", "\(trainer.maximumNorm)"),
        ("the duration", "\(trainer.duration)"),
        ("the batches of an update", "\(trainer.batchesPerUpdate)"),
        ("when it is validated", "\(trainer.validation)"),
        ("after how many validations it ends", "\(trainer.patience ?? 0)"),
        ("the order of sums", "\(order)"),
        ("whether ranks share memory", "\(sharesMemory)"),
        ("when it is kept", trainer.checkpoints.map { "\($0.every)" } ?? "never"),
        ("the update that it goes on from", "\(resumed?.history.updates ?? 0)"),
        ("the parameters that it goes on from", resumed.map { digest($0.parameters) } ?? "none"),
        ("the state that it goes on from", resumed?.state.map { digest($0) } ?? "none"),
      ]
      for name in agreement.keys.sorted() { fields.append((name, agreement[name] ?? "")) }
      try world.requireAgreement(fields)
    }

    /// Gives every rank the parameters of rank 0.
    private func shareParameters<M: Model>(of model: inout M) throws(DistributedError) {
      var parameters = model.parameters
      for i in 0..<parameters.blockCount {
        let memory = ExchangeMemory(
          repeating: M.Scalar.zero, count: parameters[block: i].count)
        parameters[block: i].withUnsafeBufferPointer {
          if let start = $0.baseAddress { memory.pointer.update(from: start, count: $0.count) }
        }
        try world.broadcast(memory, from: 0, "the parameters of \(parameters.names[i])")
        guard world.rank != 0 else { continue }
        parameters.withUnsafeMutableBufferPointer(ofBlock: i) {
          $0.baseAddress?.update(from: memory.pointer, count: $0.count)
        }
      }
      if world.rank != 0 { model.parameters = parameters }
    }
  }

  /// Of what ranks tell each other: ranks of another version do not understand each other.
  private let exchangeVersion = 3

  private func hexadecimal(_ word: UInt64) -> String { String(word, radix: 16) }

  /// What the bits of parameters follow from.
  private func digest<Scalar>(_ parameters: ModelParameters<Scalar>) -> String {
    var result = Fingerprint()
    for i in 0..<parameters.blockCount {
      parameters[block: i].withUnsafeBufferPointer { x in
        for value in x { result.add(Double(value).bitPattern) }
      }
    }
    return hexadecimal(result.value)
  }

  /// What the bits of a state follow from.
  private func digest<Scalar>(_ state: SequenceBatch<Scalar>) -> String {
    var result = Fingerprint()
    result.add(state.shape)
    state.withUnsafeBufferPointer { x in
      for value in x { result.add(Double(value).bitPattern) }
    }
    return hexadecimal(result.value)
  }

  /// What all ranks follow alike while they train.
  final class SharedCourse {
    /// Rank 0's clock, at the last update.
    var seconds: Double
    /// Whether any rank was asked to end.
    var isInterrupted = false

    init(_ seconds: Double) { self.seconds = seconds }
  }
#endif
