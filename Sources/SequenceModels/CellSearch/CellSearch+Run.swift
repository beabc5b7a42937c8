import Autodiff
internal import Charts
import LinAlg
import Recurrent
internal import Synchronization

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
      let round = ScoringRound(
        try fresh.map { ($0, try space.definition(of: $0)) }, score: score)
      for trial in try round.run(threads: threads) { known[trial.code] = trial }
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

/// The cells of a round that have to be scored, each taken by whoever is free.
private final class ScoringRound: Sendable {
  private let cells: [(code: CellCode, definition: CellDefinition)]
  private let score: @Sendable (CellDefinition) throws -> Double
  private let next = Atomic<Int>(0)
  private let results: Mutex<[Int: Result<CellTrial, any Error>]> = Mutex([:])

  init(
    _ cells: [(CellCode, CellDefinition)],
    score: @escaping @Sendable (CellDefinition) throws -> Double
  ) {
    (self.cells, self.score) = (cells.map { ($0, $1) }, score)
  }

  private struct Work: TeamWork {
    let round: ScoringRound
    func run(_ member: TeamMember) { round.takeAll() }
  }

  /// The trials in the order of the cells; of several errors throws that of the first.
  func run(threads: Int?) throws -> [CellTrial] {
    ThreadTeam.shared.run(
      threads: min(threads ?? ThreadTeam.availableProcessors, max(cells.count, 1)),
      Work(round: self))
    let results = results.withLock { $0 }
    return try cells.indices.compactMap { try results[$0]?.get() }
  }

  private func takeAll() {
    while true {
      let n = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard n < cells.count else { return }
      let result = Result<CellTrial, any Error> { try trial(cells[n]) }
      results.withLock { $0[n] = result }
    }
  }

  private func trial(_ cell: (code: CellCode, definition: CellDefinition)) throws -> CellTrial {
    func failed(_ reason: String) -> CellTrial {
      CellTrial(code: cell.code, score: nil, failure: reason)
    }
    do {
      let score = try score(cell.definition)
      guard score.isFinite else { return failed("the score is \(score)") }
      return CellTrial(code: cell.code, score: score, failure: nil)
    } catch let error as TrainingError {
      return failed(error.description)
    } catch let error as CellDefinitionError {
      return failed(error.description)
    }
  }
}
