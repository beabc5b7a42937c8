/// The gate's findings as a table.
enum GateReport {
  static func render(_ findings: [GateFinding], tolerance: Double) -> String {
    var table = TextTable(columns: [.init(title: "case", alignment: .left)])
    for metric in GateMetric.allCases {
      table.columns += [.init(title: "time by \(metric.title)"), .init(title: "±")]
    }
    table.columns.append(.init(title: "verdict", alignment: .left))
    for finding in findings {
      var cells = [finding.name]
      for metric in GateMetric.allCases {
        cells += [
          finding.slowdowns[metric].map(change) ?? "–",
          finding.uncertainties[metric].map(Format.percent) ?? "–",
        ]
      }
      table.rows.append(cells + [describe(finding.verdict)])
    }
    let legend =
      "time: change of the engine's time against the baseline, by each ratio within its run; "
      + "slower: above \(Format.percent(tolerance)) and significant by both, in two measurements"
    return (table.lines() + ["", legend]).joined(separator: "\n") + "\n"
  }

  /// A change of a time with its sign.
  static func change(_ slowdown: Double) -> String {
    (slowdown < 0 ? "−" : "+") + Format.fixed(abs(slowdown) * 100, 1) + "%"
  }

  private static func describe(_ verdict: GateVerdict) -> String {
    switch verdict {
    case .pass: "ok"
    case .slower: "SLOWER"
    case .noisy: "too noisy"
    case .unknown: "not in the baseline"
    }
  }
}
