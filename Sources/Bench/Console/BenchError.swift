import Foundation

/// A failure that ends the run with one line on standard error and an exit code of its own.
struct BenchError: Error, Equatable, CustomStringConvertible {
  /// What a script can tell from the exit status of `Bench`.
  enum Code: Int32 {
    /// A contestant gave a wrong answer, or something unforeseen failed.
    case failure = 1
    /// `check`: the engine got slower. `knobs`: an option costs more than is allowed.
    case regression = 2
    /// `check`: too noisy, too loaded, or no baseline for this machine.
    case couldNotMeasure = 4
    /// The command line was wrong.
    case usage = 64
    /// A file could not be read or is malformed.
    case data = 65
    /// A result could not be written.
    case cannotWrite = 73
  }

  var code: Code
  var message: String

  var description: String { message }

  static func failure(_ message: String) -> BenchError { .init(code: .failure, message: message) }
  static func usage(_ message: String) -> BenchError { .init(code: .usage, message: message) }
  static func data(_ message: String) -> BenchError { .init(code: .data, message: message) }
  static func cannotWrite(_ message: String) -> BenchError {
    .init(code: .cannotWrite, message: message)
  }
}
