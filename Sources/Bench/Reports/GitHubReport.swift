import Charts

/// The list that github-action-benchmark reads: `customBiggerIsBetter`, GFLOP/s for each row.
///
/// Rates are listed and not times, because its two tools take one direction each and a rate can be
/// compared between shapes.
enum GitHubReport {
  struct Entry: Codable, Equatable {
    var name: String
    var unit: String
    var value: Double
    var range: String
    var extra: String
  }

  static func entries(_ report: Report) -> [Entry] {
    report.rows.map { row in
      let scale = row.gflops * row.seconds.median
      let gflops = row.seconds.dividing(scale)
      var extra = [
        "time \(Format.time(row.seconds.median))",
        "share of SGEMM peak \(Format.percent(row.peakShare))",
        "\(report.header.cpu), \(report.header.openblas.coreType)",
      ]
      if let naive = row.speedup.naive, row.contestant != ContestantKind.naive.name {
        extra.append("\(Format.significant(naive))× naive")
      }
      if row.contestant == ContestantKind.packed.name {
        if let perGate = row.speedup.perGate {
          extra.append("\(Format.significant(perGate))× perGate")
        }
        if let fused = row.speedup.fused { extra.append("\(Format.significant(fused))× fused") }
      }
      if let steps = row.scaledFromSteps {
        extra.append("~ scaled from \(steps) of \(row.T) steps")
      }
      return Entry(
        name:
          "\(row.cell.rawValue)/\(row.mode.rawValue)/\(row.shape)\(row.lengths.map { " \($0.rawValue)" } ?? "")/"
          + "\(row.threads)t/"
          + "\(row.contestant)\(row.isScaled ? " ~" : "")",
        unit: "GFLOP/s", value: row.gflops,
        range: "± \(Format.significant(gflops.relativeHalfWidth * row.gflops))",
        extra: extra.joined(separator: "\n"))
    }
  }

  static func render(_ report: Report) throws -> String {
    try JSONReport.encode(entries(report))
  }
}
