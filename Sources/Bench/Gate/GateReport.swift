import Charts

/// The gate's findings as a table.
enum GateReport {
  /// - Parameter other: what the present program is compared with, such as `revision 0123456789ab`.
  static func render(_ findings: [GateFinding], other: String, tolerance: Double) -> String {
    var table = TextTable(columns: [
      .init(title: "row", alignment: .left), .init(title: "time"), .init(title: "from"),
      .init(title: "to"), .init(title: "verdict", alignment: .left),
    ])
    table.rows = findings.filter { $0.ratio != nil || $0.verdict == .noisy }.map { finding in
      let numbers = finding.ratio.map { [$0.median, $0.low, $0.high].map(change) }
      return [finding.name] + (numbers ?? ["–", "–", "–"]) + [describe(finding.verdict)]
    }
    var lines = table.lines()
    for (verdict, place) in [(GateVerdict.onlyHere, "here"), (.onlyThere, "in \(other)")] {
      let names = findings.filter { $0.verdict == verdict }.map(\.name)
      if !names.isEmpty {
        lines += ["", "not judged, only \(place): " + names.joined(separator: "; ")]
      }
    }
    lines += [
      "",
      "time: change against \(other), the median over launches with its 95% interval; slower: above "
        + Format.percent(tolerance),
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  /// A ratio as a change with its sign.
  static func change(_ ratio: Double) -> String {
    (ratio < 1 ? "−" : "+") + Format.fixed(abs(ratio - 1) * 100, 1) + "%"
  }

  private static func describe(_ verdict: GateVerdict) -> String {
    switch verdict {
    case .pass: "ok"
    case .slower: "SLOWER"
    case .noisy: "too noisy"
    case .onlyHere, .onlyThere: "not judged"
    }
  }
}
