import Charts

/// Whether layers of a stack run at the same time.
enum StepsLayers: String, CaseIterable, Codable {
  /// As the engine chooses.
  case automatic
  case together
  case apart

  var together: Bool? {
    switch self {
    case .automatic: nil
    case .together: true
    case .apart: false
    }
  }
}

/// What more threads bring a subject.
struct StepsRow: Codable, Equatable {
  var subject: String
  var what: String
  var threads: Int
  /// Of one step on one thread.
  var seconds: Double
  /// One thread's time over that of all threads.
  var gain: Interval
  /// How many times as much as one process as many processes of one thread do at the same time.
  var processes: Interval
  /// ``gain`` in units of ``processes``, times the number of threads.
  var share: Interval
}

/// The seconds of a step in one turn.
struct StepsTurn {
  /// On one thread.
  var one: Double
  /// On all threads.
  var all: Double
  /// In each of the processes of one thread that run at the same time.
  var processes: [Double]
}

extension StepsRow {
  /// What some turns say; nil where there are none.
  init?(_ subject: StepsSubject, threads: Int, _ turns: [StepsTurn]) {
    let gains = turns.map { $0.one / $0.all }
    let processes = turns.map { turn in turn.processes.reduce(0) { $0 + turn.one / $1 } }
    let shares = zip(gains, processes).map { $0 / $1 * Double(threads) }
    guard let one = Statistics.median(turns.map(\.one)),
      let gain = Statistics.medianInterval(gains),
      let others = Statistics.medianInterval(processes),
      let share = Statistics.medianInterval(shares)
    else { return nil }
    self.init(
      subject: subject.rawValue, what: subject.what, threads: threads, seconds: one, gain: gain,
      processes: others, share: share)
  }
}

/// What `Bench steps` found out.
struct StepsResult: Codable, Equatable {
  var cpu: String
  var isa: String
  var layers: StepsLayers
  var rows: [StepsRow]
  var warnings: [String]

  func render() -> String {
    var table = TextTable(columns: [
      .init(title: "subject", alignment: .left), .init(title: "threads"),
      .init(title: "one thread"), .init(title: "gain"), .init(title: "processes'"),
      .init(title: "of \(rows.first?.threads ?? 2)"), .init(title: "95 %", alignment: .left),
    ])
    for row in rows {
      table.rows.append([
        row.subject, "\(row.threads)", Format.time(row.seconds),
        Format.fixed(row.gain.median, 2), Format.fixed(row.processes.median, 2),
        Format.fixed(row.share.median, 2),
        "\(Format.fixed(row.share.low, 2))–\(Format.fixed(row.share.high, 2))",
      ])
    }
    let lines = ["\(cpu), engine kernels \(isa), Float, layers of stacks \(layers.rawValue)"]
    return
      (lines + warnings.map { "warning: \($0)" } + [""] + table.lines() + [""]
      + rows.map { "\($0.subject): \($0.what)" }).joined(separator: "\n") + "\n"
  }
}

/// Runs one subject on one thread, on several, and in several processes, by turns.
struct StepsMeasurement {
  let subject: StepsSubject
  let threads: Int
  let seed: UInt64
  let layers: StepsLayers
  /// Of each way in each turn.
  let seconds: Double
  let turns: Int
  /// Relative, in what all threads come to.
  let plantedError: Double

  /// Takes the turns.
  ///
  /// - Throws: ``BenchError`` where the bits depend on the threads, or a process fails.
  func row() throws -> StepsRow {
    func start(_ threads: Int, plantedError: Double = 0) throws -> StepsProcess {
      try StepsProcess(
        subject, threads: threads, seed: seed, layers: layers, plantedError: plantedError)
    }
    let alone = try (0..<threads).map { _ in try start(1) }
    let together = try start(threads, plantedError: plantedError)
    // Warm, too: buffers are there and weights are packed.
    let digests = try (alone + [together]).map { try $0.digest(after: 10) }
    guard digests.allSatisfy({ $0 == digests[0] }) else {
      throw BenchError.failure(
        """
        wrong answer: \(subject.rawValue): ten steps on \(threads) threads have other bits than on one
        """)
    }
    func time(_ process: StepsProcess, _ steps: Int) throws -> Double {
      process.begin(steps)
      return try process.secondsPerStep()
    }
    let steps = max(1, Int(seconds / (try time(alone[0], 5))))
    let measured = try (0..<turns).map { turn in
      // Whoever is first in a turn is another one in the next.
      var (one, all) = (0.0, 0.0)
      for way in 0..<2 {
        if (turn + way).isMultiple(of: 2) {
          one = try time(alone[turn / 2 % threads], steps)
        } else {
          all = try time(together, steps)
        }
      }
      for process in alone { process.begin(steps) }
      return StepsTurn(one: one, all: all, processes: try alone.map { try $0.secondsPerStep() })
    }
    guard let row = StepsRow(subject, threads: threads, measured) else {
      throw BenchError.failure("\(subject.rawValue): no turns")
    }
    return row
  }
}
