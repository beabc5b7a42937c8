import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// The same budget for every cell: units, batches, updates, optimizer, and the random numbers.
struct AddingContest {
  var steps = 100
  var hiddenSize = 64
  var batch = 32
  var updates = 6000
  var learningRate = 1e-3
  var maximumNorm = 1.0
  var forgetBias = 1.0
  var seed: UInt64 = 1
  var threads: Int?
  /// What the weights are packed in after training, for the validation error once more.
  var weights: [WeightFormat] = []

  /// The error below which the problem counts as solved.
  static let solved = 0.01
  /// The sequences that are never trained on; the same for every seed.
  static let validationCount = 1000
  private static let validationSeed: UInt64 = 0xADD
  /// Updates between two looks at the validation sequences.
  static let interval = 50

  /// Trains a model for all of the budget, or until its gradients are not finite.
  func train<Layer: RecurrentLayer>(
    _ model: AddingModel<Layer>, progress: @escaping (AddingReport) -> Void
  ) -> AddingResult where Layer.Scalar == Float {
    var model = model
    var validationSource = SeededGenerator(seed: Self.validationSeed)
    let validation = AddingSequences(
      steps: steps, batch: Self.validationCount, using: &validationSource)
    // Not the numbers that the weights were made of, and the same for every cell.
    var source = SeededGenerator(seed: ~seed)
    var result = AddingResult(parameters: model.parameters.scalarCount)
    let graph = Graph<Float>(threads: threads, seed: seed)
    var trainer = Trainer(
      optimizer: Adam(for: model.parameters, learningRate: learningRate), maximumNorm: maximumNorm)
    trainer.duration = .updates(updates)
    trainer.validation = .updates(Self.interval)
    trainer.keepsBest = false
    trainer.didLook = { progress(AddingReport($0)) }
    do {
      try trainer.run(
        &model, on: graph,
        batches: .endless { _ in
          AddingSequences(steps: steps, batch: batch, using: &source)
        },
        validate: {
          $0.evaluate(on: graph) { $0.meanSquaredError(validation, on: $1).loss.mean }
        },
        loss: { $0.meanSquaredError($1, on: $2) })
    } catch {
      result.diverged = true
    }
    if !result.diverged {
      for format in weights {
        // A weight that the format cannot hold leaves no error to tell.
        let packed = try? model.inference(weights: format)
        let error = packed?.evaluate(on: graph) {
          $0.meanSquaredError(validation, on: $1).loss.mean
        }
        result.packedErrors.append((format, error.map { Double($0) } ?? .nan))
      }
    }
    result.reports = trainer.history.points.map(AddingReport.init)
    result.sequences = trainer.history.updates * batch
    result.trainingSeconds = trainer.history.trainingSeconds
    return result
  }
}

/// The validation error on the way.
struct AddingReport {
  /// How many updates have been made.
  var update: Int
  /// The mean squared error of the validation sequences.
  var error: Double

  init(update: Int, error: Double) { (self.update, self.error) = (update, error) }

  init(_ point: TrainingHistory.Point) {
    self.init(update: point.update, error: point.validation ?? .nan)
  }
}

/// What became of a cell.
struct AddingResult {
  var parameters: Int
  var reports: [AddingReport] = []
  var sequences = 0
  var trainingSeconds = 0.0
  var diverged = false
  /// The validation error at the end with packed weights.
  var packedErrors: [(format: WeightFormat, error: Double)] = []

  /// The first look at which the problem counted as solved.
  var solvedAt: Int? { reports.first { $0.error < AddingContest.solved }?.update }
  var finalError: Double { reports.last?.error ?? .nan }
  var bestError: Double { reports.map(\.error).min() ?? .nan }
  var sequencesPerSecond: Double { Double(sequences) / trainingSeconds }
}
