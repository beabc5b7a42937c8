/// Measures, judges, and measures suspects again before it lets them fail.
///
/// What passes at first is done. While anything is slower or noisy, all is measured again, for longer and
/// with fresh operands, up to three times: it is slower when two measurements say so.
struct GateRun {
  var baseline: BaselineEntry
  var tolerance: Double
  /// Measures all rows; the argument is the number of the attempt, from one.
  var measure: (Int) -> [GateSample]
  /// Called with what is measured again.
  var onSuspects: ([String]) -> Void = { _ in }

  static let mostAttempts = 3

  /// The findings of the measurement that settled each row and group, in order.
  func run() -> [GateFinding] {
    var history: [String: [GateFinding]] = [:]
    var order: [String] = []
    for attempt in 1...Self.mostAttempts {
      let findings = GateDecision.judge(
        samples: measure(attempt), baseline: baseline.costs, tolerance: tolerance)
      for finding in findings {
        if history[finding.name] == nil { order.append(finding.name) }
        history[finding.name, default: []].append(finding)
      }
      let open = order.filter { Self.settled(history[$0]?.map(\.verdict) ?? []) == nil }
      guard !open.isEmpty, attempt < Self.mostAttempts else { break }
      onSuspects(open)
    }
    return order.compactMap { name in
      guard let findings = history[name], var last = findings.last else { return nil }
      last.verdict = Self.settled(findings.map(\.verdict)) ?? .noisy
      return last
    }
  }

  /// What the measurements say together; `nil` while another one is needed.
  static func settled(_ verdicts: [GateVerdict]) -> GateVerdict? {
    guard let first = verdicts.first else { return nil }
    if first == .unknown || first == .pass { return first }
    let slower = verdicts.count { $0 == .slower }
    let passed = verdicts.count { $0 == .pass }
    if slower >= 2 { return .slower }
    if passed > slower { return .pass }
    if verdicts.count >= mostAttempts { return passed > 0 ? .pass : .noisy }
    return nil
  }
}

extension [GateFinding] {
  /// The exit code that the findings amount to; `nil` for success.
  var failure: BenchError.Code? {
    if contains(where: { $0.verdict == .slower }) { return .regression }
    if contains(where: { $0.verdict == .noisy }) { return .couldNotMeasure }
    return allSatisfy { $0.verdict == .unknown } ? .couldNotMeasure : nil
  }
}
