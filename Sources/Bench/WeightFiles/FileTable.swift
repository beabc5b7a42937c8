import Charts

/// What files of weights cost, beside what is wanted.
struct FileTable {
  /// A row: its time, the least that it could take, their ratio, and the limit.
  struct Row: Equatable {
    var name: String
    var bytes: Int
    var seconds: Double
    /// Of the rounds' ratios to what it is held against; nil where there is none.
    var ratio: Interval?
    /// The largest time or ratio that is wanted.
    var limit: Double

    /// Whether it takes longer than wanted.
    var isOver: Bool { (ratio?.median ?? seconds) > limit }
  }

  var rows: [Row]

  /// - Parameters:
  ///   - timings: of every row.
  ///   - bytes: of every row's file.
  init(_ timings: [FileMeasurement.Row: FileMeasurement.Timing], bytes: [FileMeasurement.Row: Int])
  {
    rows = FileMeasurement.Row.allCases.compactMap { row in
      guard let timing = timings[row], let seconds = Statistics.median(timing.seconds) else {
        return nil
      }
      let ratios = zip(timing.seconds, timing.reference).map { $0 / $1 }
      return Row(
        name: row.name, bytes: bytes[row] ?? 0, seconds: seconds,
        ratio: Statistics.medianInterval(ratios), limit: row.limit)
    }
  }

  /// The rows that take longer than wanted.
  var over: [Row] { rows.filter(\.isOver) }

  /// The table in Markdown.
  func render() -> String {
    var lines = [
      "| what | size | time | rate | ÷ the least that it needs | wanted |",
      "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows {
      let ratio = row.ratio.map {
        "\(Format.fixed($0.median, 2)) [\(Format.fixed($0.low, 2)), \(Format.fixed($0.high, 2))]"
      }
      let cells = [
        row.name, Format.bytes(Double(row.bytes)), Format.time(row.seconds),
        row.ratio == nil ? "" : Format.bytes(Double(row.bytes) / row.seconds) + "/s", ratio ?? "",
        (row.ratio == nil ? Format.time(row.limit) : Format.fixed(row.limit, 2))
          + (row.isOver ? " **over**" : ""),
      ]
      lines.append("| " + cells.joined(separator: " | ") + " |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension FileMeasurement.Row {
  /// What it is called in the table.
  var name: String {
    switch self {
    case .open: "open and check a safetensors file"
    case .load: "a file's weights into layers' packs ÷ two copies"
    case .checkpoint: "a checkpoint ÷ the same bytes, both synced"
    }
  }

  /// The largest time or ratio that is wanted.
  var limit: Double {
    switch self {
    case .open: 0.05
    case .load: 1.4
    case .checkpoint: 1 / 0.7
    }
  }
}
