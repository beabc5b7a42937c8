#if Distributed
  import Autodiff
  import DistributedTraining
  import Foundation
  import LinAlg
  import ModelFiles
  import Recurrent
  import SequenceModels

  /// A language model with dropout, trained on made-up sequences of very different lengths.
  struct CheckTask<Scalar: RecurrentScalar> {
    typealias Model = LanguageModel<LSTM<Scalar>>

    let options: CheckOptions
    /// What goes wrong, on which rank, from which update on.
    var fault: (kind: String, rank: Int, update: Int)?

    init(_ options: CheckOptions) {
      self.options = options
      let parts = options["fault"]?.split(separator: ":") ?? []
      if parts.count == 3, let rank = Int(parts[1]), let update = Int(parts[2]) {
        fault = (String(parts[0]), rank, update)
      }
    }

    private static var batchesPerEpoch: Int { 7 }

    func model(hidden: Int) -> Model {
      var generator = SeededGenerator(seed: 11)
      let layer = LSTM<Scalar>(inputSize: 6, hiddenSize: hidden, using: &generator)
      return LanguageModel(
        vocabularySize: 12, layer: layer, dropout: 0.3, using: &generator)
    }

    func trainer(_ model: Model) throws -> Trainer<Adam<ModelParameters<Scalar>>> {
      var trainer = Trainer(
        optimizer: Adam(for: model.parameters, learningRate: 0.01), maximumNorm: 1)
      trainer.duration = .updates(options.number("updates", 50))
      trainer.validation = .updates(25)
      trainer.batchesPerUpdate = options.number("batches", 1)
      trainer.keepsBest = false
      if let path = options["keep"] {
        trainer.checkpoints = try .file(
          path, every: .updates(5), model: model, optimizer: trainer.optimizer)
      }
      return trainer
    }

    /// The batch of a number: between 3 and 9 sequences of 1 to 15 tokens.
    func batch(_ number: Int) -> FramedBatch {
      var generator = SeededGenerator(seed: 1000 + UInt64(number))
      let count = Int.random(in: 3...9, using: &generator)
      let sequences = (0..<count).map { _ in
        let length = Int.random(in: 1...15, using: &generator)
        return (0..<length).map { _ in Token.random(in: 2..<12, using: &generator) }
      }
      return SequenceFrame(beginning: 0, end: 1)(sequences)
    }

    func batches(rank: Int) -> TrainingBatches<FramedBatch> {
      .made(count: Self.batchesPerEpoch) { epoch, index in
        let number = epoch * Self.batchesPerEpoch + index
        if let fault, fault.rank == rank, number == fault.update {
          switch fault.kind {
          case "kill": kill(getpid(), SIGKILL)
          case "stop": kill(getpid(), SIGSTOP)
          case "hang": while true { sleep(1) }
          case "full": try takeHalfOfNextCheckpoint()
          case "throw": throw CheckError(reason: "batch \(number) cannot be read")
          case "batch": return batch(number + 1)
          default: break
          }
        }
        return batch(number)
      }
    }

    /// The system takes half of the next checkpoint, and then kills whoever writes it. A copy of the last one is
    /// kept.
    private func takeHalfOfNextCheckpoint() throws {
      guard let path = options["keep"] else { return }
      let last = try Data(contentsOf: URL(fileURLWithPath: path))
      try last.write(to: URL(fileURLWithPath: path + ".copy"))
      let half = rlim_t(last.count / 2)
      var most = rlimit(rlim_cur: half, rlim_max: half)
      // RLIMIT_FSIZE, whose type depends on the system.
      setrlimit(.init(1), &most)
    }

    func isFaulty(_ kind: String, _ rank: Int) -> Bool {
      fault?.kind == kind && fault?.rank == rank
    }

    func numbers(of model: Model, _ history: TrainingHistory) -> [Double] {
      let parameters = model.parameters
      var result: [Double] = []
      for i in 0..<parameters.blockCount {
        parameters[block: i].withUnsafeBufferPointer { result += $0.map { Double($0) } }
      }
      return result + history.losses + history.points.map { $0.validation ?? 0 }
        + history.points.map(\.gradientNorm)
    }
  }

  struct CheckError: Error, CustomStringConvertible {
    let reason: String
    var description: String { reason }
  }

  func trainAlone<Scalar: RecurrentScalar>(_: Scalar.Type, _ options: CheckOptions) throws {
    let task = CheckTask<Scalar>(options)
    var model = task.model(hidden: 8)
    var trainer = try task.trainer(model)
    let graph = Graph<Scalar>(threads: 1, seed: 5)
    let history =
      task.readsText
      ? try task.trainOnText(&model, &trainer, graph)
      : try trainer.run(
        &model, on: graph, batches: task.batches(rank: -1),
        heldOut: .list([task.batch(900), task.batch(901)])
      ) { $0.loss($1, on: $2) }
    if let out = options["out"] { try write(task.numbers(of: model, history), to: out) }
  }

  func train<Scalar: RecurrentScalar>(_: Scalar.Type, _ options: CheckOptions) {
    Communicator.run(timeout: options.timeout) { world in
      let task = CheckTask<Scalar>(options)
      var model = task.model(hidden: task.isFaulty("size", world.rank) ? 9 : 8)
      let graph = Graph<Scalar>(
        threads: 1, seed: task.isFaulty("seed", world.rank) ? 6 : 5)
      var trainer = DistributedTrainer(try task.trainer(model), on: world)
      if task.isFaulty("write", world.rank), let own = trainer.trainer.checkpoints {
        trainer.trainer.checkpoints = TrainingCheckpoints(every: own.every) { _ in
          print("rank \(world.rank) writes")
          throw CheckError(reason: "the disk is full")
        }
      }
      trainer.agreement["the number of sequences"] =
        task.isFaulty("data", world.rank) ? "99" : "100"
      if task.isFaulty("batches", world.rank) { trainer.trainer.batchesPerUpdate = 2 }
      trainer.overlapsBackward = options["overlap"] != "no"
      trainer.sharesMemory = options.sharesMemory
      if let groups = options["groups"].flatMap({ Int($0) }) {
        trainer.order = .ordered(groups: groups)
      }
      // Other parameters than those of rank 0, which come in their place.
      if world.rank > 0 { model.parameters = model.parameters.zeros() }
      let history =
        task.readsText
        ? try trainer.run(
          &model, on: graph, batches: .windows(of: task.streams),
          heldOut: .windows(of: task.heldOutStreams)
        ) { model, window, state, graph in model.loss(window, from: state, on: graph) }
        : try trainer.run(
          &model, on: graph, batches: task.batches(rank: world.rank),
          heldOut: .list([task.batch(900), task.batch(901)])
        ) { model, batch, graph in
          let loss = model.loss(batch, on: graph)
          let isFaulty = task.isFaulty("nan", world.rank) && graph.noise.pass > 10
          return isFaulty ? loss * Scalar.nan : loss
        }
      if let out = options["out"] {
        // The last rank, not the first: all have to have the same.
        if world.rank == world.size - 1 { try write(task.numbers(of: model, history), to: out) }
      }
    }
  }
#endif
