import Charts

/// Two reports side by side.
struct Comparison: Codable, Equatable {
  /// A row that both have.
  struct Line: Codable, Equatable {
    var cell: CellKind
    var mode: Mode
    var shape: Shape
    var lengths: LengthRule?
    var threads: Int
    var contestant: String
    var secondsA: Interval
    var secondsB: Interval
    /// How many times as fast B is; above one is faster.
    var speedup: Double
    /// The same after each was divided by its own run's SGEMM peak: the part that is not the
    /// machine's.
    var speedupOfPeakShare: Double
    /// Whether the intervals are apart, so that chance alone does not explain the difference.
    var isSignificant: Bool
  }

  var lines: [Line]
  /// The names of rows that only one of the two has.
  var onlyInA: [String]
  var onlyInB: [String]
  /// Why the two may not be comparable.
  var warnings: [String]

  init(_ a: Report, _ b: Report) {
    let rowsB = Dictionary(b.rows.map { (Self.name($0), $0) }) { first, _ in first }
    let namesA = Set(a.rows.map(Self.name))
    lines = a.rows.compactMap { row in
      guard let other = rowsB[Self.name(row)] else { return nil }
      return Line(
        cell: row.cell, mode: row.mode, shape: row.shape, lengths: row.lengths,
        threads: row.threads,
        contestant: row.contestant, secondsA: row.seconds, secondsB: other.seconds,
        speedup: row.seconds.median / other.seconds.median,
        speedupOfPeakShare: other.peakShare / row.peakShare,
        isSignificant: other.seconds.high < row.seconds.low
          || other.seconds.low > row.seconds.high)
    }
    onlyInA = a.rows.map(Self.name).filter { rowsB[$0] == nil }
    onlyInB = b.rows.map(Self.name).filter { !namesA.contains($0) }
    warnings = Self.differences(a.header, b.header)
  }

  private static func name(_ row: Report.Row) -> String {
    "\(row.benchCase), \(row.threads)t, \(row.contestant)"
  }

  private static func differences(_ a: Report.Header, _ b: Report.Header) -> [String] {
    func difference(_ what: String, _ a: String, _ b: String) -> String? {
      a == b ? nil : "different \(what): \(a) and \(b)"
    }
    return [
      difference("CPUs", a.cpu, b.cpu),
      difference("instruction sets", a.isa, b.isa),
      difference("OpenBLAS core types", a.openblas.coreType, b.openblas.coreType),
      difference("OpenBLAS versions", a.openblas.version, b.openblas.version),
    ].compactMap { $0 }
  }

  /// The geometric mean of the speed-ups of a contestant.
  func meanSpeedup(of contestant: String) -> Double? {
    Statistics.geometricMean(lines.filter { $0.contestant == contestant }.map(\.speedup))
  }

  /// The comparison as a table.
  func text() -> String {
    var table = TextTable(columns: [
      .init(title: "cell", alignment: .left), .init(title: "mode", alignment: .left),
      .init(title: "shape", alignment: .left), .init(title: "contestant", alignment: .left),
      .init(title: "A"), .init(title: "B"), .init(title: "A/B"), .init(title: "of peak"),
      .init(title: "", alignment: .left),
    ])
    table.rows = lines.map { line in
      [
        line.cell.rawValue, line.mode.rawValue,
        line.shape.spaced + (line.lengths.map { " \($0.rawValue)" } ?? ""), line.contestant,
        Format.time(line.secondsA.median), Format.time(line.secondsB.median),
        Format.fixed(line.speedup, 2) + "×", Format.fixed(line.speedupOfPeakShare, 2) + "×",
        !line.isSignificant ? "not significant" : line.speedup > 1 ? "faster" : "slower",
      ]
    }
    var text = warnings.map { "warning: \($0)" }
    text += table.lines() + [""]
    var seen: Set<String> = []
    for contestant in lines.map(\.contestant) where seen.insert(contestant).inserted {
      guard let mean = meanSpeedup(of: contestant) else { continue }
      text.append("\(contestant): \(Format.fixed(mean, 2))× as fast in B (geometric mean)")
    }
    text += onlyInA.map { "only in A: \($0)" } + onlyInB.map { "only in B: \($0)" }
    text.append("of peak: the same after each is divided by its own run's SGEMM peak")
    return text.joined(separator: "\n") + "\n"
  }
}
