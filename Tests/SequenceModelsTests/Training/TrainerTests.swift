import Autodiff
import LinAlg
import Recurrent
import SequenceModels
import Testing

/// A trainer does what its user would do by hand.
@Suite struct TrainerTests {
  typealias Samples = TrainingSamples

  static let data = Samples.sequences(50)
  static let held = Samples.sequences(30, seed: 5)
  static let buckets = data.buckets(batch: 8, seed: 3, pool: 2)

  static func trainer<Scalar>(
    _ model: Samples.Classifier<Scalar>
  ) -> Trainer<Adam<ModelParameters<Scalar>>> {
    Trainer(optimizer: Adam(for: model.parameters, learningRate: 0.01), maximumNorm: 0.5)
  }

  /// Batches of an epoch without their source.
  static func batches(_ epoch: Int) -> [Samples.Batch] {
    buckets.order(epoch: epoch).map(data.batch)
  }

  /// Three epochs with dropout, a schedule, clipping and validation in between, which changes nothing.
  @Test(arguments: [1, 2]) func `the same bits as by hand, whatever threads`(threads: Int) throws {
    let schedule = WarmUpCosine(peak: 0.02, final: 0.001, warmUpSteps: 4, totalSteps: 21)
    var expected = Samples.classifier(Float.self, dropout: 0.3)
    let byHand = Graph<Float>(threads: 1, seed: 9)
    var adam = Adam(for: expected.parameters, learningRate: 0.01)
    var losses: [Double] = []
    for epoch in 0..<3 {
      for batch in Self.batches(epoch) {
        adam.learningRate = schedule.rate(atStep: adam.stepCount)
        losses.append(
          try expected.trainingStep(on: byHand, optimizer: &adam, maximumNorm: 0.5) {
            Samples.loss($0, batch, $1)
          }.loss.mean)
      }
    }

    var model = Samples.classifier(Float.self, dropout: 0.3)
    var trainer = Self.trainer(model)
    trainer.duration = .epochs(3)
    trainer.schedule = schedule
    trainer.validation = .updates(2)
    trainer.keepsBest = false
    let graph = Graph<Float>(threads: threads, seed: 9)
    let history = try trainer.run(
      &model, on: graph, batches: .prepared(Self.data, in: Self.buckets),
      heldOut: .list([Self.held.batch(Array(0..<30))]), loss: Samples.loss)
    #expect(model.parameters.bits == expected.parameters.bits)
    #expect(history.losses == losses)
    #expect(history.epochs == 3 && history.ending == .duration && history.tokens == 150)
    #expect(history.points.map(\.update) == Array(stride(from: 2, through: 20, by: 2)) + [21])
    #expect(trainer.optimizer.stepCount == 21)

    // What validates is what the caller can call.
    let all = try model.evaluate(
      .list([Self.held.batch(Array(0..<7)), Self.held.batch(Array(7..<30))]), on: graph,
      loss: Samples.loss)
    #expect(all.count == 30)
    #expect(abs(all.mean - (history.points.last?.validation ?? 0)) < 1e-6)
  }

  /// The same again by steps of the caller's, and a second run that goes on.
  @Test func `steps of one's own, and going on`() throws {
    var whole = Samples.classifier(Float.self)
    var trainer = Self.trainer(whole)
    trainer.duration = .epochs(2)
    try trainer.run(
      &whole, on: Graph(threads: 1, seed: 1), batches: .list(Self.batches(0)),
      loss: Samples.loss)

    var model = Samples.classifier(Float.self)
    var other = Self.trainer(model)
    let graph = Graph<Float>(threads: 1, seed: 1)
    for _ in 0..<2 {
      let history = try other.run(&model, batches: .list(Self.batches(0))) {
        model, batch, adam in
        try model.trainingStep(on: graph, optimizer: &adam, maximumNorm: 0.5) {
          Samples.loss($0, batch, $1)
        }
      }
      #expect(history.updates == 7 && history.points.count == 1)
    }
    #expect(model.parameters.bits == whole.parameters.bits)
    #expect(other.optimizer.stepCount == 14)
  }

