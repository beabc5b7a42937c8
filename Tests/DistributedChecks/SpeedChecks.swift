#if Distributed
  import Autodiff
  import DistributedTraining
  import Foundation
  import LinAlg
  import Recurrent
  import SequenceModels

  /// The time of an update: `model=character` or `model=lstm`, `overlap=no`, `updates=20`, `sequences=32`.
  func measureSpeed(_ options: CheckOptions) {
    Communicator.run(timeout: options.timeout) { world in
      var generator = SeededGenerator(seed: 3)
      if options["model"] == "lstm" {
        let layer = Stacked<LSTM<Float>>(
          [
            LSTM(inputSize: 512, hiddenSize: 512, using: &generator),
            LSTM(inputSize: 512, hiddenSize: 512, using: &generator),
          ])
        try measure(
          LanguageModel(vocabularySize: 96, layer: layer, using: &generator), world, options)
      } else {
        let layer = LSTM<Float>(inputSize: 64, hiddenSize: 256, using: &generator)
        try measure(
          LanguageModel(vocabularySize: 96, layer: layer, using: &generator), world, options)
      }
    }
  }

  private func measure<Layer: CausalLayer>(
    _ start: LanguageModel<Layer>, _ world: Communicator, _ options: CheckOptions
  ) throws where Layer.Scalar == Float {
    var model = start
    var generator = SeededGenerator(seed: 4)
    let (sequences, steps) = (options.number("sequences", 32), options.number("steps", 50))
    let batch = SequenceFrame(beginning: 0, end: 1)(
      (0..<sequences).map { _ in
        (1..<steps).map { _ in Token.random(in: 2..<96, using: &generator) }
      })
    let graph = Graph<Float>(threads: 1, seed: 1)
    var trainer = Trainer(optimizer: Adam(for: model.parameters), maximumNorm: 1)
    let (warm, updates) = (3, options.number("updates", 20))
    var times: [Double] = []
    trainer.duration = .updates(warm + updates)
    trainer.validation = .updates(1)
    trainer.keepsBest = false
    var last = now()
    trainer.didLook = { _ in
      let time = now()
      times.append(time - last)
      last = time
    }
    var distributed = DistributedTrainer(trainer, on: world)
    distributed.overlapsBackward = options["overlap"] != "no"
    if let groups = options["groups"].flatMap({ Int($0) }) {
      distributed.order = .ordered(groups: groups)
    }
    try distributed.run(&model, on: graph, batches: .endless { _ in batch }) {
      $0.loss($1, on: $2)
    }
    let sorted = times.dropFirst(warm).sorted()
    if world.rank == 0 {
      let parameters = model.parameters
      let count = (0..<parameters.blockCount).reduce(0) { $0 + parameters[block: $1].count }
      print(
        "ranks \(world.size)  numbers \(count)  median \(sorted[sorted.count / 2] * 1e3) ms  "
          + "least \(sorted[0] * 1e3) ms")
    }
  }

  private func now() -> Double { ProcessInfo.processInfo.systemUptime }
#endif
