import Foundation
import Testing

/// The built program, run as from a shell.
enum Program {
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String

    /// Whether standard error is one line.
    var isOneLine: Bool { errors.split(separator: "\n").count == 1 && errors.hasSuffix("\n") }
  }

  /// The program lies beside the test bundle.
  static let executable: URL = {
    #if os(Linux)
      let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    #else
      let own = Bundle.main.executablePath ?? ""
    #endif
    return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("recurrent")
  }()

  /// Runs `recurrent` with these arguments.
  static func run(_ arguments: [String], output: FileHandle? = nil) throws -> Outcome {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    let (pipe, errors) = (Pipe(), Pipe())
    process.standardOutput = output ?? pipe
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = output == nil ? pipe.fileHandleForReading.readDataToEndOfFile() : Data()
    let complaints = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit, "\(arguments) ended by a signal")
    return Outcome(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: complaints, as: UTF8.self))
  }
}
