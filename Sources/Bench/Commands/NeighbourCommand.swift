import ArgumentParser

/// The process that `--neighbour` starts.
struct NeighbourCommand: ParsableCommand {
  static let name = "neighbour"
  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "Stream memory on one processor until standard input ends.",
    shouldDisplay: false)

  func run() { Neighbour.work() }
}
