import Foundation

/// Times two programs by turns, on the same core, row by row.
///
/// A launch starts both anew, so that their memory lies elsewhere; it gives one number for each row, the
/// median over pairs of neighbouring turns of how many times as long the present program took. What the
/// machine does meanwhile, it does to both.
struct PairedTimer {
  /// The executable that is judged, and the one that it is compared with.
  var present: String
  var other: String
  /// What the other program times instead of each row, for costs in units of it.
  var otherRow: GateRow?
  var environment: [String: String]
  var threads = 1
  /// A share by which the present program's times count as longer; for testing the gate.
  var injectedSlowdown = 0.0

  /// The calls of each row's samples, known from its first turn on.
  private var calls: [String: Int] = [:]

  /// About how long a sample takes, in seconds.
  static let sampleSeconds = 0.3e-3
  /// The samples of a turn, of which the shortest counts: what interrupts one makes it longer.
  static let samples = 3
  /// The pairs of turns of a row in one launch; in every other one the other program begins.
  static let pairs = 5

  init(
    present: String, other: String, otherRow: GateRow? = nil, environment: [String: String],
    threads: Int
  ) {
    self.present = present
    self.other = other
    self.otherRow = otherRow
    self.environment = environment
    self.threads = threads
  }

  /// What one launch found.
  struct Launch {
    /// By row: the present program's time over the other's.
    var ratios: [String: Double] = [:]
    /// The rows that one program lacks.
    var onlyHere: [String] = []
    var onlyThere: [String] = []
  }

  /// Times each of `rows` in new processes; launches are numbered from zero.
  mutating func launch(_ number: Int, _ rows: [GateRow]) throws -> Launch {
    var environment = environment
    environment[StackPlace.variable] = StackPlace.value(launch: number)
    let start = { [present, other, environment] in
      (
        try GateSide(program: present, environment: environment),
        try GateSide(program: other, environment: environment)
      )
    }
    // Threads of one program run beside each other and need all processors.
    let (mine, theirs) = try threads == 1 ? Processors.startingOnIdlest(start) : start()
    let isCounted = threads == 1 && mine.rows != nil && theirs.rows != nil
    let clock: Stopwatch.Clock = isCounted ? .processor : .wall

    var result = Launch()
    if case .kernel? = rows.first?.what, otherRow == nil {
      result.onlyThere = (theirs.rows ?? []).filter { mine.rows?.contains($0) == false }
    }
    for row in number.isMultiple(of: 2) ? rows : rows.reversed() {
      guard try mine.load(row) else {
        result.onlyThere.append(row.name)
        continue
      }
      guard try theirs.load(otherRow ?? row) else {
        result.onlyHere.append(row.name)
        continue
      }
      let calls = try calls[row.name] ?? Self.calls(mine, clock)
      self.calls[row.name] = calls
      let otherCalls = otherRow == nil ? calls : 1
      var ratios: [Double] = []
      for pair in 0..<Self.pairs {
        var times = (mine: 0.0, theirs: 0.0)
        for turn in 0..<2 {
          if (turn + pair + number).isMultiple(of: 2) {
            times.mine = try Self.turn(mine, calls, clock) * (1 + injectedSlowdown)
          } else {
            times.theirs = try Self.turn(theirs, otherCalls, clock)
          }
        }
        ratios.append(times.mine / max(times.theirs, 1e-3))
      }
      result.ratios[row.name] = Statistics.median(ratios)
      for side in [mine, theirs] { _ = try side.served(["request": "unload"]) }
    }
    return result
  }

  /// The nanoseconds of a call: the shortest of a few samples, after calls that fetch what the other
  /// program has displaced.
  private static func turn(
    _ side: GateSide, _ calls: Int, _ clock: Stopwatch.Clock, samples: Int = samples
  ) throws -> Double {
    let answer = try side.served([
      "request": "time", "warmUp": max(1, calls / 3), "callsPerSample": calls, "samples": samples,
      "clock": clock.rawValue,
    ])
    return answer.nanoseconds?.min() ?? .nan
  }

  /// How many calls fill a sample.
  private static func calls(_ side: GateSide, _ clock: Stopwatch.Clock) throws -> Int {
    var calls = 1
    for _ in 0..<4 {
      let nanoseconds = try turn(side, calls, clock, samples: 1)
      let enough = sampleSeconds * 1e9 / max(nanoseconds, 0.1)
      if enough <= 1.5 * Double(calls) { break }
      calls = min(Int(enough.rounded(.up)), calls * 50, PeerTiming.mostCalls)
    }
    return calls
  }
}
