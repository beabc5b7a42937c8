import Charts
import LinAlg
import Recurrent
import SequenceModels

/// Cells found by search (Zoph and Le 2017; Real et al. 2019): a controller that learns from what its cells
/// reach, evolution, and random draws, each with the same number of evaluations, on two tasks.
enum GateSearch: Experiment {
  static let name = "gate-search"
  static let summary = "cells found by a controller, by evolution and at random, against a GRU"

  /// How many of the best cells are trained again, and with how many further seeds: one run is luck.
  private static let finalists = 5
  private static let repeats = 3

  static func measure(_ run: ExperimentRun) throws {
    let units = run.choose(smoke: 8, full: 24)
    let tasks: [any CellTask] = [
      VerseTask(
        try Bible(run.data), units: units, updates: run.choose(smoke: 20, full: 240),
        characters: run.choose(smoke: 20_000, full: 100_000), seed: run.seed),
      MarkedSumTask(
        units: units, updates: run.choose(smoke: 30, full: 400),
        steps: run.choose(smoke: 6, full: 16)
      ),
    ]
    for task in tasks { try search(task, run) }
  }

  private static func search(_ task: any CellTask, _ run: ExperimentRun) throws {
    let rounds = run.choose(smoke: 3, full: 30)
    let methods: [(name: String, method: CellSearchMethod)] = [
      ("controller", .controller()),
      ("evolution", .evolution(population: run.choose(smoke: 8, full: 24), tournament: 6)),
      ("random", .random),
    ]
    let seed = run.seed
    var rewards: [String: [Double]] = [:]
    var found: [(method: String, code: CellCode, score: Double)] = []
    let space = CellSpace(hasMemory: true)
    for (name, method) in methods {
      let begin = run.seconds
      var search = CellSearch(in: space, by: method, roundSize: 8, seed: seed)
      for round in stride(from: min(5, rounds), through: rounds, by: 5) {
        try search.run(rounds: round, threads: run.threads) { cell in
          try task.score(cell, seed: seed, isFinal: false)
        }
        let own = search.trials.suffix(40).map(search.reward)
        run.say(
          "\(task.name), \(name): round \(round) of \(rounds), mean of the last "
            + "\(own.count) \(Format.shortest(Spread(own).mean))")
      }
      let seconds = run.seconds - begin
      rewards[name] = search.trials.map(search.reward)
      found += search.ranking.prefix(finalists).map { (name, $0.code, search.reward($0)) }
      run.report(
        "\(task.name): cells that the \(name) tried", Double(search.trials.count),
        .equal(Double(rounds * 8)),
        note: """
          \(Set(search.trials.map(\.code)).count) different, \
          \(search.trials.count { $0.score == nil }) failed, in \(Int(seconds)) s
          """)
    }

    let random = Spread(rewards["random"] ?? [])
    for (name, _) in methods {
      let own = rewards[name] ?? []
      let last = Spread(Array(own.suffix(own.count / 5)))
      let mean = "mean score \(Format.shortest(last.mean)), random \(Format.shortest(random.mean))"
      if name == "random" { continue }
      let error =
        (last.standardError * last.standardError + random.standardError * random.standardError)
        .squareRoot()
      run.report(
        "\(task.name): last fifth of the \(name) above random, in standard errors",
        (last.mean - random.mean) / error,
        name == "controller" && run.budget == .full ? .atLeast(3) : nil, note: mean)
    }
    try compareBest(task, run, space, found)
    run.show(
      .lines(
        LineFigure(
          title: "gate-search, \(task.name)", x: "cells tried", y: "mean score of 24",
          series: methods.map { name, _ in
            let own = rewards[name] ?? []
            let ends = Array(stride(from: min(24, own.count), through: own.count, by: 8))
            return LineFigure.Series(
              name: name, x: ends.map(Double.init),
              y: ends.map { Spread(Array(own[max($0 - 24, 0)..<$0])).mean })
          })))
  }

  /// The best cells of each method, chosen by the mean of further trainings, against the GRU and the LSTM on what no
  /// choice was made by.
  private static func compareBest(
    _ task: any CellTask, _ run: ExperimentRun, _ space: CellSpace,
    _ found: [(method: String, code: CellCode, score: Double)]
  ) throws {
    func mean(_ cell: CellDefinition, isFinal: Bool) -> Spread {
      // Seeds of their own for the choice and for what is reported.
      let first = run.seed &+ (isFinal ? 2_000 : 1_000)
      let scores = (0..<UInt64(repeats)).map {
        (try? task.score(cell, seed: first &+ $0, isFinal: isFinal)) ?? 0
      }
      return Spread(scores.map { $0.isFinite ? $0 : 0 })
    }
    let gru = mean(try .gru(), isFinal: true)
    let lstm = mean(try .lstm(), isFinal: true)
    run.report(
      "\(task.name): score of the GRU", gru.mean,
      note: "± \(Format.shortest(gru.standardError)), LSTM \(Format.shortest(lstm.mean))")
    var (best, lines) = ((code: CellCode([]), method: "", choice: -1.0), [String]())
    for (method, code, score) in found {
      let choice = mean(try space.definition(of: code), isFinal: false).mean
      lines.append(
        "\(method): searched \(Format.shortest(score)), again \(Format.shortest(choice)): \(code)")
      if choice > best.choice { best = (code, method, choice) }
    }
    let final = mean(try space.definition(of: best.code), isFinal: true)
    run.report(
      "\(task.name): score of the best cell ÷ the GRU's", final.mean / gru.mean,
      run.choose(smoke: .above(0), full: .atLeast(0.98)),
      note: """
        \(Format.shortest(final.mean)) ± \(Format.shortest(final.standardError)), \
        found by \(best.method): \(best.code)
        """)
    run.show(.text(title: "gate-search, \(task.name): best cells", lines: lines))
  }
}
