import Charts

/// The charts of a report's page.
enum ReportCharts {
  /// GFLOP/s of every contestant, by case.
  static func throughput(_ report: Report) -> SVG {
    let groups = report.groups.map { rows in
      BarChart.Group(
        name: name(rows),
        bars: rows.map { row in
          let rate = row.seconds.dividing(row.gflops * row.seconds.median)
          return BarChart.Bar(
            value: row.gflops, interval: rate.low...rate.high, style: style(row.contestant),
            text: (row.isScaled ? "~" : "") + Format.significant(row.gflops), title: title(row))
        })
    }
    let peak = report.header.peak.sgemmGflops.median
    return BarChart(
      label: "GFLOP/s of each contestant, by case", axis: "GFLOP/s", groups: groups,
      reference: (peak, "SGEMM peak \(Format.significant(peak))")
    ).svg()
  }

  /// How many times as fast as its baselines the engine is, by case; `nil` when it has none.
  static func speedups(_ report: Report) -> SVG? {
    let groups = report.groups.compactMap { rows -> BarChart.Group? in
      guard let engine = rows.first(where: { $0.contestant == ContestantKind.packed.name })
      else { return nil }
      let bars = [
        (ContestantKind.naive, engine.speedup.naive),
        (ContestantKind.perGate, engine.speedup.perGate),
        (ContestantKind.fused, engine.speedup.fused),
      ].compactMap { baseline, value -> BarChart.Bar? in
        guard let value else { return nil }
        let text = TextReport.speedup(value, engine, baseline, in: rows) + "×"
        return BarChart.Bar(
          value: value, style: style(baseline.name), text: text,
          title: "\(name(rows)): \(text) \(baseline.name)")
      }
      return bars.isEmpty ? nil : BarChart.Group(name: name(rows), bars: bars)
    }
    guard !groups.isEmpty else { return nil }
    return BarChart(
      label: "Speed-up of the engine over its baselines, by case", axis: "times as fast",
      groups: groups, isLogarithmic: true
    ).svg()
  }

  /// GFLOP/s of every row over arithmetic intensity.
  ///
  /// The intensity counts the recurrent weights once for each step and everything else once: a point
  /// above the slope has its weights in a cache.
  static func roofline(_ report: Report) -> SVG {
    let peak = report.header.peak.sgemmGflops.median
    let bandwidth = report.header.peak.memoryGBPerSecond.median
    let points = report.contestants.flatMap { contestant in
      report.rows.filter { $0.contestant == contestant }.map { row in
        let intensity = row.benchCase.flops / row.benchCase.streamedBytes
        return RooflineChart.Point(
          intensity: intensity, rate: row.gflops, mark: row.cell.mark, style: style(contestant),
          title: title(row) + ", \(Format.significant(intensity)) FLOP per byte")
      }
    }
    return RooflineChart(
      label: "Roofline plot of every row",
      xAxis: "FLOP per byte (recurrent weights read once per step)", yAxis: "GFLOP/s",
      peak: (peak, "SGEMM peak \(Format.significant(peak)) GFLOP/s"),
      bandwidth: (bandwidth, "memory \(Format.significant(bandwidth)) GB/s"), points: points
    ).svg()
  }

  /// The class of a contestant's colour.
  static func style(_ contestant: String) -> String {
    ContestantKind.known.contains { $0.name == contestant } ? "c-\(contestant)" : "c-other"
  }

  static func name(_ rows: [Report.Row]) -> String {
    guard let row = rows.first else { return "" }
    return "\(row.cell.rawValue) \(row.mode.rawValue)  \(row.spaced)"
  }

  static func title(_ row: Report.Row) -> String {
    "\(row.contestant), \(row.benchCase): \(row.isScaled ? "~" : "")"
      + "\(Format.time(row.seconds.median)), \(Format.significant(row.gflops)) GFLOP/s, "
      + "\(Format.percent(row.peakShare)) of SGEMM peak"
  }
}

extension CellKind {
  /// The form of the cell's points.
  var mark: SVG.Mark {
    switch self {
    case .lstm: .circle
    case .gru: .square
    case .rnn: .triangle
    }
  }
}
