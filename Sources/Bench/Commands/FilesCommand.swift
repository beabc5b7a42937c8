import ArgumentParser
import Charts
import Foundation

/// Measures what reading and writing large files of weights costs.
struct FilesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "files",
    abstract: "What reading weights and writing checkpoints costs, beside the least that it could.",
    discussion: """
      Writes the weights of a stack of LSTMs as PyTorch has them, and a checkpoint of its training by Adam; checks \
      that both are read back bit for bit; then, in turns: opens the file; reads it into layers and packs their \
      weights, beside two copies of as many bytes into new memory; writes the checkpoint, beside as many bytes from \
      memory, both with sync and rename. The files are in the system's memory when they are read.

      A row that takes longer than wanted is marked, and the exit code is 2. Tools/peers --suite files compares with \
      safetensors' and PyTorch's own readers.

      EXAMPLES
        Bench files
        Bench files --megabytes 300 --directory .
      """)

  @OptionGroup var measuring: MeasuringOptions

  @Option(help: ArgumentHelp("About how large each file is.", valueName: "MB"))
  var megabytes = 1024

  @Option(help: ArgumentHelp("On whose disk; default: the temporary folder.", valueName: "folder"))
  var directory: String?

  @Option(help: ArgumentHelp("How often each is timed, after once to warm up.", valueName: "count"))
  var turns = 7

  func validate() throws {
    guard (1...100_000).contains(megabytes) else {
      throw ValidationError("--megabytes must be from 1 to 100000, not \(megabytes)")
    }
    guard (1...1000).contains(turns) else {
      throw ValidationError("--turns must be from 1 to 1000, not \(turns)")
    }
  }

  func run() throws {
    try measuring.prepareProcess()
    let manager = FileManager.default
    let folder = URL(
      fileURLWithPath: directory ?? manager.temporaryDirectory.path, isDirectory: true
    ).appendingPathComponent("bench-files-\(UUID().uuidString)")
    do {
      try manager.createDirectory(at: folder, withIntermediateDirectories: false)
    } catch {
      throw BenchError.cannotWrite("\(folder.path): the folder cannot be made")
    }
    defer { try? manager.removeItem(at: folder) }
    let progress = Progress(quiet: measuring.quiet)
    progress.note("writing and verifying files of \(megabytes) MB in \(folder.path)")
    let measurement = try FileMeasurement(
      bytes: megabytes * 1_000_000, seed: measuring.seed, in: folder.path)
    try measurement.verify()
    var timings: [FileMeasurement.Row: FileMeasurement.Timing] = [:]
    for turn in 0...turns {
      progress.note(turn == 0 ? "warming up" : "turn \(turn) of \(turns)")
      for row in FileMeasurement.Row.allCases {
        var timing = timings[row] ?? FileMeasurement.Timing()
        try measurement.measure(row, into: &timing)
        timings[row] = turn == 0 ? FileMeasurement.Timing() : timing
      }
    }
    let table = FileTable(timings, bytes: measurement.bytes)
    StandardOutput.write(table.render())
    guard table.over.isEmpty else {
      throw BenchError(
        code: .regression,
        message: "longer than wanted: \(table.over.map(\.name).joined(separator: "; "))")
    }
  }
}
