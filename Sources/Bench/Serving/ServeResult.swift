import Charts

/// How many steps streams got, and how long they waited.
struct ServeRow: Codable, Equatable {
  /// How the streams were stepped.
  enum Way: String, Codable, CaseIterable {
    /// Sessions one after the other, without a queue.
    case inTurn
    /// One after the other, as they ask.
    case singly
    /// Together, as they ask.
    case batched
  }
  /// What 50, 95 and 99 of 100 steps waited at most, in seconds.
  struct Waiting: Codable, Equatable {
    var half: Double
    var most: Double
    var nearlyAll: Double

    /// Of at least one wait.
    init?(_ seconds: [Double]) {
      guard !seconds.isEmpty else { return nil }
      let sorted = seconds.sorted()
      func share(_ percent: Int) -> Double { sorted[(sorted.count * percent - 1) / 100] }
      (half, most, nearlyAll) = (share(50), share(95), share(99))
    }
  }

  var streams: Int
  var threads: Int
  var way: Way
  var stepsPerSecond: Double
  /// Nil where nobody asks.
  var waiting: Waiting?
  /// How many streams stepped together, on average.
  var meanBatch: Double
  /// What one batch of all streams that fit takes by itself, in seconds.
  var batchSeconds: Double
}

/// What `Bench serve` found out.
struct ServeResult: Codable, Equatable {
  var cpu: String
  var isa: String
  var units: Int
  var maximumBatch: Int
  /// Nil for a share of the batch before.
  var patienceMicroseconds: Int?
  var thinkMilliseconds: Double
  var rows: [ServeRow]
  var warnings: [String]

  func render() -> String {
    var table = TextTable(columns: [
      .init(title: "streams"), .init(title: "threads"), .init(title: "how", alignment: .left),
      .init(title: "steps/s"), .init(title: "× in turn"), .init(title: "p50"),
      .init(title: "p95"), .init(title: "p99"), .init(title: "÷ batch"), .init(title: "together"),
    ])
    for row in rows {
      let inTurn = rows.first {
        $0.way == .inTurn && $0.streams == row.streams && $0.threads == row.threads
      }
      table.rows.append([
        "\(row.streams)", "\(row.threads)", row.way.rawValue, Format.count(row.stepsPerSecond),
        inTurn.map { Format.fixed(row.stepsPerSecond / $0.stepsPerSecond, 2) } ?? "",
        row.waiting.map { Format.time($0.half) } ?? "–",
        row.waiting.map { Format.time($0.most) } ?? "–",
        row.waiting.map { Format.time($0.nearlyAll) } ?? "–",
        row.waiting.map { Format.fixed($0.nearlyAll / row.batchSeconds, 2) } ?? "–",
        Format.fixed(row.meanBatch, 1),
      ])
    }
    let lines = [
      "\(cpu), engine kernels \(isa); LSTM of \(units) units, \(units) inputs, Float",
      "batches of at most \(maximumBatch), patience "
        + (patienceMicroseconds.map { "\($0) µs, " } ?? "1/16 of the batch before, ")
        + "a stream thinks \(Format.significant(thinkMilliseconds)) ms",
    ]
    return (lines + warnings.map { "warning: \($0)" } + [""] + table.lines())
      .joined(separator: "\n") + "\n"
  }
}
