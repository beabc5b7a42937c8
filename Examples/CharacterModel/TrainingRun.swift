import Autodiff
import Foundation
import LinAlg
import Recurrent
import SequenceModels

/// How long to train: until the first limit that is reached.
struct TrainingLimit {
  var epochs: Int?
  var minutes: Double?

  /// How much of the training is done, 0 to 1.
  func progress(epochs done: Double, seconds elapsed: Double) -> Double {
    min(1, max(epochs.map { done / Double($0) } ?? 0, minutes.map { elapsed / (60 * $0) } ?? 0))
  }
}

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
  let limit: TrainingLimit

  /// How many times the held-out text is evaluated on the way.
  static var reportCount: Int { 12 }

  /// Trains until a limit is reached; on return ``model`` is the best one that was evaluated.
  mutating func train(
    report: (TrainingReport) -> Void
  ) throws(TrainingError) -> TrainingResult {
    let streams = TokenStreams(text.training, batch: batch, steps: steps)
    let graph = Graph<Layer.Scalar>(threads: threads, seed: seed)
    var adam = Adam(for: model.parameters, learningRate: learningRate)
    let schedule = WarmUpCosine(
      peak: learningRate, final: learningRate / 10, warmUpSteps: 20, totalSteps: 1000)
    var window = TokenWindow()
    var state: SequenceBatch<Layer.Scalar>?
    var best = model
    var result = TrainingResult()
    var sinceReport = Loss()
    var time = TrainingTime()
    var windows = 0
    var progress = 0.0
    while progress < 1 {
      let index = windows % streams.windowCount
      if index == 0 { state = nil }
      streams.load(index, into: &window)
      adam.learningRate = schedule.rate(atStep: Int(progress * 1000))
      let step = try model.trainingStep(
        window, state: &state, on: graph, optimizer: &adam, maximumNorm: maximumNorm)
      sinceReport += step.loss
      result.tokens += step.loss.count
      windows += 1
      let epoch = Double(windows) / Double(streams.windowCount)
      progress = limit.progress(epochs: epoch, seconds: time.elapsed)
      if progress < 1, progress * Double(Self.reportCount) < Double(result.reports.count + 1) {
        continue
      }
      let heldOut = time.excluding {
        model.evaluate(text.heldOut, streams: TrainingText.evaluationStreams(batch: batch))
      }
      let current = TrainingReport(
        epoch: epoch, training: sinceReport.bitsPerToken, heldOut: heldOut.bitsPerToken,
        tokensPerSecond: Double(result.tokens) / time.training,
        secondsLeft: time.elapsed * (1 / progress - 1))
      sinceReport = Loss()
      if current.heldOut < result.best.heldOut { best = model }
      result.reports.append(current)
      report(current)
    }
    model = best
    result.seconds = time.elapsed
    return result
  }
}

/// The time since the beginning, and how much of it was training.
struct TrainingTime {
  private let start = ContinuousClock.now
  private var excluded = 0.0

  /// Seconds since the beginning.
  var elapsed: Double { (ContinuousClock.now - start) / .seconds(1) }
  /// Seconds without what was excluded.
  var training: Double { elapsed - excluded }

  /// Runs something that is not training.
  mutating func excluding<Result>(_ body: () -> Result) -> Result {
    let before = elapsed
    defer { excluded += elapsed - before }
    return body()
  }
}

/// One line of progress.
struct TrainingReport: CustomStringConvertible {
  var epoch = 0.0
  var training = Double.infinity
  var heldOut = Double.infinity
  var tokensPerSecond = 0.0
  var secondsLeft = 0.0

  var description: String {
    String(
      format:
        "epoch %6.2f   training %.3f   held out %.3f bits per character   %6.0f tokens/s   %@",
      epoch, training, heldOut, tokensPerSecond, secondsLeft < 1 ? "done" : timeLeft)
  }

  private var timeLeft: String {
    let seconds = Int(secondsLeft.rounded())
    return String(format: "%d:%02d left", seconds / 60, seconds % 60)
  }
}

/// What came of the training.
struct TrainingResult: CustomStringConvertible {
  var tokens = 0
  var seconds = 0.0
  var reports: [TrainingReport] = []

  /// The report with the lowest held-out loss.
  var best: TrainingReport {
    reports.min { $0.heldOut < $1.heldOut } ?? TrainingReport()
  }

  var description: String {
    let last = reports.last ?? TrainingReport()
    return String(
      format: """
        held-out text: %.3f bits per character at epoch %.2f (kept), %.3f at the end, \
        epoch %.2f; %d tokens in %.0f s, %.0f tokens/s while training
        """,
      best.heldOut, best.epoch, last.heldOut, last.epoch, tokens, seconds, last.tokensPerSecond)
  }
}
