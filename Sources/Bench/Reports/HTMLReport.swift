import Charts

/// The report as a page.
enum HTMLReport {
  static func render(_ report: Report) -> String {
    let header = report.header
    var body = [
      "<h1>Recurrent layers on \(Markup.escape(header.cpu))</h1>", HTML.facts(facts(header)),
    ]
    body += header.warnings.map { "<p class=\"warning\">\(Markup.escape($0))</p>" }
    body += [
      "<h2>Throughput</h2>", legend(report.contestants),
      HTML.figure(
        ReportCharts.throughput(report),
        "Rate of the matrix products' operations; whiskers are 95% intervals of the median."),
    ]
    if let speedups = ReportCharts.speedups(report) {
      body += [
        "<h2>Speed-up of the engine</h2>",
        legend(report.contestants.filter { $0 != ContestantKind.packed.name }, prefix: "over "),
        HTML.figure(speedups, "How many times as fast the engine is. The axis is logarithmic."),
      ]
    }
    body += [
      "<h2>Roofline</h2>", legend(report.contestants),
      HTML.legend(CellKind.allCases.map { (mark: $0.mark, name: $0.rawValue) }),
      HTML.figure(
        ReportCharts.roofline(report),
        "The intensity counts the recurrent weights once for each step: points above the slope have "
          + "their weights in a cache."),
      "<h2>All rows</h2>", table(report), HTML.list(TextReport.notes(report)),
    ]
    return HTMLPage(
      title: "Bench, \(header.cpu), \(header.date)", style: ReportStyle.css, body: body
    ).document
  }

  private static func facts(_ header: Report.Header) -> [(name: String, value: String)] {
    let peak = header.peak
    let loads = [header.load.start, header.load.end].compactMap { $0.map { Format.fixed($0, 2) } }
    var facts = [
      ("Cores", "\(header.cores), \(header.threads) used"), ("Engine kernels", header.kernels),
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
    return facts.map { (name: $0.0, value: $0.1) }
  }

  private static func legend(_ contestants: [String], prefix: String = "") -> String {
    HTML.legend(contestants.map { (style: ReportCharts.style($0), name: prefix + $0) })
  }

  private static func table(_ report: Report) -> String {
    var titles = [
      "cell", "mode", "T", "N", "D", "H", "contestant", "time", "±", "GFLOP/s", "tokens/s",
      "of peak",
    ]
    titles +=
      report.hasLengths ? ["mean ÷ T", "÷ padded", "±"] : ["× naive", "× perGate", "× fused"]
    titles += ["error", "alloc"]
    let groups = report.groups.map { group in
      group.map { row -> [String] in
        var cells = [
          row.cell.rawValue, row.mode.rawValue,
          "\(row.T)\(row.lengths.map { " \($0.rawValue)" } ?? "")", "\(row.N)", "\(row.D)",
          "\(row.H)", row.contestant,
          (row.isScaled ? "~" : "") + Format.time(row.seconds.median),
          Format.percent(row.seconds.relativeHalfWidth), Format.significant(row.gflops),
          Format.count(row.tokensPerSecond), Format.percent(row.peakShare),
        ]
        cells += TextReport.ratios(of: row, in: group, report)
        cells.append(Format.scientific(row.maxError) + (row.isCompletelyVerified ? "" : "*"))
        cells.append(row.allocationsPerCall.map(String.init) ?? "–")
        return cells
      }
    }
    return HTML.table(titles: titles, groups: groups)
  }
}
