import ArgumentParser
import Charts
import Foundation

/// Looks at files of models, converts and compares them, and runs ONNX models.
@main
struct RecurrentTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recurrent",
    abstract: "Inspect, convert, run and compare files of recurrent networks.",
    discussion: """
      EXAMPLES
        recurrent inspect model.safetensors
        recurrent convert model.pt model.safetensors
        recurrent convert model.pt keras.npz --from pytorch --to keras
        recurrent run tagger.onnx --input tokens=tokens.npy --output-dir results
        recurrent compare results expected --tolerance 1e-5

      EXIT CODES
        0 success    1 compared files differ    64 wrong options    65 bad data
        66 no such input    74 an output cannot be written
      """,
    version: "0.1.0",
    subcommands: [
      InspectCommand.self, ConvertCommand.self, RunCommand.self, CompareCommand.self,
    ])

  /// Parses the command line and runs the command; every failure is one line on standard error.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as ToolError {
      if !error.message.isEmpty {
        StandardError.line("recurrent: \(Printable.line(error.message))")
      }
      Foundation.exit(error.code.rawValue)
    } catch {
      let code = exitCode(for: error)
      if code == .success || error is ExitCode { exit(withError: error) }
      let reason = Printable.line(message(for: error))
      StandardError.line("recurrent: \(reason) (see 'recurrent --help')")
      Foundation.exit(code.rawValue)
    }
  }
}
