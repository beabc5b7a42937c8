import Charts
import Foundation

/// Says on standard error which row is being measured and about how long the rest takes.
///
/// On a terminal it rewrites one line; elsewhere it writes a line for each row that is done.
final class Progress {
  private let isQuiet: Bool
  private let isTerminal = StatusLine.isTerminal
  private var total = 0
  private var start = Stopwatch.now()
  private var status = StatusLine()

  init(quiet: Bool) { isQuiet = quiet }

  func begin(total: Int) {
    self.total = total
    start = Stopwatch.now()
  }

  /// What is happening to row `index`, counted from one.
  func row(_ index: Int, _ name: String, phase: String) {
    guard isTerminal, !isQuiet else { return }
    status.show(line(index, name, "\(phase)\(remaining(afterRows: index - 1))"))
  }

  func finishRow(_ index: Int, _ name: String) {
    guard !isTerminal else { return }
    note(line(index, name, "done\(remaining(afterRows: index))"))
  }

  /// A line that stays.
  func note(_ text: String) {
    guard !isQuiet else { return }
    status.note(text)
  }

  func end() { status.clear() }

  private func line(_ index: Int, _ name: String, _ text: String) -> String {
    "row \(index) of \(total): \(name), \(text)"
  }

  /// The time that the rows not yet done take if they are like those that are.
  private func remaining(afterRows done: Int) -> String {
    guard done > 0, done < total else { return "" }
    let elapsed = Double(Stopwatch.now() - start) * 1e-9
    let rest = elapsed / Double(done) * Double(total - done)
    return ", about \(Format.duration(rest)) left"
  }
}
