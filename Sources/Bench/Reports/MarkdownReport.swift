import Charts
import Foundation

/// The report as a Markdown table for a README: one line for each row of the engine, or for every row
/// when the engine was not measured.
enum MarkdownReport {
  static func render(_ report: Report) -> String {
    let header = report.header
    var lines = [
      "\(header.cpu), \(header.cores) cores, engine kernels \(header.kernels), OpenBLAS "
        + "\(header.openblas.version) (\(header.openblas.coreType)), "
        + "\(header.threads) \(header.threads == 1 ? "thread" : "threads"), SGEMM peak "
        + "\(Format.significant(header.peak.sgemmGflops.median)) GFLOP/s, commit "
        + "`\(header.commit)`, \(header.date).",
      "",
    ]
    if header.threads > 1 { lines += [TextReport.threadsNote(header) + ".", ""] }
    for warning in header.warnings {
      lines += ["**Warning:** \(Markup.escapeMarkdown(warning)).", ""]
    }
    lines += [
      "| Cell | Mode | T, N, D, H | Contestant | Time | GFLOP/s | Tokens/s | Of SGEMM peak "
        + (report.hasLengths
          ? "| Mean ÷ T | ÷ padded | ± |" : "| × naive | × per gate | × fused |"),
      "|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    let engine = ContestantKind.packed.name
    let hasEngine = report.rows.contains { $0.contestant == engine }
    for group in report.groups {
      for row in group where !hasEngine || row.contestant == engine {
        lines.append(line(row, in: group, report))
      }
    }
    let notes = TextReport.marks(report)
    if !notes.isEmpty { lines += [""] + notes.map { Markup.escapeMarkdown($0) + "  " } }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func line(_ row: Report.Row, in group: [Report.Row], _ report: Report) -> String {
    var cells = [
      row.cell.rawValue.uppercased(), row.mode.rawValue,
      "\(row.T), \(row.N), \(row.D), \(row.H)\(row.lengths.map { " \($0.rawValue)" } ?? "")",
      row.contestant, (row.isScaled ? "~" : "") + Format.time(row.seconds.median),
      Format.significant(row.gflops), Format.count(row.tokensPerSecond),
      Format.percent(row.peakShare),
    ]
    cells += TextReport.ratios(of: row, in: group, report)
    return "| " + cells.map(Markup.escapeMarkdown).joined(separator: " | ") + " |"
  }
}
