import Autodiff
import Foundation
import LinAlg
import Recurrent
import SequenceModels
import Testing

@testable import ModelFiles

/// A classifier with dropout, so that random choices have to go on, too.
private struct Classifier: Model {
  var embedding: Embedding<Float>
  var layer: Stacked<LSTM<Float>>
  var output: Linear<Float>

  init(seed: UInt64) {
    var rng = SeededGenerator(seed: seed)
    embedding = Embedding(vocabularySize: 7, features: 4, using: &rng)
    layer = Stacked(count: 2, inputSize: 4, dropout: 0.3) {
      LSTM(inputSize: $0, hiddenSize: 5, using: &rng)
    }
    output = Linear(inputSize: 5, outputSize: 7, using: &rng)
  }

  mutating func visitParts(_ part: inout PartVisitor<Float>) {
    part("embedding", &embedding)
    part("layer", &layer)
    part("output", &output)
  }

  func loss(_ batch: TokenBatch, _ graph: Graph<Float>) -> Node<Float> {
    output(layer(embedding(batch, on: graph)).outputs).crossEntropy(batch)
  }
}

@Suite struct CheckpointTests {
  /// The batch of an epoch and a place in it.
  static func batch(_ epoch: Int, _ index: Int) -> TokenBatch {
    let tokens = (0..<12).map { Token(($0 * $0 + 3 * index + epoch) % 7) }
    return TokenBatch(steps: 4, batch: 3, tokens: tokens)
  }
  static var held: TrainingBatches<TokenBatch> { .list([batch(9, 9), batch(8, 8)]) }

  static var model: some Model<Float> { Classifier(seed: 1) }

  static func adam(_ parameters: ModelParameters<Float>) -> Adam<ModelParameters<Float>> {
    Adam(for: parameters, weightDecay: .decoupled(0.01))
  }

  struct Outcome: Equatable {
    var weights: [[UInt32]]
    var losses: [Double]
    var looks: [Int]
    var validations: [Double?]
    var ending: TrainingHistory.Ending?

    init(_ model: some Model<Float>, _ history: TrainingHistory) {
      let parameters = model.parameters
      weights = (0..<parameters.blockCount).map { block in
        parameters[block: block].withUnsafeBufferPointer { $0.map(\.bitPattern) }
      }
      (losses, ending) = (history.losses, history.ending)
      (looks, validations) = (history.points.map(\.update), history.points.map(\.validation))
    }
  }

  /// Trains for as many updates as come before the interruption, going on from a file where it is there.
  static func train<Rule: ResumableOptimizer<ModelParameters<Float>>>(
    _ rule: (ModelParameters<Float>) -> Rule, path: String?, interruptedAfter limit: Int = .max,
    keepsBest: Bool = true, batchesPerUpdate: Int = 1, epochs: Int = 4
  ) throws -> Outcome {
    // Whatever it begins with, a training that goes on does not depend on it.
    var model = Classifier(seed: 1)
    var trainer = Trainer(optimizer: rule(model.parameters), maximumNorm: 1)
    trainer.duration = .epochs(epochs)
    trainer.schedule = WarmUpCosine(peak: 0.05, warmUpSteps: 4, totalSteps: 20)
    trainer.validation = .updates(3)
    trainer.patience = 4
    trainer.keepsBest = keepsBest
    trainer.batchesPerUpdate = batchesPerUpdate
    var updates = 0
    trainer.interruption = .when {
      updates += 1
      return updates >= limit
    }
    if let path {
      trainer.checkpoints = try .file(
        path, every: .updates(2), model: model, optimizer: trainer.optimizer,
        texts: ["vocabulary": "a b c"])
      if trainer.checkpoints?.resumed != nil { model = Classifier(seed: 77) }
    }
    let graph = Graph<Float>(threads: 1, seed: trainer.checkpoints?.resumed == nil ? 5 : 99)
    let history = try trainer.run(
      &model, on: graph, batches: .made(count: 5) { batch($0, $1) }, heldOut: held
    ) { $0.loss($1, $2) }
    return Outcome(model, history)
  }

