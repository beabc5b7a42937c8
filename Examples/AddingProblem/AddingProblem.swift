import ArgumentParser
import Foundation
import Recurrent

@main
struct AddingProblem: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "AddingProblem",
    abstract: "Compares how long recurrent cells can remember a number.",
    discussion: """
      The adding problem of Hochreiter & Schmidhuber (1997): in each step a cell sees a random \
      number between 0 and 1 and a marker, which is set in two steps of the sequence, one in each \
      half. After the last step it is asked for the sum of the two marked numbers. To answer 1 \
      always has a mean squared error of 0.1667; below 0.01 the problem counts as solved.

      Every cell gets the same budget: as many units, the same batches, Adam with the same learning \
      rate, gradients clipped to the same norm. The error is that on 1000 other sequences, every \
      \(AddingContest.interval) updates.

      Build it with `-c release`: a debug build is slower. The table goes to standard output, \
      progress to standard error.
      """)

  @Option(help: "Steps of a sequence.")
  var steps = 100

  @Option(
    help: ArgumentHelp(
      "Which cells, with commas between them: \(CellList.all). [default: all]", valueName: "cells"))
  var cells: CellList?

  @Option(help: "Hidden units of each cell.")
  var hidden = 64

  @Option(help: "Sequences of an update.")
  var batch = 32

  @Option(help: "Updates of the weights.")
  var updates = 6000

  @Option(help: "The learning rate of Adam.")
  var learningRate = 1e-3

  @Option(help: "To what the norm of the gradients is clipped.")
  var clip = 1.0

  @Option(help: "What the forget gates of the LSTMs begin with.")
  var forgetBias = 1.0

  @Option(
    help: ArgumentHelp(
      "What a cell's weights are packed in after training, for the validation error once more: "
        + "\(WeightFormat.allValueStrings.joined(separator: ", ")). May be repeated.",
      valueName: "format"))
  var weights: [WeightFormat] = []

  @Option(help: "Where the random numbers start.")
  var seed: UInt64 = 1

  @Option(help: "Threads of the engine. [default: one for each processor]")
  var threads: Int?

  func validate() throws {
    func check(_ option: String, _ isValid: Bool, _ expected: String) throws {
      if !isValid { throw ValidationError("--\(option) must be \(expected).") }
    }
    try check("steps", (2...100_000).contains(steps), "in 2...100000")
    for (option, value) in [
      ("hidden", hidden), ("batch", batch), ("updates", updates), ("threads", threads ?? 1),
    ] {
      try check(option, (1...1_000_000).contains(value), "in 1...1000000")
    }
    try check("learning-rate", learningRate > 0 && learningRate.isFinite, "positive")
    try check("clip", clip > 0, "positive")
    try check("forget-bias", forgetBias.isFinite, "a number")
  }

  func run() throws {
    #if DEBUG
      printError(
        "warning: this is a debug build; build with -c release to see what the engine can do")
    #endif
    let contest = AddingContest(
      steps: steps, hiddenSize: hidden, batch: batch, updates: updates, learningRate: learningRate,
      maximumNorm: clip, forgetBias: forgetBias, seed: seed, threads: threads,
      weights: weights)
    let cells = cells?.cells ?? AddingCell.allCases
    print(AddingTable.caption(contest))
    print(AddingTable.head)
    fflush(nil)
    for (index, cell) in cells.enumerated() {
      let result = try cell.train(contest) { report in
        // Ten lines for each cell, and the one that solves it shows in the table.
        let lines = 10 * report.update / updates
        if lines > 10 * (report.update - AddingContest.interval) / updates {
          printError(
            "\(index + 1)/\(cells.count) \(cell.rawValue): update \(report.update) of \(updates), "
              + String(format: "validation error %.4f", report.error))
        }
      }
      print(AddingTable.row(cell, result))
      for (format, error) in result.packedErrors {
        printError(
          "\(cell.rawValue), \(format.rawValue) weights: "
            + String(format: "validation error %.7f", error))
      }
      // Each row as soon as it is known, also into a file.
      fflush(nil)
    }
  }
}

extension WeightFormat: ExpressibleByArgument {}

/// Cells with commas between them.
struct CellList: ExpressibleByArgument {
  var cells: [AddingCell]

  static var all: String { AddingCell.allCases.map(\.rawValue).joined(separator: ", ") }

  init?(argument: String) {
    cells = []
    for name in argument.split(separator: ",") {
      guard let cell = AddingCell(rawValue: String(name)) else { return nil }
      cells.append(cell)
    }
    if cells.isEmpty { return nil }
  }
}

/// Writes a line to standard error.
func printError(_ line: String) {
  FileHandle.standardError.write(Data((line + "\n").utf8))
}
