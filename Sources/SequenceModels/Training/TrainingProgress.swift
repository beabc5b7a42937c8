import Autodiff
internal import Charts

/// Whether a training says on standard error how far it is.
public enum TrainingProgress: Sendable, Hashable {
  /// It does not.
  case quiet
  /// On a terminal a line that is rewritten, elsewhere few lines: the loss, what the validation gave, how
  /// many tokens a second are trained on, and about how long it still takes.
  case standardError
}

/// Where progress is written; tests have one of their own.
package struct ProgressOutput {
  package var isTerminal: Bool
  package var write: (String) -> Void

  package init(isTerminal: Bool, write: @escaping (String) -> Void) {
    (self.isTerminal, self.write) = (isTerminal, write)
  }

  package static var standardError: ProgressOutput {
    ProgressOutput(isTerminal: StatusLine.isTerminal, write: StandardError.write)
  }
}

/// Says how far a training is.
struct ProgressLine {
  /// Between two looks at a line that is rewritten, and between two lines where nothing else is said.
  private static let terminalSeconds = 0.1
  private static let lineSeconds = 60.0

  private let output: ProgressOutput?
  private var status: StatusLine
  private var last = 0.0

  init(_ output: ProgressOutput?) {
    self.output = output
    status = StatusLine(write: output?.write ?? { _ in })
  }

  /// Whether it is time to say how far the training is.
  func isDue(at seconds: Double) -> Bool {
    guard let output else { return false }
    return seconds - last >= (output.isTerminal ? Self.terminalSeconds : Self.lineSeconds)
  }

  /// Between two looks.
  mutating func show(_ point: TrainingHistory.Point) {
    last = point.seconds
    let text = Self.text(point, isBest: false)
    if output?.isTerminal == true { status.show(text) } else { status.note(text) }
  }

  /// A line that stays, for a point of the history.
  mutating func note(_ point: TrainingHistory.Point, isBest: Bool) {
    guard output != nil else { return }
    status.note(Self.text(point, isBest: isBest))
    last = point.seconds
  }

  mutating func end() { status.clear() }

  static func text(_ point: TrainingHistory.Point, isBest: Bool) -> String {
    var parts = point.epoch > 0 ? ["epoch \(Format.fixed(point.epoch, 2))"] : []
    parts += ["update \(point.update)", "loss \(Format.shortest(point.loss.mean))"]
    if let value = point.validation {
      parts.append("validation \(Format.shortest(value))" + (isBest ? " (best)" : ""))
    }
    parts.append("\(Format.count(point.tokensPerSecond)) tokens/s")
    if let left = point.secondsLeft {
      parts.append(left > 0 ? "\(Format.duration(left)) left" : "done")
    }
    return parts.joined(separator: "  ")
  }
}