  /// A language model that carries its state from window to window, trained for as many updates as come before
  /// the interruption, going on from a file where it is there.
  static func trainOnText(path: String?, interruptedAfter limit: Int = .max) throws -> Outcome {
    func fresh(_ seed: UInt64) -> LanguageModel<LSTM<Float>> {
      var rng = SeededGenerator(seed: seed)
      return LanguageModel(
        vocabularySize: 7, layer: LSTM(inputSize: 4, hiddenSize: 5, using: &rng), using: &rng)
    }
    let tokens = (0..<100).map { i -> Token in
      let number: Int = i * i + i / 9
      return Token(number % 7)
    }
    var model = fresh(1)
    var trainer = Trainer(optimizer: Adam(for: model.parameters, learningRate: 0.05))
    trainer.duration = .epochs(2)
    trainer.validation = .updates(4)
    var updates = 0
    trainer.interruption = .when {
      updates += 1
      return updates >= limit
    }
    if let path {
      trainer.checkpoints = try .file(
        path, every: .updates(3), model: model, optimizer: trainer.optimizer)
      if trainer.checkpoints?.resumed != nil { model = fresh(77) }
    }
    let graph = Graph<Float>(threads: 1)
    let history = try trainer.run(
      &model, on: graph, batches: .windows(of: TokenStreams(tokens, batch: 3, steps: 4)),
      validate: { $0.evaluate(Array(tokens[..<30])).mean }
    ) { model, window, state, adam in
      if window.index == 0 { state = nil }
      return try model.trainingStep(
        window, state: &state, on: graph, optimizer: &adam, maximumNorm: 1)
    }
    return Outcome(model, history)
  }

  @Test(arguments: [false, true])
  func `a training that is interrupted and goes on ends with the same bits`(keepsBest: Bool) throws
  {
    let adam = Self.adam
    let whole = try Self.train(adam, path: nil, keepsBest: keepsBest)
    #expect(whole.losses.count > 12)
    for stops in [[1], [2], [3], [4], [5], [6], [1, 1, 1, 1], [2, 5, 3], [7, 4]] {
      try inFolder { folder in
        let path = folder + "/run.safetensors"
        for stop in stops {
          let part = try Self.train(adam, path: path, interruptedAfter: stop, keepsBest: keepsBest)
          #expect(part.ending == .interruption)
        }
        let rest = try Self.train(adam, path: path, keepsBest: keepsBest)
        #expect(rest == whole, "interrupted after \(stops)")
        // A run that has ended ends again, with the same.
        #expect(try Self.train(adam, path: path, keepsBest: keepsBest) == whole)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["run.safetensors"])
      }
    }
  }

  @Test func `with momentum, and several batches an update`() throws {
    func sgd(_ parameters: ModelParameters<Float>) -> SGD<ModelParameters<Float>> {
      SGD(for: parameters, learningRate: 0.1, momentum: 0.9, nesterov: true)
    }
    let whole = try Self.train(sgd, path: nil, batchesPerUpdate: 2)
    for stop in 1...6 {
      try inFolder { folder in
        let path = folder + "/run.safetensors"
        _ = try Self.train(sgd, path: path, interruptedAfter: stop, batchesPerUpdate: 2)
        #expect(try Self.train(sgd, path: path, batchesPerUpdate: 2) == whole)
      }
    }
  }

