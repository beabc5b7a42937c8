import Autodiff
import LinAlg
import Recurrent

/// How a search comes to the next cells.
public enum CellSearchMethod: Sendable, Hashable, Codable {
  /// Each cell is drawn evenly, token by token, whatever was found before.
  case random
  /// The last `population` cells live; each new one is a mutation of the best of `tournament` that are drawn of
  /// them (regularized evolution, Real et al. 2019). The first `population` are drawn evenly.
  case evolution(population: Int = 24, tournament: Int = 6)
  /// An LSTM draws cells, and learns by REINFORCE from their scores (Zoph and Le 2017).
  case controller(CellControllerOptions = CellControllerOptions())

  /// What is wrong with the numbers; nil for nothing.
  var flaw: String? {
    switch self {
    case .random: return nil
    case .evolution(let population, let tournament):
      return population > 0 && (1...population).contains(tournament)
        ? nil : "a tournament of \(tournament) of a population of \(population)"
    case .controller(let options): return options.flaw
    }
  }

  /// Makes the next cells, from the beginning on.
  func proposer(in space: CellSpace, seed: UInt64) -> any CellProposer {
    switch self {
    case .random: RandomProposer(space: space, seed: seed)
    case .evolution(let population, let tournament):
      EvolutionProposer(
        space: space, seed: seed, population: population, tournament: tournament)
    case .controller(let options): ControllerProposer(space: space, seed: seed, options: options)
    }
  }
}

/// How the controller of a search learns.
public struct CellControllerOptions: Sendable, Hashable, Codable {
  /// Units of the LSTM and features of a token.
  public var units = 32
  /// The learning rate of Adam.
  public var learningRate = 0.01
  /// What the entropy of the distributions counts: it keeps the controller from settling too early.
  public var entropyWeight = 0.002
  /// The baseline is a moving mean of rewards, `b ← decay·b + (1 − decay)·mean r` after each round.
  public var baselineDecay = 0.8

  /// The usual options.
  public init() {}

  fileprivate var flaw: String? {
    guard (1...1024).contains(units) else {
      return "a controller of \(units) units, expected 1...1024"
    }
    guard learningRate > 0 && learningRate.isFinite else { return "learning rate \(learningRate)" }
    guard entropyWeight >= 0 && entropyWeight.isFinite else {
      return "entropy weight \(entropyWeight)"
    }
    return (0..<1).contains(baselineDecay)
      ? nil : "decay \(baselineDecay) of the baseline, expected 0..<1"
  }
}

/// Makes the cells of one round after the other; what it makes follows from its seed and from what it has learnt.
protocol CellProposer {
  /// The cells of a round.
  mutating func propose(_ count: Int, round: Int) -> [CellCode]
  /// What came of the cells of the round, in their order.
  mutating func learn(_ codes: [CellCode], rewards: [Double]) throws(TrainingError)
}

extension UInt64 {
  /// What cell `n` of a round draws from.
  fileprivate func generator(round: Int, _ n: Int) -> SeededGenerator {
    RecordingNoise(seed: self).generator(row: n, step: round)
  }
}

private struct RandomProposer: CellProposer {
  let space: CellSpace
  let seed: UInt64

  func propose(_ count: Int, round: Int) -> [CellCode] {
    (0..<count).map { n in
      var generator = seed.generator(round: round, n)
      return space.draw(using: &generator)
    }
  }

  func learn(_ codes: [CellCode], rewards: [Double]) {}
}

private struct EvolutionProposer: CellProposer {
  let space: CellSpace
  let seed: UInt64
  let population: Int
  let tournament: Int
  /// The youngest last.
  private var living: [(code: CellCode, reward: Double)] = []

  init(space: CellSpace, seed: UInt64, population: Int, tournament: Int) {
    (self.space, self.seed) = (space, seed)
    (self.population, self.tournament) = (population, tournament)
  }

  func propose(_ count: Int, round: Int) -> [CellCode] {
    (0..<count).map { n in
      var generator = seed.generator(round: round, n)
      guard living.count >= population else { return space.draw(using: &generator) }
      let drawn = (0..<tournament).map { _ in Int.random(in: 0..<population, using: &generator) }
      // Of equal ones the oldest.
      let best = drawn.max { (living[$0].reward, $1) < (living[$1].reward, $0) } ?? 0
      return space.mutate(living[best].code, using: &generator)
    }
  }

  mutating func learn(_ codes: [CellCode], rewards: [Double]) {
    living += zip(codes, rewards).map { ($0, $1) }
    living.removeFirst(Swift.max(living.count - population, 0))
  }
}

private struct ControllerProposer: CellProposer {
  let options: CellControllerOptions
  private var controller: CellController<Float>
  private var optimizer: Adam<ModelParameters<Float>>
  private let graph: Graph<Float>
  private var baseline: Double?

  init(space: CellSpace, seed: UInt64, options: CellControllerOptions) {
    self.options = options
    var generator = SeededGenerator(seed: seed)
    controller = CellController(for: space, units: options.units, using: &generator)
    optimizer = Adam(for: controller.parameters, learningRate: options.learningRate)
    graph = Graph(threads: 1, seed: seed)
  }

  func propose(_ count: Int, round: Int) -> [CellCode] {
    controller.draw(count, seed: UInt64(round), on: graph)
  }

  mutating func learn(_ codes: [CellCode], rewards: [Double]) throws(TrainingError) {
    let mean = rewards.reduce(0, +) / Double(rewards.count)
    try controller.learn(
      codes, rewards: rewards, baseline: baseline ?? mean, entropyWeight: options.entropyWeight,
      on: graph, optimizer: &optimizer)
    baseline =
      baseline.map { options.baselineDecay * $0 + (1 - options.baselineDecay) * mean } ?? mean
  }
}
