import ArgumentParser
import Charts
import Foundation

/// This package's process in a comparison of whole training steps with PyTorch's.
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model-peer",
    abstract: "Serve Tools/peers --suite models, which compares training steps with PyTorch's.",
    discussion: """
      Reads requests from standard input, a JSON object on each line, and answers each with one line on \
      standard output: {"ok": true, …} or {"ok": false, "error": "why"}. The end of the input ends it.

      REQUESTS
        {"request": "hello"}                          name, version, detail
        {"request": "load", "model": "character", "sizes": {"vocabulary": 96, "embedding": 64,
         "hidden": 256}, "threads": 1, "dropout": 0.3, "path": "batches.json"}
        {"request": "weights", "path": "w.f32"}       writes the weights; tensors: name, rows, columns
        {"request": "train", "updates": 20}           losses: before each update
        {"request": "time", "updates": 2, "updatesPerSample": 4, "samples": 5}
                                                      nanoseconds: of an update, for each sample
      Models are character, tagger, translation and pointer. Adam at 0.001, gradients clipped to a norm of 1. \
      The file of batches is an array of {"steps", "batch", "lengths", "tokens" or "points", "inputs", \
      "labels", "labelSteps", "labelLengths"}, arrays row by row with steps first.
      """,
    shouldDisplay: false)

  @Flag(help: "Serve even with a debug build, instead of building for release first.")
  var allowDebug = false

  func run() throws {
    try Relaunch.ifNeeded(keepCoreType: false, allowDebug: allowDebug)
    var session = ModelSession()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    while let line = readLine() {
      if line.allSatisfy(\.isWhitespace) { continue }
      let answer = try encoder.encode(session.answer(line: line))
      StandardOutput.write(String(decoding: answer, as: UTF8.self) + "\n")
    }
  }
}
