import ArgumentParser
import Foundation
import LinAlg
import ModelFiles
import Recurrent

/// This package's process in a comparison with other readers of weights.
struct FilePeerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "file-peer",
    abstract: "Read a file of weights for Tools/peers --suite files, which compares readers.",
    discussion: """
      Reads a stack of LSTMs of PyTorch's, and prints {"open", "load", "tensors", "sum"}: the seconds until names and \
      shapes are known; those until the weights are in layers and packed, opening included; how many tensors there \
      are; the sum of all numbers.
      """,
    shouldDisplay: false)

  @Option(help: "The file.")
  var file: String

  @Flag(help: "Run even with a debug build, instead of building for release first.")
  var allowDebug = false

  private struct Answer: Encodable {
    var open: Double
    var load: Double
    var tensors: Int
    var sum: Double
  }

  func run() throws {
    try Relaunch.ifNeeded(keepCoreType: false, allowDebug: allowDebug)
    do {
      var start = Stopwatch.now()
      let opened = try TensorFile(contentsOf: file)
      let open = Stopwatch.seconds(since: start)
      start = Stopwatch.now()
      let stack = try Stacked<LSTM<Float>>(contentsOf: file, layout: .pytorch)
      let load = Stopwatch.seconds(since: start) + FileMeasurement.packingSeconds(of: stack)
      let sum = try opened.tensors.reduce(0.0) { sum, tensor in
        try sum + tensor.values(as: Float.self).reduce(0.0) { $0 + Double($1) }
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      let answer = try encoder.encode(
        Answer(open: open, load: load, tensors: opened.tensors.count, sum: sum))
      StandardOutput.write(String(decoding: answer, as: UTF8.self) + "\n")
    } catch let error as ModelFileError {
      throw BenchError.data(error.description)
    } catch let error as WeightsError {
      throw BenchError.data(error.description)
    }
  }
}
