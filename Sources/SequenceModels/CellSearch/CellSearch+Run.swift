import Autodiff
internal import Charts
import LinAlg
import Recurrent

extension CellSearch {
  /// Goes on until the search has so many rounds, those among them that it already has.
  ///
  /// The cells of a round are scored side by side, a task for each. A cell that was tried before keeps its score
  /// and is not trained again.
  ///
  /// - Parameters:
  ///   - rounds: how many rounds the search has in the end.
  ///   - file: where the whole search is written after each round, whole or not at all; nil for nowhere.
  ///     ``init(contentsOf:)`` reads it.
  ///   - threads: how many cells are scored at once; nil means one for each processor. The result is the same
  ///     for any number.
  ///   - progress: whether a line on standard error tells of each round and of the best cell so far.
  ///   - interruption: what ends the search before its time; the present round is finished first.
  ///   - score: trains the cell, on one thread, and says how good it is; larger is better. It must follow from the
  ///     definition alone, so take seeds that are always the same.
  /// - Throws: what `score` throws, but for ``TrainingError`` and `CellDefinitionError`, which are the cell's own;
  ///   ``CellSearchFileError``; ``TrainingError`` where the controller itself diverges. The search then has the
  ///   rounds that were finished.
  public mutating func run(
    rounds: Int, file: String? = nil, threads: Int? = nil, progress: TrainingProgress = .quiet,
    interruption: TrainingInterruption = .none,
    score: @escaping @Sendable (CellDefinition) throws -> Double
  ) throws {
    require(threads ?? 1 > 0, "CellSearch: \(threads ?? 0) threads")
    let watch = InterruptionWatch(interruption)
    defer { watch.end() }
    var proposer = method.proposer(in: space, seed: seed)
    var known: [CellCode: CellTrial] = [:]
    for round in 0..<self.rounds {
      let past = Array(trials[round * roundSize..<(round + 1) * roundSize])
      for trial in past { known[trial.code] = trial }
      try proposer.learn(past.map(\.code), rewards: past.map(reward))
    }
    let (start, first) = (monotonicSeconds(), self.rounds)
    while self.rounds < rounds && !watch.isRequested {
      let codes = proposer.propose(roundSize, round: self.rounds)
      var fresh: [CellCode] = []
      for code in codes where known[code] == nil && !fresh.contains(code) { fresh.append(code) }
      let cells = try fresh.map { (code: $0, definition: try space.definition(of: $0)) }
      let scored = sideBySide(cells.count, threads: threads) { n in
        Result { try CellTrial(cells[n].code, cells[n].definition, score: score) }
      }
      // Of several errors the first cell's is thrown.
      for trial in scored { known[try trial.get().code] = try trial.get() }
      let tried = codes.compactMap { known[$0] }
      try proposer.learn(codes, rewards: tried.map(reward))
      append(tried)
      if let file { try write(to: file) }
      if progress == .standardError {
        let passed = monotonicSeconds() - start
        let left = passed / Double(self.rounds - first) * Double(rounds - self.rounds)
        StandardError.line(line(tried, of: rounds, secondsLeft: left))
      }
    }
  }

  /// What is said of a round.
  private func line(_ round: [CellTrial], of rounds: Int, secondsLeft: Double) -> String {
    let mean = round.reduce(0) { $0 + reward($1) } / Double(round.count)
    var parts = [
      "round \(self.rounds) of \(rounds)", "mean \(Format.shortest(mean))",
      "\(round.count { $0.score == nil }) failed",
    ]
    if let best {
      parts.append("best \(Format.shortest(reward(best))) '\(best.code)'")
    }
    parts.append(secondsLeft > 0 ? "\(Format.duration(secondsLeft)) left" : "done")
    return parts.joined(separator: "  ")
  }
}

extension CellTrial {
  /// Scores a cell; what is the cell's own fault is a failure.
  fileprivate init(
    _ code: CellCode, _ cell: CellDefinition,
    score: @Sendable (CellDefinition) throws -> Double
  ) throws {
    self.code = code
    do {
      let score = try score(cell)
      if score.isFinite { self.score = score } else { failure = "the score is \(score)" }
    } catch let error as TrainingError {
      failure = error.description
    } catch let error as CellDefinitionError {
      failure = error.description
    }
  }
}
