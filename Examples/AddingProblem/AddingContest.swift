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

  /// The error below which the problem counts as solved.
  static let solved = 0.01
  /// The sequences that are never trained on; the same for every seed.
  static let validationCount = 1000
  private static let validationSeed: UInt64 = 0xADD
  /// Updates between two looks at the validation sequences.
  static let interval = 50

  /// Trains a model for all of the budget, or until its gradients are not finite.
  func train<Layer: RecurrentLayer>(
    _ model: AddingModel<Layer>, progress: (AddingReport) -> Void
  ) -> AddingResult where Layer.Scalar == Float {
    var model = model
    var validationSource = SeededGenerator(seed: Self.validationSeed)
    let validation = AddingSequences(
      steps: steps, batch: Self.validationCount, using: &validationSource)
    // Not the numbers that the weights were made of, and the same for every cell.
    var source = SeededGenerator(seed: ~seed)
    var data = AddingSequences(steps: steps, batch: batch, using: &source)
    var adam = Adam(for: model.parameters, learningRate: learningRate)
    let graph = Graph<Float>(threads: threads, seed: seed)
    var result = AddingResult(parameters: model.parameters.scalarCount)
    let clock = ContinuousClock()
    for update in 1...updates {
      let start = clock.now
      do {
        if update > 1 { data.redraw(using: &source) }
        try model.trainingStep(on: graph, optimizer: &adam, maximumNorm: maximumNorm) {
          $0.meanSquaredError(data, on: $1)
        }
      } catch {
        result.diverged = true
        return result
      }
      result.trainingSeconds += (clock.now - start) / .seconds(1)
      result.sequences += batch
      if update % Self.interval == 0 || update == updates {
        let report = AddingReport(
          update: update,
          error: model.evaluate(on: graph) { $0.meanSquaredError(validation, on: $1).loss.mean })
        result.reports.append(report)
        progress(report)
      }
    }
    return result
  }
}

/// The validation error on the way.
struct AddingReport {
  /// How many updates have been made.
  var update: Int
  /// The mean squared error of the validation sequences.
  var error: Double
}

/// What became of a cell.
struct AddingResult {
  var parameters: Int
  var reports: [AddingReport] = []
  var sequences = 0
  var trainingSeconds = 0.0
  var diverged = false

  /// The first look at which the problem counted as solved.
  var solvedAt: Int? { reports.first { $0.error < AddingContest.solved }?.update }
  var finalError: Double { reports.last?.error ?? .nan }
  var bestError: Double { reports.map(\.error).min() ?? .nan }
  var sequencesPerSecond: Double { Double(sequences) / trainingSeconds }
}