  @Test func `windows of a text with a state`() throws {
    let streams = TokenStreams(CharacterModelSamples.tokens(100), batch: 3, steps: 6)
    var expected = CharacterModelSamples.lstm(Float.self)
    var byHand = Adam(for: expected.parameters)
    var graph = Graph<Float>(threads: 1)
    var (state, window): (SequenceBatch<Float>?, TokenWindow) = (nil, TokenWindow())
    for _ in 0..<2 {
      state = nil
      for index in 0..<streams.windowCount {
        streams.load(index, into: &window)
        try expected.trainingStep(
          window, state: &state, on: graph, optimizer: &byHand, maximumNorm: 1)
      }
    }
    var model = CharacterModelSamples.lstm(Float.self)
    graph = Graph<Float>(threads: 1)
    var trainer = Trainer(optimizer: Adam(for: model.parameters))
    trainer.duration = .epochs(2)
    let history = try trainer.run(&model, on: graph, batches: .windows(of: streams)) {
      model, window, state, adam in
      if window.index == 0 { state = nil }
      return try model.trainingStep(
        window, state: &state, on: graph, optimizer: &adam, maximumNorm: 1)
    }
    #expect(model.parameters.bits == expected.parameters.bits)
    #expect(history.updates == 2 * streams.windowCount && history.tokens == 2 * 99)
  }

  /// In groups over the end of which no update reaches: 7 batches make updates of 3, 3 and 1.
  @Test func `several batches per update`() throws {
    var expected = Samples.classifier(Double.self)
    var adam = Adam(for: expected.parameters, learningRate: 0.01)
    let byHand = Graph<Double>(threads: 1)
    for epoch in 0..<2 {
      let batches = Self.batches(epoch)
      for group in [batches[0..<3], batches[3..<6], batches[6..<7]] {
        try expected.trainingStep(
          accumulating: Array(group), on: byHand, optimizer: &adam, maximumNorm: 0.5,
          loss: Samples.loss)
      }
    }
    var model = Samples.classifier(Double.self)
    var trainer = Self.trainer(model)
    trainer.duration = .epochs(2)
    trainer.batchesPerUpdate = 3
    let history = try trainer.run(
      &model, on: Graph(threads: 2), batches: .prepared(Self.data, in: Self.buckets),
      loss: Samples.loss)
    #expect(model.parameters.bits == expected.parameters.bits)
    #expect(history.updates == 6 && history.epochs == 2)
  }

  /// A validation of the test's: the values of successive looks, and the weights at each.
  static func validated(
    _ values: [Double], patience: Int?, keepsBest: Bool = true
  ) throws -> (
    model: [UInt64], weights: [[UInt64]], history: TrainingHistory
  ) {
    var model = Samples.classifier(Float.self)
    var trainer = Self.trainer(model)
    trainer.duration = .updates(values.count)
    trainer.validation = .updates(1)
    (trainer.patience, trainer.keepsBest) = (patience, keepsBest)
    var weights: [[UInt64]] = []
    try trainer.run(
      &model, on: Graph(threads: 1), batches: .endless { Self.batches(0)[$0 % 7] },
      validate: {
        weights.append($0.parameters.bits)
        return values[weights.count - 1]
      }, loss: Samples.loss)
    return (model.parameters.bits, weights, trainer.history)
  }

  @Test func `stops early with the best weights`() throws {
    let values = [3, 2, 2.5, 1, .nan, 1.2, 1, 0.5]
    let stopped = try Self.validated(values, patience: 3)
    #expect(stopped.history.ending == .patience && stopped.history.updates == 7)
    #expect(stopped.model == stopped.weights[3] && stopped.history.best?.update == 4)
    #expect(Set(stopped.weights).count == 7, "each update must change the weights")
    let patient = try Self.validated(values, patience: 4)
    #expect(patient.history.ending == .duration && patient.history.updates == 8)
    #expect(patient.model == patient.weights.last)
    let last = try Self.validated([1, 2, 3], patience: nil, keepsBest: false)
    #expect(last.model == last.weights[2] && last.history.best?.update == 1)
  }

