import Autodiff
internal import Charts
internal import WholeFiles

/// What came of a training.
public struct TrainingHistory: Sendable {
  /// How the training stood at one time.
  public struct Point: Sendable, Hashable {
    /// How often the batches had been read.
    public var epoch: Double
    /// How many updates had been made.
    public var update: Int
    /// The loss of the updates since the point before, each before its step.
    public var loss: Loss
    /// What the validation gave; nil without one. Less is better.
    public var validation: Double?
    /// The learning rate of the last update.
    public var learningRate: Double
    /// The global norm of the last update's gradients, before clipping.
    public var gradientNorm: Double
    /// What the loss counted (tokens, for a model of text) in a second of training so far.
    public var tokensPerSecond: Double
    /// Since the beginning.
    public var seconds: Double
    /// About how much longer it takes; nil where nothing tells yet, 0 at the end.
    public var secondsLeft: Double?
  }

  /// Why a training ended.
  public enum Ending: Sendable, Hashable {
    /// It took as long as it was to take.
    case duration
    /// The validation had not become better for as long as was to be waited.
    case patience
    /// It was asked to.
    case interruption
  }

  /// How it stood at each look, in order; the last is the end.
  public internal(set) var points: [Point] = []
  /// The mean loss of each update, before its step.
  public internal(set) var losses: [Double] = []
  /// How often the batches were read.
  public internal(set) var epochs = 0.0
  /// What the losses counted (tokens, for a model of text).
  public internal(set) var tokens = 0
  /// How long it took, without validation.
  public internal(set) var trainingSeconds = 0.0
  /// Why it ended; nil where it ended with an error.
  public internal(set) var ending: Ending?

  /// Before the first update.
  package init() {}

  /// How many updates were made.
  public var updates: Int { losses.count }

  /// The point with the lowest validation, the first of equals; nil without validation.
  public var best: Point? {
    points.reduce(nil) { best, point in
      guard let value = point.validation, !value.isNaN else { return best }
      guard let least = best?.validation, least <= value else { return point }
      return best
    }
  }
}

extension TrainingHistory {
  /// The losses as a picture, the text of an SVG file: of the updates, as means where there are many, and of
  /// the validation.
  ///
  /// - Parameter title: its heading.
  public func curve(title: String = "Loss") -> String {
    let most = 400
    let every = max(1, (losses.count + most - 1) / most)
    let training = stride(from: 0, to: losses.count, by: every).map { start in
      let part = losses[start..<min(start + every, losses.count)]
      let middle = Double(start) + Double(part.count + 1) / 2
      return (x: middle, y: part.reduce(0, +) / Double(part.count))
    }
    var series = [
      LineChart.Series(
        name: every == 1 ? "training" : "training, means of \(every) updates", points: training)
    ]
    let validation = points.compactMap { point in
      point.validation.map { (x: Double(point.update), y: $0) }
    }
    if !validation.isEmpty {
      series.append(.init(name: "validation", points: validation, isDashed: true))
    }
    return LineChart(label: title, x: .init("update"), y: .init("loss"), series: series)
      .svg().document
  }

  /// Writes ``curve(title:)`` to a file, whole or not at all.
  ///
  /// - Throws: ``CurveFileError``; a file that was there before is then as it was.
  public func writeCurve(to path: String, title: String = "Loss") throws(CurveFileError) {
    do {
      try WholeFile.write(curve(title: title).utf8, to: path)
    } catch {
      throw CurveFileError(path: error.path, reason: error.reason)
    }
  }
}

/// A curve that could not be written.
public struct CurveFileError: Error, Hashable, CustomStringConvertible {
  /// The file.
  public var path: String
  /// What the system says.
  public var reason: String

  /// The file and what the system says.
  public var description: String { "\(path): \(reason)" }
}
