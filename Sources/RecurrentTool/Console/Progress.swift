import Charts

/// Says on standard error how far a command is, where that is a terminal and the command takes long.
final class Progress {
  private let isShown: Bool
  private let clock = ContinuousClock()
  private var next: ContinuousClock.Instant
  private var status = StatusLine()

  /// - Parameter isShown: whether it is shown at all; by default on a terminal.
  init(isShown: Bool = StatusLine.isTerminal) {
    self.isShown = isShown
    next = clock.now + .milliseconds(500)
  }

  /// What is done now. Shown a few times a second, from half a second on.
  func show(_ text: @autoclosure () -> String) {
    guard isShown, clock.now >= next else { return }
    status.show(Printable.name(text()))
    next = clock.now + .milliseconds(200)
  }

  /// Part `index` of `count`, counted from zero.
  func show(_ what: String, _ index: Int, of count: Int) {
    show(
      "\(what) \(index + 1) of \(count), \(Format.percent(Double(index) / Double(max(count, 1))))")
  }

  /// Removes what is shown.
  func end() { status.clear() }

  deinit { status.clear() }
}