  @Test func `looks are evenly spread, and a duration in minutes ends`() throws {
    var model = Samples.classifier(Float.self)
    var trainer = Self.trainer(model)
    trainer.duration = TrainingDuration(epochs: 2, updates: 12)
    trainer.validation = .times(4)
    var seen: [Int] = []
    trainer.didLook = { seen.append($0.update) }
    let graph = Graph<Float>(threads: 1)
    var history = try trainer.run(
      &model, on: graph, batches: .list(Self.batches(0)), loss: Samples.loss)
    #expect(history.points.map(\.update) == [3, 6, 9, 12] && seen == [3, 6, 9, 12])
    #expect(history.points.allSatisfy { $0.validation == nil } && history.best == nil)
    #expect(history.points[0].loss.count == 24 && history.points[3].secondsLeft == 0)

    // A clock that goes on by a second with each look at it.
    var seconds = 0.0
    trainer.clock = {
      seconds += 1
      return seconds
    }
    trainer.duration = .minutes(1)
    trainer.schedule = WarmUpCosine(peak: 1e-3, warmUpSteps: 0, totalSteps: 100)
    trainer.scheduleLength = 100
    history = try trainer.run(
      &model, on: graph, batches: .made(count: 3) { Self.batches($0)[$1] }, loss: Samples.loss)
    #expect((5...20).contains(history.updates), "\(history.updates)")
    #expect((0..<3e-4).contains(trainer.optimizer.learningRate))
  }

  struct Failure: Error {}

  @Test func `what the batches throw passes through`() {
    var model = Samples.classifier(Float.self)
    var trainer = Self.trainer(model)
    trainer.duration = .epochs(9)
    let graph = Graph<Float>(threads: 1)
    #expect(throws: Failure.self) {
      try trainer.run(
        &model, on: graph,
        batches: .prepared { epoch in
          PreparedBatches(count: 3) {
            if epoch == 1 && $0 == 1 { throw Failure() }
            return Self.batches(epoch)[$0]
          }
        }, loss: Samples.loss)
    }
    #expect(trainer.history.updates == 4 && trainer.history.ending == nil)
    #expect(trainer.history.points.count == 1 && trainer.optimizer.stepCount == 4)
  }

  /// The update that is not finite leaves everything as it was before it.
  @Test func `a loss that is not finite`() throws {
    var expected = Samples.classifier(Float.self)
    var short = Self.trainer(expected)
    short.duration = .updates(4)
    let batches = Self.batches(0)
    try short.run(
      &expected, on: Graph(threads: 1), batches: .list(batches), loss: Samples.loss)
    for perUpdate in [1, 2] {
      var model = Samples.classifier(Float.self)
      var trainer = Self.trainer(model)
      trainer.batchesPerUpdate = perUpdate
      let doubled = batches.prefix(5).flatMap { Array(repeating: $0, count: perUpdate) }
      var calls = 0
      #expect(throws: TrainingError.self) {
        try trainer.run(
          &model, on: Graph(threads: 1), batches: .list(doubled), validate: { _ in 0 }
        ) { model, batch, graph in
          calls += 1
          let loss = Samples.loss(model, batch, graph)
          return calls == 5 * perUpdate ? loss * .infinity : loss
        }
      }
      #expect(trainer.history.updates == 4 && trainer.optimizer.stepCount == 4)
      // The mean of twice the same gradients is those, up to rounding.
      let difference =
        zip(model.parameters.elements, expected.parameters.elements)
        .map { abs($0 - $1) }.max() ?? 1
      #expect(perUpdate == 1 ? difference == 0 : difference < 1e-5)
    }
  }

  @Test func `held wrong`() async {
    let endless = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var model = TrainingSamples.classifier(Float.self)
      var trainer = TrainerTests.trainer(model)
      trainer.duration = .epochs(1)
      try trainer.run(
        &model, on: Graph(threads: 1), batches: .endless { TrainerTests.batches(0)[$0] },
        loss: TrainingSamples.loss)
    }
    #expect(message(endless).contains("without an end"))
    let empty = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var model = TrainingSamples.classifier(Float.self)
      var trainer = TrainerTests.trainer(model)
      try trainer.run(
        &model, on: Graph(threads: 1), batches: .list([]), loss: TrainingSamples.loss)
    }
    #expect(message(empty).contains("epoch 0 has no batch"))
  }
}
