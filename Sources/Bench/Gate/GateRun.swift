/// Measures, judges, and measures what is not settled again before it lets it fail.
///
/// What passes is done. What is slower must be so in new launches too, and what is too noisy gets more of
/// them: each attempt adds its launches to those before.
struct GateRun {
  var tolerance: Double
  /// What a row's ratios are to; a row that is not in it is exact.
  var references: [String: Interval] = [:]
  /// Measures the named rows in new launches, all rows for nil, and returns one ratio for each launch.
  var measure: (_ names: [String]?) throws -> [String: [Double]]
  /// Called with what is measured again.
  var onSuspects: ([String]) -> Void = { _ in }

  static let mostAttempts = 5

  /// The findings, sorted by name.
  func run() throws -> [GateFinding] {
    var ratios: [String: [Double]] = [:]
    var findings: [String: GateFinding] = [:]
    var open: [String]?
    for attempt in 1...Self.mostAttempts {
      for (name, values) in try measure(open) {
        ratios[name, default: []] += values
        findings[name] = GateDecision.judge(
          name, ratios[name] ?? [], tolerance: tolerance,
          reference: references[name] ?? Interval(median: 1, low: 1, high: 1))
      }
      let suspects = findings.values.filter {
        $0.verdict == .noisy || ($0.verdict == .slower && attempt == 1)
      }
      guard !suspects.isEmpty, attempt < Self.mostAttempts else { break }
      let names = suspects.map(\.name).sorted()
      open = names
      onSuspects(names)
    }
    return findings.values.sorted { $0.name < $1.name }
  }
}
