/// Measures, judges, and measures what is not settled again before it lets it fail.
///
/// What passes is done. What is slower must be so in new launches too, and what is too noisy gets more of
/// them: each attempt adds its launches to those before.
struct GateRun {
  var tolerance: Double
  /// What a row's ratios are to; a row that is not in it is exact.
  var references: [String: Interval] = [:]
  /// Measures the named rows, all rows for nil, in so many new launches, and returns a ratio for each.
  var measure: (_ names: [String]?, _ launches: Int) throws -> [String: [Double]]
  /// Called with what is measured again.
  var onSuspects: ([String]) -> Void = { _ in }

  /// The launches of each attempt. Six are the fewest whose smallest and largest ratio are a 95%
  /// interval. Later ones are of few rows; where luck with addresses makes a row two or three speeds, the
  /// median needs tens of launches to be sure of the middle one.
  static let launches = [6, 6, 12, 24, 48]

  /// The findings, sorted by name.
  func run() throws -> [GateFinding] {
    var ratios: [String: [Double]] = [:]
    var findings: [String: GateFinding] = [:]
    var open: [String]?
    for (attempt, launches) in Self.launches.enumerated() {
      for (name, values) in try measure(open, launches) {
        ratios[name, default: []] += values
        findings[name] = GateDecision.judge(
          name, ratios[name] ?? [], tolerance: tolerance,
          reference: references[name] ?? Interval(median: 1, low: 1, high: 1))
      }
      let suspects = findings.values.filter {
        $0.verdict == .noisy || ($0.verdict == .slower && attempt == 0)
      }
      guard !suspects.isEmpty, attempt + 1 < Self.launches.count else { break }
      let names = suspects.map(\.name).sorted()
      open = names
      onSuspects(names)
    }
    return findings.values.sorted { $0.name < $1.name }
  }
}
