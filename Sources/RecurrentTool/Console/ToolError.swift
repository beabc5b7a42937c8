/// A failure that ends the command with one line on standard error and an exit code of its own.
struct ToolError: Error, Equatable {
  /// What a script can tell from the exit status of `recurrent`.
  enum Code: Int32 {
    /// What was compared differs.
    case different = 1
    /// The command line was wrong.
    case usage = 64
    /// A file holds what it should not, or not what was asked for.
    case data = 65
    /// A file is not there, or cannot be opened.
    case noInput = 66
    /// A result could not be written.
    case cannotWrite = 74
  }

  var code: Code
  /// What is wrong, on one line; empty where the output says it.
  var message: String

  static func usage(_ message: String) -> ToolError { .init(code: .usage, message: message) }
  static func data(_ message: String) -> ToolError { .init(code: .data, message: message) }
  static func noInput(_ message: String) -> ToolError { .init(code: .noInput, message: message) }
  static func cannotWrite(_ message: String) -> ToolError {
    .init(code: .cannotWrite, message: message)
  }
}
