import Autodiff
import Foundation
import LinAlg
import Recurrent
import SequenceModels

/// Trains a model by truncated backpropagation and keeps the one that predicts the held-out text best.
struct TrainingRun<Layer: RecurrentLayer> {
  var model: LanguageModel<Layer>
  let text: TrainingText
  let batch: Int
  let steps: Int
  let learningRate: Double
  let maximumNorm: Double
  let threads: Int?
  let seed: UInt64
  let duration: TrainingDuration

  /// Trains until a limit is reached; on return ``model`` is the best one that was evaluated.
  mutating func train(report: @escaping (TrainingReport) -> Void) throws -> TrainingResult {
    let graph = Graph<Layer.Scalar>(threads: threads, seed: seed)
    var trainer = Trainer(optimizer: Adam(for: model.parameters))
    trainer.duration = duration
    // A rise over a fiftieth of the training, however long it is.
    trainer.schedule = WarmUpCosine(
      peak: learningRate, final: learningRate / 10, warmUpSteps: 20, totalSteps: 1000)
    trainer.scheduleLength = 1000
    trainer.validation = .times(12)
    trainer.didLook = { report(TrainingReport($0)) }
    let (text, batch, maximumNorm) = (text, batch, maximumNorm)
    var state: SequenceBatch<Layer.Scalar>?
    let history = try trainer.run(
      &model, batches: .windows(of: TokenStreams(text.training, batch: batch, steps: steps)),
      validate: {
        $0.evaluate(text.heldOut, streams: TrainingText.evaluationStreams(batch: batch))
          .bitsPerToken
      },
      step: { model, window, adam in
        if window.index == 0 { state = nil }
        return try model.trainingStep(
          window, state: &state, on: graph, optimizer: &adam, maximumNorm: maximumNorm)
      })
    return TrainingResult(history)
  }
}

/// One line of progress.
struct TrainingReport: CustomStringConvertible {
  let point: TrainingHistory.Point

  init(_ point: TrainingHistory.Point) { self.point = point }

  var description: String {
    String(
      format:
        "epoch %6.2f   training %.3f   held out %.3f bits per character   %6.0f tokens/s   %@",
      point.epoch, point.loss.bitsPerToken, point.validation ?? .nan, point.tokensPerSecond,
      timeLeft)
  }

  private var timeLeft: String {
    guard let left = point.secondsLeft, left >= 1 else { return "done" }
    let seconds = Int(left.rounded())
    return String(format: "%d:%02d left", seconds / 60, seconds % 60)
  }
}

/// What came of the training.
struct TrainingResult: CustomStringConvertible {
  let history: TrainingHistory

  init(_ history: TrainingHistory) { self.history = history }

  var description: String {
    guard let best = history.best, let last = history.points.last else { return "no update" }
    return String(
      format: """
        held-out text: %.3f bits per character at epoch %.2f (kept), %.3f at the end, \
        epoch %.2f; %d tokens in %.0f s, %.0f tokens/s while training
        """,
      best.validation ?? .nan, best.epoch, last.validation ?? .nan, last.epoch, history.tokens,
      last.seconds, last.tokensPerSecond)
  }
}
