import Foundation

/// Standard error, where everything but a program's results goes.
package enum StandardError {
  package static func write(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
  }

  package static func line(_ text: String) { write(text + "\n") }
}

/// A line on standard error that says how far something is: rewritten in place on a terminal.
package struct StatusLine {
  /// Whether standard error is a terminal.
  package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  private let write: (String) -> Void
  private var width = 0

  /// - Parameter write: takes the text; standard error by default.
  package init(write: @escaping (String) -> Void = StandardError.write) { self.write = write }

  /// Puts `text` over what the line shows.
  package mutating func show(_ text: String) {
    let padding = String(repeating: " ", count: max(0, width - text.count))
    write("\r\(text)\(padding)")
    width = text.count
  }

  /// Writes `text` as a line that stays.
  package mutating func note(_ text: String) {
    clear()
    write(text + "\n")
  }

  /// Removes what the line shows.
  package mutating func clear() {
    guard width > 0 else { return }
    write("\r\(String(repeating: " ", count: width))\r")
    width = 0
  }
}
