/// The gate's findings as a table.
enum GateReport {
  static func render(_ findings: [GateFinding], tolerance: Double) -> String {
    var table = TextTable(columns: [
      .init(title: "row", alignment: .left), .init(title: "cost"), .init(title: "±"),
      .init(title: "verdict", alignment: .left),
    ])
    table.rows = findings.map {
      [
        $0.name, $0.slowdown.map(change) ?? "–", $0.uncertainty.map(Format.percent) ?? "–",
        describe($0.verdict),
      ]
    }
    let legend = """
      cost: change against the baseline of the time in units of the core's multiply–add rate, measured between
      the row's own samples; slower: above \(Format.percent(tolerance)), a single row of several above \
      \(Format.percent(tolerance * GateDecision.rowFactor)), in two measurements
      """
    return (table.lines() + ["", legend]).joined(separator: "\n") + "\n"
  }

  /// A change with its sign.
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
