import CAllocationCounter

/// The timings of one contestant in one row: seconds per call, grouped by round.
struct RoundSamples: Equatable {
  /// The samples of each round; empty where the contestant did not take part.
  var rounds: [[Double]]

  /// All samples.
  var all: [Double] { rounds.flatMap { $0 } }

  /// The median time and its 95% interval.
  var seconds: Interval? { Statistics.medianInterval(all) }

  /// The samples with every time multiplied by `factor`.
  func scaled(by factor: Double) -> RoundSamples {
    RoundSamples(rounds: rounds.map { $0.map { $0 * factor } })
  }

  /// For each round that both took part in, how many times as long `other` took: paired, so that a
  /// drift of the machine from round to round cancels.
  func speedups(over other: RoundSamples) -> [Double] {
    zip(rounds, other.rounds).compactMap { own, others in
      guard let mine = Statistics.median(own), let theirs = Statistics.median(others), mine > 0
      else { return nil }
      return theirs / mine
    }
  }
}

/// Something whose calls are timed.
struct TimedSubject {
  /// One call.
  var call: () -> Void
  /// The threads that OpenBLAS may use in a call.
  var blasThreads = 1
  /// Seconds of calls that are not timed before each turn.
  var settlingSeconds = 0.0

  /// Calls until the threads that the calls use have found their processors.
  ///
  /// Linux lets a thread that wakes share the waker's processor at first, while others idle, and moves it
  /// tens of milliseconds later. Measured on two cores after a pause: 2.9 ms a call, then 1.35 ms.
  func settle() {
    guard settlingSeconds > 0 else { return }
    let start = Stopwatch.now()
    repeat { call() } while Stopwatch.seconds(since: start) < settlingSeconds
  }

  /// The seconds per call of `calls` calls in a row.
  func sample(calls: Int) -> Double {
    let start = Stopwatch.now()
    for _ in 0..<calls { call() }
    return Stopwatch.seconds(since: start) / Double(calls)
  }
}

/// The first calls of a subject: they bring it to its steady state, and tell how long a call takes and
/// how often it allocates.
struct WarmUp {
  /// The shortest of the calls after the first.
  var callSeconds = Double.infinity
  /// The fewest allocations of those calls, since another thread's could be counted by chance; `nil`
  /// where they cannot be counted.
  var allocationsPerCall: Int?

  init(_ subject: TimedSubject) {
    OpenBLASThreads.use(subject.blasThreads)
    subject.call()
    var elapsed = 0.0
    for _ in 0..<3 where elapsed < 0.5 {
      let before = allocation_counter_value()
      let seconds = subject.sample(calls: 1)
      let allocations = Int(allocation_counter_value() - before)
      callSeconds = min(callSeconds, seconds)
      allocationsPerCall = min(allocationsPerCall ?? allocations, allocations)
      elapsed += seconds
    }
    if !allocation_counter_is_available() { allocationsPerCall = nil }
  }
}

/// Takes the samples of a plan.
enum RoundRunner {
  /// Runs the rounds of `plan` over `subjects`, which it has one part for each.
  ///
  /// - Parameter onRound: what else is done at the beginning of each round.
  static func run(
    _ plan: RoundPlan, _ subjects: [TimedSubject], onRound: () -> Void = {}
  ) -> [RoundSamples] {
    var samples = subjects.map { _ in
      RoundSamples(rounds: Array(repeating: [], count: plan.rounds))
    }
    for round in 0..<plan.rounds {
      onRound()
      for index in plan.order(inRound: round) where plan.takesPart(index, inRound: round) {
        let part = plan.parts[index]
        OpenBLASThreads.use(subjects[index].blasThreads)
        // The first call after another contestant measures whose data the caches hold.
        if part.samplesPerRound >= 4 { subjects[index].call() }
        subjects[index].settle()
        for _ in 0..<part.samplesPerRound {
          samples[index].rounds[round].append(
            subjects[index].sample(calls: part.callsPerSample))
        }
      }
    }
    OpenBLASThreads.use(1)
    return samples
  }
}
