import Charts

/// The report as a table for a terminal of 110 columns.
enum TextReport {
  static func render(_ report: Report) -> String {
    (header(report.header) + [""] + table(report).lines() + [""] + notes(report))
      .joined(separator: "\n") + "\n"
  }

  static func header(_ header: Report.Header) -> [String] {
    var lines = [
      "\(header.cpu), \(header.cores) cores, engine kernels \(header.kernels)",
      "OpenBLAS \(header.openblas.version), core type \(header.openblas.coreType), "
        + "\(header.threads) \(header.threads == 1 ? "thread" : "threads")",
      "SGEMM peak \(Format.significant(header.peak.sgemmGflops.median)) GFLOP/s "
        + "± \(Format.percent(header.peak.sgemmGflops.relativeHalfWidth)), memory "
        + "\(Format.significant(header.peak.memoryGBPerSecond.median)) GB/s, "
        + "load \(load(header.load)), commit \(header.commit)",
      "suite \(header.suite), \(header.date), seed \(header.seed)",
    ]
    if header.threads > 1 { lines.append(threadsNote(header)) }
    lines += header.warnings.map { "warning: \($0)" }
    return lines
  }

  /// What was done so that OpenBLAS's threads disturb nobody else.
  static func threadsNote(_ header: Report.Header) -> String {
    "OpenBLAS has \(header.threads) threads while perGate, fused and the peak run, else one; "
      + "its workers sleep, and threads settle, before others are timed"
  }

  private static func load(_ load: Report.Load) -> String {
    let values = [load.start, load.end].compactMap { $0.map { Format.fixed($0, 2) } }
    return values.isEmpty ? "unknown" : values.joined(separator: " → ")
  }

  private static func table(_ report: Report) -> TextTable {
    let titles = report.hasLengths ? ["mean÷T", "÷padded"] : ["×naive", "×gate", "×fused"]
    var columns: [TextTable.Column] = [
      .init(title: "cell", alignment: .left), .init(title: "mode", alignment: .left),
      .init(title: "shape", alignment: .left), .init(title: "who", alignment: .left),
      .init(title: "time"), .init(title: "±"), .init(title: "GF/s"), .init(title: "tok/s"),
    ]
    // A terminal has no room for more: the rules of lengths are long.
    let shown = (report.hasLengths ? [] : ["peak"]) + titles + ["error", "alloc"]
    columns += shown.map { .init(title: $0) }
    var table = TextTable(columns: columns)
    for group in report.groups {
      for (index, row) in group.enumerated() {
        let first = index == 0
        var cells = [
          first ? row.cell.rawValue : "", first ? row.mode.rawValue : "",
          first ? row.spaced : "", row.contestant,
          (row.isScaled ? "~" : "") + Format.time(row.seconds.median),
          Format.percent(row.seconds.relativeHalfWidth), Format.significant(row.gflops),
          Format.count(row.tokensPerSecond),
        ]
        if report.hasLengths {
          cells += ratios(of: row, in: group, report).prefix(2)
        } else {
          cells.append(Format.percent(row.peakShare))
          cells += ratios(of: row, in: group, report)
        }
        cells.append(Format.scientific(row.maxError) + (row.isCompletelyVerified ? "" : "*"))
        cells.append(row.allocationsPerCall.map(String.init) ?? "–")
        table.rows.append(cells)
      }
    }
    return table
  }

  /// The speed-ups over the baselines; or where sequences have lengths what the steps that count are of all,
  /// and the time over that of all.
  static func ratios(
    of row: Report.Row, in group: [Report.Row], _ report: Report
  ) -> [String] {
    guard report.hasLengths else {
      return [
        speedup(row.speedup.naive, row, .naive, in: group),
        speedup(row.speedup.perGate, row, .perGate, in: group),
        speedup(row.speedup.fused, row, .fused, in: group),
      ]
    }
    let share = row.shareOfPadded
    return [
      row.meanLengthShare.map { Format.fixed($0, 2) } ?? "",
      share.map { Format.fixed($0.median, 2) } ?? "",
      share.map { Format.percent($0.relativeHalfWidth) } ?? "",
    ]
  }

  /// A speed-up over a baseline, marked when the baseline's time was scaled; empty in the row of the
  /// baseline itself and of those it is measured against.
  static func speedup(
    _ value: Double?, _ row: Report.Row, _ baseline: ContestantKind, in group: [Report.Row]
  ) -> String {
    let order = ContestantKind.known.map(\.name)
    guard let value, let own = order.firstIndex(of: row.contestant),
      let other = order.firstIndex(of: baseline.name), own > other
    else { return "" }
    let isScaled =
      row.isScaled || group.contains { $0.contestant == baseline.name && $0.isScaled }
    return (isScaled ? "~" : "") + Format.significant(value)
  }

  /// What the columns and marks of the table mean.
  static func notes(_ report: Report) -> [String] {
    [
      "error: largest relative difference from the scalar loops in double precision, over every "
        + "tensor, checked before timing;",
      "  of weights in fewer bytes the error of rounding them",
      "peak: share of the SGEMM rate measured between the row's own samples; ±: half the width of the "
        + "median's 95% interval",
    ]
      + (report.hasLengths
        ? [
          "mean÷T: the share of all steps that count; ÷padded: the time over that of padded, round by round"
        ]
        : [
          "×naive, ×gate, ×fused: how many times as fast as naive, perGate and fused"
        ]) + window(report) + memory(report) + marks(report)
  }

  /// How many instructions the core held in flight, and in which rows it held far fewer.
  static func window(_ report: Report) -> [String] {
    let windows = report.rows.compactMap(\.window)
    guard let largest = windows.max(), let smallest = windows.min() else { return [] }
    let note =
      "in flight: \(Format.fixed(smallest, 0)) to \(Format.fixed(largest, 0)) instructions between the "
      + "rows' samples"
    let shared = report.groups.filter { ($0.first?.window ?? largest) < 0.75 * largest }
    guard !shared.isEmpty else { return [note] }
    return [note + "; somebody else used the core, too, in the rows"]
      + shared.compactMap(\.first).map {
        "  \($0.benchCase): \(Format.fixed($0.window ?? 0, 0))"
      }
  }

  /// What tapes and the process take, where that is known.
  static func memory(_ report: Report) -> [String] {
    let shares = report.rows.filter { $0.contestant == ContestantKind.packed.name }
      .compactMap(\.tapeShare)
    var parts: [String] = []
    if let largest = shares.max() {
      parts.append("an LSTM's tape holds at most \(Format.fixed(largest, 3)) × 4·T·N·(G+2)·H bytes")
    }
    if let peak = report.header.peakResidentBytes {
      parts.append("all contestants and their checks together took \(Format.bytes(Double(peak)))")
    }
    return parts.isEmpty ? [] : ["memory: " + parts.joined(separator: "; ")]
  }

  /// What the marks mean that occur in the report.
  static func marks(_ report: Report) -> [String] {
    var marks: [String] = []
    if report.rows.contains(where: \.isScaled) {
      marks.append("~ timed on fewer steps and scaled to all of them")
    }
    if report.rows.contains(where: { !$0.isCompletelyVerified }) {
      marks.append(
        "* run at the full batch, compared on some of its sequences; "
          + "large shapes on their first steps only")
    }
    return marks
  }
}
