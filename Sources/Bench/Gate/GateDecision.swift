import Foundation

/// What the gate says about one row or group.
enum GateVerdict: String, Codable {
  /// Not slower than the tolerance allows.
  case pass
  /// Slower by more than the tolerance, and more than chance explains.
  case slower
  /// The interval is wider than the tolerance: a slowdown would not be seen.
  case noisy
  /// The baseline has no such row.
  case unknown
}

/// One line of the gate's table.
struct GateFinding: Equatable {
  /// The row's name, or the group's.
  var name: String
  /// The group that is measured again when this is suspect.
  var group: String
  var verdict: GateVerdict
  /// How much more it costs than in the baseline: 0.15 is 15% slower. `nil` where the baseline lacks it.
  var slowdown: Double?
  /// Half the width of the interval of ``slowdown``.
  var uncertainty: Double?
}

/// Decides from costs alone; pure.
enum GateDecision {
  /// A single row counts from this many times the tolerance on: how its operands happen to lie in
  /// memory moves it by as much as the tolerance; a group's mean is moved by less.
  static let rowFactor = 1.5

  /// Compares a cost with the baseline's.
  ///
  /// It is slower when it rose by more than `tolerance`, and its interval's lower end, which is what it
  /// rose by at least, by more than half of that.
  static func judge(
    name: String, group: String, current: Interval?, baseline: Double?, tolerance: Double
  ) -> GateFinding {
    guard let current, let baseline, baseline > 0 else {
      return GateFinding(name: name, group: group, verdict: .unknown)
    }
    let slowdown = current.median / baseline - 1
    let uncertainty = current.relativeHalfWidth
    let least = current.low / baseline - 1
    let verdict: GateVerdict =
      slowdown > tolerance && least > tolerance / 2
      ? .slower : uncertainty > tolerance ? .noisy : .pass
    return GateFinding(
      name: name, group: group, verdict: verdict, slowdown: slowdown, uncertainty: uncertainty)
  }

  /// What everything changed by together counts from this many times the tolerance on.
  static let driftFactor = 1.25
  /// With fewer groups than this, one that is slower would pass for a change of all.
  static let fewestGroups = 5

  /// Judges every row, after its rows each group of several by the geometric mean of what its known rows
  /// cost over their baseline, and at last what all changed by together.
  ///
  /// That is the median over groups, and the others are judged by what they changed beyond it: a core
  /// that shares its units with a busy neighbour slows the multiply–adds more than it slows kernels,
  /// all kernels alike; measured 5–9% between a quiet machine and one with six builds on two cores.
  static func judge(
    samples: [GateSample], baseline: [String: Interval], tolerance: Double
  ) -> [GateFinding] {
    var groups: [String] = []
    for sample in samples where !groups.contains(sample.group) { groups.append(sample.group) }
    let means = groups.map { group in
      mean(samples.filter { $0.group == group && baseline[$0.name] != nil }, over: baseline)
    }
    let known = means.compactMap(\.?.median)
    let drift = known.count < fewestGroups ? nil : Statistics.median(known)
    var findings = zip(groups, means).flatMap { group, mean -> [GateFinding] in
      let members = samples.filter { $0.group == group }
      let count = members.count { baseline[$0.name] != nil }
      let factor = count > 1 ? rowFactor : 1
      var findings = members.map { sample in
        judge(
          name: sample.name, group: group, current: sample.interval,
          baseline: baseline[sample.name].map { $0.median * (drift ?? 1) },
          tolerance: tolerance * factor)
      }
      if count > 1 {
        findings.append(
          judge(
            name: "\(group): all \(count)", group: group, current: mean, baseline: drift ?? 1,
            tolerance: tolerance))
      }
      return findings
    }
    if let drift {
      findings.append(
        judge(
          name: allRows, group: allRows, current: Interval(median: drift, low: drift, high: drift),
          baseline: 1, tolerance: tolerance * driftFactor))
    }
    return findings
  }

  static let allRows = "all rows together"

  /// The geometric mean over rows of the median cost over the baseline's, with a bootstrap interval over
  /// the samples.
  private static func mean(_ samples: [GateSample], over baseline: [String: Interval]) -> Interval?
  {
    guard !samples.isEmpty else { return nil }
    let ratios = samples.map { sample in
      sample.costs.map { $0 / (baseline[sample.name]?.median ?? .nan) }
    }
    return Bootstrap.interval(ratios, resamples: 300) { groups in
      Statistics.geometricMean(groups.compactMap(Statistics.median))
    }
  }
}