  @Test func `what stands in the file, and what is refused`() throws {
    try inFolder { folder in
      let path = folder + "/run.safetensors"
      func adam(_ parameters: ModelParameters<Float>) -> Adam<ModelParameters<Float>> {
        Adam(for: parameters)
      }
      _ = try Self.train(adam, path: path, interruptedAfter: 3)
      let file = try TensorFile(contentsOf: path)
      #expect(file.metadata["swift-recurrent.checkpoint"] == "1")
      #expect(file.metadata["text.vocabulary"] == "a b c")
      #expect(file["model.layer.1.W"]?.shape == [20, 5])
      #expect(file["optimizer.second.output.b"]?.shape == [1, 7])

      let model = Classifier(seed: 1)
      func refusal(_ bytes: [UInt8]) throws -> String {
        let other = folder + "/other.safetensors"
        try Data(bytes).write(to: URL(filePath: other))
        let error = #expect(throws: ModelFileError.self) {
          try TrainingSnapshot(
            contentsOf: other, for: model, optimizer: Adam(for: model.parameters))
        }
        return error?.reason ?? ""
      }
      let bytes = Array(try Data(contentsOf: URL(filePath: path)))
      // One bit of the last number.
      var damaged = bytes
      damaged[bytes.count - 1] ^= 1
      #expect(try refusal(damaged).contains("another checksum"))
      #expect(try refusal(Array(bytes.dropLast())) != "")
      var newer = file
      newer.metadata["swift-recurrent.checkpoint"] = "3"
      try newer.write(to: folder + "/newer.safetensors")
      let read = Array(try Data(contentsOf: URL(filePath: folder + "/newer.safetensors")))
      #expect(try refusal(read).contains("found version '3'"))
      #expect(try refusal(GoldenFiles.bytes("types.safetensors")).contains("found none"))
      // Another optimizer, another model.
      let sgd = #expect(throws: ModelFileError.self) {
        try TrainingSnapshot(
          contentsOf: path, for: model,
          optimizer: SGD(for: model.parameters, learningRate: 1, momentum: 0.5))
      }
      #expect(sgd?.place == .tensor("optimizer.velocity.embedding.W"))
      let plain = #expect(throws: ModelFileError.self) {
        try TrainingSnapshot(
          contentsOf: path, for: model, optimizer: SGD(for: model.parameters, learningRate: 1))
      }
      #expect(plain?.reason == "is no part of this model or optimizer")
    }
  }

  @Test func `the state of a text is carried on`() throws {
    let whole = try Self.trainOnText(path: nil)
    #expect(whole.losses.count > 12)
    for stops in [[1], [3], [5], [1, 1, 1], [6, 4]] {
      try inFolder { folder in
        let path = folder + "/run.safetensors"
        for stop in stops { _ = try Self.trainOnText(path: path, interruptedAfter: stop) }
        let file = try TensorFile(contentsOf: path)
        #expect(file.metadata["swift-recurrent.checkpoint"] == "2")
        #expect(file["state"]?.shape == [1, 3, 10])
        #expect(try Self.trainOnText(path: path) == whole, "interrupted after \(stops)")
      }
    }
  }

  /// A file of version 1 as it was first written. To be written anew only by those who have read what
  /// `Tools/golden/README.md` says of it.
  @Test func `a checkpoint of version 1 is gone on from`() throws {
    let name = "checkpoint-1.safetensors"
    if let folder = ProcessInfo.processInfo.environment["SWIFT_RECURRENT_GOLDEN_CHECKPOINT"] {
      _ = try Self.train(Self.adam, path: folder + "/" + name, interruptedAfter: 5)
    }
    try inFolder { folder in
      let path = folder + "/run.safetensors"
      try Data(GoldenFiles.bytes(name)).write(to: URL(filePath: path))
      let model = Self.model
      let snapshot = try TrainingSnapshot(
        contentsOf: path, for: model, optimizer: Self.adam(model.parameters))
      #expect((snapshot.epoch, snapshot.batch) == (0, 5))
      #expect(snapshot.history.updates == 5 && snapshot.history.points.map(\.update) == [3])
      #expect(snapshot.optimizer.stepCount == 5 && snapshot.best != nil)
      #expect(try TensorFile(contentsOf: path).metadata["text.vocabulary"] == "a b c")
      // Not bit for bit: another processor may have written it.
      let (rest, whole) = (
        try Self.train(Self.adam, path: path), try Self.train(Self.adam, path: nil)
      )
      #expect(rest.losses.count == whole.losses.count && rest.looks == whole.looks)
      for (a, b) in zip(rest.losses, whole.losses) { #expect(abs(a - b) < 1e-4) }
    }
  }

  /// As above, with what the steps carry on.
  @Test func `a checkpoint of version 2 is gone on from`() throws {
    let name = "checkpoint-2.safetensors"
    if let folder = ProcessInfo.processInfo.environment["SWIFT_RECURRENT_GOLDEN_CHECKPOINT"] {
      _ = try Self.trainOnText(path: folder + "/" + name, interruptedAfter: 5)
    }
    try inFolder { folder in
      let path = folder + "/run.safetensors"
      try Data(GoldenFiles.bytes(name)).write(to: URL(filePath: path))
      #expect(try TensorFile(contentsOf: path)["state"]?.shape == [1, 3, 10])
      let (rest, whole) = (try Self.trainOnText(path: path), try Self.trainOnText(path: nil))
      #expect(rest.losses.count == whole.losses.count && rest.looks == whole.looks)
      for (a, b) in zip(rest.losses, whole.losses) { #expect(abs(a - b) < 1e-4) }
    }
  }
}
