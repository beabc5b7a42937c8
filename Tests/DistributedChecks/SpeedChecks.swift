#if Distributed
  import Autodiff
  import DistributedTraining
  import Foundation
  import LinAlg
  import Recurrent
  import SequenceModels

  /// Two LSTMs, parts of their own: their blocks are exchanged one after the other, where a stack's are at once.
  private struct TwoLayers: Model {
    var embedding: Embedding<Float>
    var lower: LSTM<Float>
    var upper: LSTM<Float>
    var output: Linear<Float>

    init(tokens: Int, units: Int, using generator: inout SeededGenerator) {
      embedding = Embedding(vocabularySize: tokens, features: units, using: &generator)
      lower = LSTM(inputSize: units, hiddenSize: units, using: &generator)
      upper = LSTM(inputSize: units, hiddenSize: units, using: &generator)
      output = Linear(inputSize: units, outputSize: tokens, using: &generator)
    }

    mutating func visitParts(_ part: inout PartVisitor<Float>) {
      part("embedding", &embedding)
      part("lower", &lower)
      part("upper", &upper)
      part("output", &output)
    }

    func loss(_ batch: FramedBatch, on graph: Graph<Float>) -> Node<Float> {
      let h = lower(embedding(batch.inputs, on: graph), lengths: batch.lengths).outputs
      let y = output(upper(h, lengths: batch.lengths).outputs)
      return y.crossEntropy(batch.labels, lengths: batch.lengths)
    }
  }

  /// The time of an update, in seconds: `model=character` or `model=lstm`, `overlap=no`, `shared=no`, `groups=8`,
  /// `updates=20`, `sequences=32`, `steps=50`.
  func measureSpeed(_ options: CheckOptions) {
    Communicator.run(timeout: options.timeout) { world in
      var generator = SeededGenerator(seed: 3)
      if options["model"] == "lstm" {
        try measure(TwoLayers(tokens: 96, units: 512, using: &generator), world, options) {
          $0.loss($1, on: $2)
        }
      } else {
        let model = LanguageModel<LSTM<Float>>.lstm(
          vocabularySize: 96, embeddingSize: 64, hiddenSize: 256, using: &generator)
        try measure(model, world, options) { $0.loss($1, on: $2) }
      }
    }
  }

  /// How long sums take that nothing overlaps, as a trainer makes them: the bytes and the seconds of each size.
  func measureSums(_ options: CheckOptions) {
    Communicator.run(timeout: options.timeout) { world in
      for count in [2, 1 << 11, 1 << 15, 1 << 18, 1 << 20] {
        let numbers = [Float](repeating: 1, count: count)
        let shared = options.sharesMemory ? try SharedSums<Float>([count], on: world) : nil
        if world.rank == 0, count == 2 { print("shared", shared != nil) }
        let sums: any BlockSums<Float> = shared ?? PlainSums([count])
        var (times, total): ([Double], [Float]) = ([], numbers)
        for _ in 0..<30 {
          sums.begin(.only)
          numbers.withUnsafeBufferPointer { sums.add($0, times: 1, toBlock: 0) }
          try world.barrier()
          let begin = now()
          world.wait(try sums.start(0, "numbers", on: world))
          times.append(now() - begin)
          total.withUnsafeMutableBufferPointer { sums.take(0, times: 1, into: $0) }
        }
        precondition(total.allSatisfy { $0 == Float(world.size) }, "not the sum")
        if world.rank == 0 { print("sum", 4 * count, times.sorted()[times.count / 2]) }
      }
    }
  }

  private func measure<M: Model<Float>>(
    _ start: M, _ world: Communicator, _ options: CheckOptions,
    loss: (M, FramedBatch, Graph<Float>) -> Node<Float>
  ) throws {
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
    distributed.sharesMemory = options.sharesMemory
    if let groups = options["groups"].flatMap({ Int($0) }) {
      distributed.order = .ordered(groups: groups)
    }
    try distributed.run(&model, on: graph, batches: .endless { _ in batch }, loss: loss)
    let sorted = times.dropFirst(warm).sorted()
    if world.rank == 0 {
      let parameters = model.parameters
      let count = (0..<parameters.blockCount).reduce(0) { $0 + parameters[block: $1].count }
      print("update", world.size, count, sorted[sorted.count / 2], sorted[0])
    }
  }

  private func now() -> Double { ProcessInfo.processInfo.systemUptime }
#endif
