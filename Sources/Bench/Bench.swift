import ArgumentParser
import Charts
import Foundation

/// Measures the engine on this machine, against its baselines and the machine's own limits.
@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "Bench",
    abstract: "How fast recurrent networks run on this machine, and whether they still do.",
    discussion: """
      EXAMPLES
        Bench                                  the quick suite: a table, in a minute
        Bench list --suite deepbench           what a suite measures
        Bench --suite ragged                   sequences of different lengths
        Bench --suite standard -o report.html  a page with plots
        Bench check                            fails when the engine got slower
        Bench compare before.json after.json   two reports side by side
        Bench knobs                            what each option of a layer costs
        Bench files                            reading weights, writing checkpoints
        Bench steps                            what more threads bring whole training steps
        Bench serve                            many streams that step independently
        Bench peak                             what the machine can do at best

      EXIT CODES
        0 success    1 wrong answer or failure    2 slower than before, or than allowed
        4 could not measure    64 bad options    65 bad file    73 cannot write
      """,
    version: "0.1.0",
    subcommands: [
      RunCommand.self, ListCommand.self, CheckCommand.self, CompareCommand.self, PeakCommand.self,
      PeerCommand.self, ModelCommand.self, WordCommand.self, KnobsCommand.self, FilesCommand.self,
      FilePeerCommand.self, NeighbourCommand.self, ServeCommand.self,
      StepsCommand.self, StepsProcessCommand.self,
    ],
    defaultSubcommand: RunCommand.self)

  /// Parses the command line and runs the command; every failure is one line on standard error.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as BenchError {
      StandardError.line("Bench: \(error.message)")
      Foundation.exit(error.code.rawValue)
    } catch {
      let code = exitCode(for: error)
      if code == .success || error is ExitCode { exit(withError: error) }
      StandardError.line("Bench: \(message(for: error)) (see 'Bench --help')")
      Foundation.exit(code.rawValue)
    }
  }
}
