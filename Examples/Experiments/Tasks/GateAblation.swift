import Charts
import LinAlg
import Recurrent
import SequenceModels

/// What the gates of an LSTM are for (Jozefowicz et al. 2015): without one of them, with two coupled, with another
/// bias; beside it the GRU and the three cells that their search found. Five seeds on two of their tasks.
enum GateAblation: Experiment {
  static let name = "gate-ablation"
  static let summary = "LSTMs without a gate, GRU and MUT1 to MUT3 on arithmetic and XML-like text"

  private static let withoutForget = "LSTM without forget gate"
  private static let otherGates = ["LSTM without input gate", "LSTM without output gate"]

  private static func cells() throws -> [(name: String, cell: CellDefinition)] {
    [
      ("LSTM", try .lstm()),
      (otherGates[0], try .lstm { $0.inputGate = .open }),
      (withoutForget, try .lstm { $0.forgetGate = nil }),
      (otherGates[1], try .lstm { $0.outputGate = nil }),
      ("LSTM, input coupled to forget", try .lstm { $0.inputGate = .coupled }),
      ("LSTM, forget bias 0", try .lstm { $0.forgetBias = 0 }),
      ("GRU", try .gru()),
      ("MUT1", .mut1(projectingInput: true)),
      ("MUT2", .mut2(projectingInput: true)),
      ("MUT3", .mut3),
    ]
  }

  static func measure(_ run: ExperimentRun) throws {
    let units = run.choose(smoke: 12, full: 64)
    let tasks: [any CellTask] = [
      SpelledSumTask(
        units: units, updates: run.choose(smoke: 20, full: 12_000),
        digits: run.choose(smoke: 1, full: 2)),
      NestedTagsTask(
        units: units, updates: run.choose(smoke: 20, full: 9000),
        letters: run.choose(smoke: 2, full: 3), tags: run.choose(smoke: 2, full: 4)),
    ]
    let seeds = run.choose(smoke: 2, full: 5)
    for task in tasks {
      let scores = try measure(task, seeds: seeds, run)
      let ranking = scores.sorted { Spread($0.scores).mean > Spread($1.scores).mean }
      for (rank, own) in ranking.enumerated() {
        let spread = Spread(own.scores)
        run.report(
          "\(task.name): \(own.name)", spread.mean,
          run.choose(smoke: .atLeast(0), full: nil),
          note: "± \(Format.shortest(interval(spread, seeds))), place \(rank + 1)")
      }
      func score(_ name: String) -> [Double] { scores.first { $0.name == name }?.scores ?? [] }
      // Of the same seeds, so that what a seed does to all cells does not count.
      for other in otherGates {
        let differences = Spread(zip(score(other), score(withoutForget)).map { $0 - $1 })
        run.report(
          "\(task.name): \(other) above that without forget gate", differences.mean,
          run.choose(smoke: nil, full: .above(0)),
          note: "± \(Format.shortest(interval(differences, seeds))) over \(seeds) seeds")
      }
      run.show(
        .text(
          title: "gate-ablation, \(task.name)",
          lines: ranking.map { own in
            "\(own.name): \(own.scores.map { Format.shortest($0) }.joined(separator: "  "))"
          }))
    }
  }

  /// Half of the interval at 95 % by Student's t.
  private static func interval(_ spread: Spread, _ count: Int) -> Double {
    let quantiles = [12.706, 4.303, 3.182, 2.776]
    return spread.standardError * quantiles[min(max(count - 2, 0), 3)]
  }

  /// The scores of each cell, one for each seed. A training that diverges counts 0.
  private static func measure(
    _ task: any CellTask, seeds: Int, _ run: ExperimentRun
  ) throws -> [(name: String, scores: [Double])] {
    try cells().map { name, cell in
      let first = run.seed
      let scores = try sideBySide(seeds, threads: run.threads) { n in
        Result {
          do {
            return try task.score(cell, seed: first &+ UInt64(n), isFinal: true)
          } catch is TrainingError {
            return 0
          }
        }
      }.map { try $0.get() }
      run.say("\(task.name), \(name): \(scores.map { Format.shortest($0) })")
      return (name, scores)
    }
  }
}
