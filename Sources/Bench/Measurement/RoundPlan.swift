/// How the contestants of one row share its time: rounds in which each takes a few samples, so that a
/// machine that drifts drifts for all of them.
struct RoundPlan: Equatable {
  /// What one contestant does.
  struct Part: Equatable {
    /// Calls per sample, timed together: enough that the clock's own cost vanishes.
    var callsPerSample: Int
    /// Samples in each round that the contestant takes part in.
    var samplesPerRound: Int
    /// The number of rounds that it takes part in, spread evenly.
    var rounds: Int
  }

  /// The number of rounds.
  var rounds: Int
  var parts: [Part]
  /// The order of the parts in the first round.
  var cycle: [Int]

  init(rounds: Int, parts: [Part], cycle: [Int]? = nil) {
    self.rounds = rounds
    self.parts = parts
    self.cycle = cycle ?? Array(parts.indices)
  }

  /// The shortest sample: five orders of magnitude above the clock's resolution.
  static let shortestSample = 0.5e-3
  /// The most samples in a round.
  static let mostSamplesPerRound = 25

  /// A plan for contestants whose calls take `callSeconds`.
  ///
  /// Each part gets about `minTime`, spread over all rounds. A contestant whose single call fills
  /// more than its slice takes part in fewer rounds, but in three at least, two when a call takes
  /// more than ten seconds.
  ///
  /// - Parameter cycle: the order of the parts in the first round; nil means theirs.
  static func make(
    callSeconds: [Double], minTime: Double, rounds: Int, cycle: [Int]? = nil
  ) -> RoundPlan {
    let slice = minTime / Double(rounds)
    let parts = callSeconds.map { call -> Part in
      let call = max(call, 1e-9)
      let calls = max(1, Int((shortestSample / call).rounded(.up)))
      let sample = call * Double(calls)
      let samples = min(mostSamplesPerRound, max(1, Int(slice / sample)))
      let fewest = min(rounds, call > 10 ? 2 : 3)
      let affordable = sample <= slice ? rounds : Int(4 * minTime / sample)
      return Part(
        callsPerSample: calls, samplesPerRound: samples,
        rounds: min(rounds, max(fewest, affordable)))
    }
    return RoundPlan(rounds: rounds, parts: parts, cycle: cycle)
  }

  /// Whether part `index` takes part in round `round`.
  func takesPart(_ index: Int, inRound round: Int) -> Bool {
    let share = parts[index].rounds
    return (round + 1) * share / rounds > round * share / rounds
  }

  /// The order of the parts in round `round`: rotated, so that nobody always follows the same one.
  func order(inRound round: Int) -> [Int] {
    cycle.indices.map { cycle[($0 + round) % cycle.count] }
  }

  /// About how long the measurement takes, in seconds.
  func duration(callSeconds: [Double]) -> Double {
    zip(parts, callSeconds).reduce(0) { sum, item in
      let (part, call) = item
      return sum + call * Double(part.callsPerSample * part.samplesPerRound * part.rounds)
    }
  }
}
