/// One piece of evidence: something that the models of this package do, measured against a target.
protocol Experiment: SendableMetatype {
  /// What it is called on the command line.
  static var name: String { get }
  /// What it shows, in one line.
  static var summary: String { get }
  /// Trains and measures; reports what it finds to `run`.
  ///
  /// - Throws: when it cannot go on: data that is missing, training that diverged.
  static func measure(_ run: ExperimentRun) throws
}

/// How much an experiment may take.
enum Budget: String, Codable, CaseIterable, Sendable {
  /// Seconds: whether all of it works. Its targets are its own.
  case smoke
  /// Minutes: what is claimed.
  case full
}

/// What a measured number is held against.
enum Target: Equatable, Sendable {
  case atLeast(Double)
  case atMost(Double)
  case above(Double)
  case below(Double)
  case equal(Double)

  /// Whether a number is what was asked. One that is not a number never is.
  func isMet(by measured: Double) -> Bool {
    switch self {
    case .atLeast(let bound): measured >= bound
    case .atMost(let bound): measured <= bound
    case .above(let bound): measured > bound
    case .below(let bound): measured < bound
    case .equal(let value): measured == value
    }
  }

  /// The number itself.
  var bound: Double {
    switch self {
    case .atLeast(let bound), .atMost(let bound), .above(let bound), .below(let bound),
      .equal(let bound):
      bound
    }
  }

  /// How the measured number has to compare with it.
  var comparison: String {
    switch self {
    case .atLeast: "≥"
    case .atMost: "≤"
    case .above: ">"
    case .below: "<"
    case .equal: "="
    }
  }

  init?(comparison: String, bound: Double) {
    switch comparison {
    case "≥": self = .atLeast(bound)
    case "≤": self = .atMost(bound)
    case ">": self = .above(bound)
    case "<": self = .below(bound)
    case "=": self = .equal(bound)
    default: return nil
    }
  }
}
