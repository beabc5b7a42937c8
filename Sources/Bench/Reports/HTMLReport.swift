/// The report as one page: no scripts, nothing loaded from elsewhere, light and dark.
enum HTMLReport {
  static func render(_ report: Report) -> String {
    let header = report.header
    var body = [
      "<h1>Recurrent layers on \(HTML.escape(header.cpu))</h1>",
      "<dl>\(facts(header))</dl>",
    ]
    body += header.warnings.map { "<p class=\"warning\">\(HTML.escape($0))</p>" }
    body += [
      "<h2>Throughput</h2>", legend(report.contestants),
      figure(
        ReportCharts.throughput(report),
        "Rate of the matrix products' operations; whiskers are 95% intervals of the median."),
    ]
    if let speedups = ReportCharts.speedups(report) {
      body += [
        "<h2>Speed-up of the engine</h2>",
        legend(report.contestants.filter { $0 != ContestantKind.packed.name }, prefix: "over "),
        figure(speedups, "How many times as fast the engine is. The axis is logarithmic."),
      ]
    }
    body += [
      "<h2>Roofline</h2>", legend(report.contestants), cellLegend(),
      figure(
        RooflineChart.svg(report),
        "The intensity counts the recurrent weights once for each step: points above the slope have "
          + "their weights in a cache."),
      "<h2>All rows</h2>", table(report),
      "<ul>\(TextReport.notes(report).map { "<li>\(HTML.escape($0))</li>" }.joined())</ul>",
    ]
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>Bench, \(HTML.escape(header.cpu)), \(HTML.escape(header.date))</title>
      <style>
      \(HTMLStyle.css)
      </style>
      </head>
      <body>
      \(body.joined(separator: "\n"))
      </body>
      </html>

      """
  }

  private static func facts(_ header: Report.Header) -> String {
    let peak = header.peak
    let loads = [header.load.start, header.load.end].compactMap { $0.map { Format.fixed($0, 2) } }
    var facts = [
      ("Cores", "\(header.cores), \(header.threads) used"), ("Engine kernels", header.isa),
      ("OpenBLAS", "\(header.openblas.version), \(header.openblas.coreType)"),
      (
        "SGEMM peak",
        "\(Format.significant(peak.sgemmGflops.median)) GFLOP/s "
          + "± \(Format.percent(peak.sgemmGflops.relativeHalfWidth))"
      ),
      ("Memory", "\(Format.significant(peak.memoryGBPerSecond.median)) GB/s"),
      ("Load", loads.isEmpty ? "unknown" : loads.joined(separator: " → ")),
      ("Suite", header.suite), ("Commit", header.commit), ("Date", header.date),
    ]
    if header.threads > 1 { facts.append(("Threads", TextReport.threadsNote(header))) }
    return facts.map { "<div><dt>\($0)</dt><dd>\(HTML.escape($1))</dd></div>" }.joined()
  }

  private static func legend(_ contestants: [String], prefix: String = "") -> String {
    let items = contestants.map {
      "<span><i class=\"\(ReportCharts.style($0))\"></i>\(prefix)\(HTML.escape($0))</span>"
    }
    return "<p class=\"legend\">\(items.joined())</p>"
  }

  private static func cellLegend() -> String {
    let items = CellKind.allCases.map { cell in
      var svg = SVG(width: 14, height: 14, label: cell.rawValue)
      svg.mark(cell, 7, 7, size: 5, class: "mark c-plain", title: cell.rawValue)
      return "<span>\(svg.markup)\(cell.rawValue)</span>"
    }
    return "<p class=\"legend\">\(items.joined())</p>"
  }

  private static func figure(_ svg: SVG, _ caption: String) -> String {
    "<figure>\(svg.markup)<figcaption>\(HTML.escape(caption))</figcaption></figure>"
  }

  private static func table(_ report: Report) -> String {
    let titles = [
      "cell", "mode", "T", "N", "D", "H", "contestant", "time", "±", "GFLOP/s", "tokens/s",
      "of peak", "× naive", "× perGate", "× fused", "error", "alloc",
    ]
    var html = "<div class=\"scroll\"><table><thead><tr>"
    html += titles.map { "<th>\($0)</th>" }.joined() + "</tr></thead><tbody>\n"
    for group in report.groups {
      for (index, row) in group.enumerated() {
        let cells = [
          row.cell.rawValue, row.mode.rawValue, "\(row.T)", "\(row.N)", "\(row.D)", "\(row.H)",
          row.contestant, (row.isScaled ? "~" : "") + Format.time(row.seconds.median),
          Format.percent(row.seconds.relativeHalfWidth), Format.significant(row.gflops),
          Format.count(row.tokensPerSecond), Format.percent(row.peakShare),
          TextReport.speedup(row.speedup.naive, row, .naive, in: group),
          TextReport.speedup(row.speedup.perGate, row, .perGate, in: group),
          TextReport.speedup(row.speedup.fused, row, .fused, in: group),
          Format.scientific(row.maxError) + (row.isCompletelyVerified ? "" : "*"),
          row.allocationsPerCall.map(String.init) ?? "–",
        ]
        html += index == 0 ? "<tr class=\"first\">" : "<tr>"
        html += cells.map { "<td>\(HTML.escape($0))</td>" }.joined() + "</tr>\n"
      }
    }
    return html + "</tbody></table></div>"
  }
}
