/// Measures, judges, and measures suspects again before it lets them fail.
///
/// A case that passes at first is done. One that is slower or noisy is measured again, for longer, up to
/// three times in all: it is slower when two measurements that stand alone say so.
struct GateRun {
  var baseline: BaselineEntry
  var tolerance: Double
  /// Measures cases; the second argument is the number of the attempt, from one.
  var measure: ([BenchCase], Int) throws -> [GateSample]
  /// Called with the cases that are measured again.
  var onSuspects: ([String]) -> Void = { _ in }

  static let mostAttempts = 3

  /// The findings of the measurement that settled each case, in the order of `cases`, the finding for
  /// all cases last.
  func run(_ cases: [BenchCase]) throws -> [GateFinding] {
    var history: [String: [GateFinding]] = [:]
    var order: [String] = []
    var pending = cases
    for attempt in 1...Self.mostAttempts {
      let samples = try measure(pending, attempt)
      for finding in GateDecision.judge(
        samples: samples, baseline: baseline, tolerance: tolerance)
      {
        // All cases together are judged anew only when all of them were measured anew.
        if attempt > 1, finding.name == GateDecision.allCases, pending.count < cases.count {
          continue
        }
        if history[finding.name] == nil { order.append(finding.name) }
        history[finding.name, default: []].append(finding)
      }
      let open = order.filter { Self.settled(history[$0]?.map(\.verdict) ?? []) == nil }
      guard !open.isEmpty, attempt < Self.mostAttempts else { break }
      onSuspects(open)
      if !open.contains(GateDecision.allCases) {
        pending = cases.filter { open.contains($0.description) }
      } else {
        pending = cases
      }
    }
    return order.compactMap { name in
      guard let findings = history[name], var last = findings.last else { return nil }
      last.verdict = Self.settled(findings.map(\.verdict)) ?? .noisy
      return last
    }
  }

  /// What a case's measurements say together; `nil` while another one is needed.
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
