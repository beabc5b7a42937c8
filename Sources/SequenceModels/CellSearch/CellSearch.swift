import Autodiff
import LinAlg
import Recurrent

/// A cell that a search has tried.
public struct CellTrial: Sendable, Hashable, Codable {
  /// What was computed.
  public var code: CellCode
  /// How good it is; nil where it could not be trained.
  public var score: Double?
  /// Why it has no score; nil where it has one.
  public var failure: String?
}

/// A search for a recurrent cell that does well at a task of yours.
///
/// ```swift
/// var search = CellSearch(in: CellSpace(hasMemory: true), by: .controller(), seed: 1)
/// try search.run(rounds: 40, file: "search.json", progress: .standardError) { cell in
///   // Train a model around the cell for a fixed number of updates, and say how good it became.
/// }
/// let best = search.best?.code
/// ```
/// In each round the method makes ``roundSize`` cells, each of them is scored, and the method learns from the scores. A
/// cell whose training diverges (``TrainingError``), whose score is no finite number or below ``worstScore``, or that the
/// engine refuses (`CellDefinitionError`) counts as ``worstScore``.
///
/// All of a search follows from its space, its method, its seed and the scores: not from the number of threads, nor from
/// where it was interrupted. A value of this type is that and nothing more, and so is its file: a method's own state
/// (the controller's weights, the living population) is computed again from the scores when the search goes on.
public struct CellSearch: Sendable, Hashable {
  /// The cells that can be found.
  public let space: CellSpace
  /// How the next ones are made.
  public let method: CellSearchMethod
  /// How many cells are tried before the method learns from them.
  public let roundSize: Int
  /// Where random numbers start.
  public let seed: UInt64
  /// What a cell counts that cannot be trained, and at least what any other does.
  public let worstScore: Double
  /// The cells that were tried, in their order: whole rounds.
  public private(set) var trials: [CellTrial] = []

  /// A search that has not begun.
  ///
  /// - Parameters:
  ///   - space: the cells that can be found.
  ///   - method: how the next ones are made.
  ///   - roundSize: how many cells are tried before the method learns from them; of these, as many at once as
  ///     there are threads.
  ///   - seed: where random numbers start.
  ///   - worstScore: what a cell counts that cannot be trained.
  /// - Precondition: the numbers are in range.
  public init(
    in space: CellSpace, by method: CellSearchMethod, roundSize: Int = 8, seed: UInt64 = 1,
    worstScore: Double = 0
  ) {
    (self.space, self.method) = (space, method)
    (self.roundSize, self.seed, self.worstScore) = (roundSize, seed, worstScore)
    if let flaw { failRequirement("CellSearch: \(flaw)") }
  }

  private var flaw: String? {
    if !(1...4096).contains(roundSize) { return "rounds of \(roundSize) cells, expected 1...4096" }
    if !worstScore.isFinite { return "the worst score is \(worstScore)" }
    return method.flaw
  }

  /// How many rounds there were.
  public var rounds: Int { trials.count / roundSize }

  /// What a trial counts: its score, but no less than the worst.
  public func reward(_ trial: CellTrial) -> Double { max(trial.score ?? worstScore, worstScore) }

  /// The trial with the largest score, the first of equal ones; nil before there is one with a score.
  public var best: CellTrial? { ranking.first }

  /// The different cells that have scores, the best first.
  public var ranking: [CellTrial] {
    var seen: Set<CellCode> = []
    return trials.enumerated().filter { $1.score != nil && seen.insert($1.code).inserted }
      .sorted { (-reward($0.element), $0.offset) < (-reward($1.element), $1.offset) }
      .map(\.element)
  }

  /// The definition of a trial's cell.
  ///
  /// - Parameters:
  ///   - trial: of this search.
  ///   - name: what the cell is called.
  /// - Throws: what a definition refuses.
  public func definition(
    of trial: CellTrial, name: String = "found"
  ) throws(CellDefinitionError) -> CellDefinition {
    try space.definition(of: trial.code, name: name)
  }

  mutating func append(_ round: [CellTrial]) { trials += round }
}

extension CellSearch: Codable {
  private enum Key: String, CodingKey {
    case format, version, seed, roundSize, worstScore, method, space, trials
  }
  private static var format: String { "recurrent-cell-search" }

  /// Reads a search.
  ///
  /// - Throws: `DecodingError` where something is missing or not as it may be: numbers out of range, a code that is
  ///   no cell of the space, a round that is not whole.
  public init(from decoder: any Decoder) throws {
    func flawed(_ text: String) -> DecodingError {
      .dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: text))
    }
    let fields = try decoder.container(keyedBy: Key.self)
    let format = try fields.decode(String.self, forKey: .format)
    let version = try fields.decode(Int.self, forKey: .version)
    guard format == Self.format && version == 1 else {
      throw flawed("found format '\(format)' \(version), expected '\(Self.format)' 1")
    }
    seed = try fields.decode(UInt64.self, forKey: .seed)
    roundSize = try fields.decode(Int.self, forKey: .roundSize)
    worstScore = try fields.decode(Double.self, forKey: .worstScore)
    method = try fields.decode(CellSearchMethod.self, forKey: .method)
    space = try fields.decode(CellSpace.self, forKey: .space)
    if let flaw { throw flawed(flaw) }
    let trials = try fields.decode([CellTrial].self, forKey: .trials)
    guard trials.count % roundSize == 0 else {
      throw flawed("\(trials.count) trials are not whole rounds of \(roundSize)")
    }
    for (n, trial) in trials.enumerated() {
      guard space.contains(trial.code) else {
        throw flawed("trial \(n): '\(trial.code)' is no cell of the space")
      }
      guard (trial.score == nil) == (trial.failure != nil), trial.score?.isFinite ?? true else {
        throw flawed("trial \(n): expected a finite score or a failure")
      }
    }
    self.trials = trials
  }

  /// Writes the search.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Key.self)
    try fields.encode(Self.format, forKey: .format)
    try fields.encode(1, forKey: .version)
    try fields.encode(seed, forKey: .seed)
    try fields.encode(roundSize, forKey: .roundSize)
    try fields.encode(worstScore, forKey: .worstScore)
    try fields.encode(method, forKey: .method)
    try fields.encode(space, forKey: .space)
    try fields.encode(trials, forKey: .trials)
  }
}
