/// What was measured of one case: every contestant and the peak, in the same rounds.
struct CaseMeasurement {
  var benchCase: BenchCase
  var contestants: [Entry]
  var peak: RoundSamples
  var peakFlops: Double
  var plan: VerificationPlan
  /// The window of instructions in flight at the beginning of each round.
  var window: [Double]
  /// What the steps that count are of all.
  var meanLengthShare = 1.0

  struct Entry {
    var kind: ContestantKind
    var samples: RoundSamples
    var outcome: Verification.Outcome
    var allocationsPerCall: Int?
    /// The steps that were timed when not all were; ``samples`` are scaled to all of them.
    var scaledFromSteps: Int?
    /// What a recording takes on the contestant's tape.
    var tapeBytes: Int?
  }

  /// The samples of one contestant by name.
  func samples(of name: String) -> RoundSamples? {
    contestants.first { $0.kind.name == name }?.samples
  }
}

/// Verifies and times the contestants of one case.
struct CaseRunner {
  var settings: MeasurementSettings
  var peak: PeakProbe
  /// Called with a word for each phase, for progress.
  var onPhase: (String) -> Void = { _ in }

  /// - Throws: ``BenchError`` when a contestant gives a wrong answer; nothing is timed then.
  func run(_ benchCase: BenchCase, workload: Workload) throws -> CaseMeasurement {
    let plan = VerificationPlan.make(benchCase)
    onPhase("verifying")
    let outcomes = try verify(benchCase, workload: workload, plan: plan)

    onPhase("timing")
    var entries: [CaseMeasurement.Entry] = []
    var subjects: [TimedSubject] = []
    var callSeconds: [Double] = []
    for (kind, outcome) in zip(contestants(of: benchCase), outcomes) {
      let steps = affordableSteps(kind, workload)
      let contestant = kind.make(workload.prefix(steps: steps))
      let subject = TimedSubject(
        call: contestant.call,
        blasThreads: settings.blasThreads(kind),
        settlingSeconds: kind.usesThreads ? settings.settlingSeconds : 0)
      let warmUp = WarmUp(subject)
      entries.append(
        CaseMeasurement.Entry(
          kind: kind, samples: RoundSamples(rounds: []), outcome: outcome,
          allocationsPerCall: warmUp.allocationsPerCall,
          scaledFromSteps: steps == workload.shape.T ? nil : steps,
          tapeBytes: steps == workload.shape.T ? contestant.tapeBytes : nil))
      subjects.append(subject)
      callSeconds.append(warmUp.callSeconds)
    }
    let probe = TimedSubject(
      call: peak.call, blasThreads: settings.threads,
      settlingSeconds: settings.settlingSeconds)
    subjects.append(probe)
    callSeconds.append(WarmUp(probe).callSeconds)

    let rounds = RoundPlan.make(
      callSeconds: callSeconds, minTime: settings.minTime, rounds: settings.rounds,
      cycle: Self.cycle(subjects))
    var window: [Double] = []
    let samples = RoundRunner.run(rounds, subjects) {
      if let now = InstructionWindow.sample() { window.append(now) }
    }
    for index in entries.indices {
      let scale = entries[index].scaledFromSteps.map { Double(workload.shape.T) / Double($0) }
      entries[index].samples = samples[index].scaled(by: scale ?? 1)
    }
    return CaseMeasurement(
      benchCase: benchCase, contestants: entries, peak: samples[entries.count],
      peakFlops: peak.flops, plan: plan, window: window,
      meanLengthShare: workload.meanLengthShare)
  }

  private func verify(
    _ benchCase: BenchCase, workload: Workload, plan: VerificationPlan
  ) throws -> [Verification.Outcome] {
    let verifier = Verifier(benchCase, workload: workload, plan: plan)
    return try contestants(of: benchCase).map { kind in
      try OpenBLASThreads.with(settings.blasThreads(kind)) {
        try verifier.verify(kind, plantedError: kind.isBaseline ? 0 : settings.injectedError)
      }
    }
  }

  private func contestants(of benchCase: BenchCase) -> [ContestantKind] {
    settings.contestants.filter { $0.takesPart(in: benchCase) }
  }

  /// The subjects whose OpenBLAS has threads side by side: its workers are waited for once in a round.
  private static func cycle(_ subjects: [TimedSubject]) -> [Int] {
    subjects.indices.filter { subjects[$0].blasThreads == 1 }
      + subjects.indices.filter { subjects[$0].blasThreads > 1 }
  }

  /// How many steps of a baseline fit its time limit, judged by a call on two steps.
  private func affordableSteps(_ kind: ContestantKind, _ workload: Workload) -> Int {
    let (T, probe) = (workload.shape.T, min(2, workload.shape.T))
    guard let limit = kind.longestCall else { return T }
    let contestant = kind.make(workload.prefix(steps: probe))
    let perStep = OpenBLASThreads.with(settings.blasThreads(kind)) {
      contestant.call()
      return Stopwatch.seconds(.wall, contestant.call) / Double(probe)
    }
    guard perStep * Double(T) > limit else { return T }
    return min(T, max(probe, Int(limit / perStep)))
  }
}
