import Foundation

/// What the gate says about one case, or about all of them together.
enum GateVerdict: String, Codable {
  /// Not slower than the tolerance allows.
  case pass
  /// Slower by more than the tolerance, and more than chance explains, by every ratio.
  case slower
  /// The intervals are wider than the tolerance: a slowdown would not be seen.
  case noisy
  /// The baseline has no such case.
  case unknown
}

/// One line of the gate's table.
struct GateFinding: Equatable {
  /// The case, or `all cases`.
  var name: String
  var verdict: GateVerdict
  /// How much longer the engine takes than in the baseline, by each ratio: 0.15 is 15% slower.
  var slowdowns: [GateMetric: Double]
  /// Half the width of the current intervals.
  var uncertainties: [GateMetric: Double]
}

/// Decides from ratios alone; pure.
enum GateDecision {
  /// Compares the ratios of one case with the baseline's.
  ///
  /// A slowdown must be larger than `tolerance` *and* significant (the current interval lies below the
  /// baseline's) by *every* ratio that both have. A slower engine lowers them all; a change of the
  /// naive loops (compiler) or of the peak (BLAS library) moves only one.
  static func judge(
    name: String, current: [GateMetric: Interval], baseline: [GateMetric: Interval],
    tolerance: Double
  ) -> GateFinding {
    var finding = GateFinding(name: name, verdict: .unknown, slowdowns: [:], uncertainties: [:])
    var isSlower = true
    var isPrecise = false
    for metric in GateMetric.allCases {
      guard let now = current[metric], let before = baseline[metric] else { continue }
      let slowdown = before.median / now.median - 1
      finding.slowdowns[metric] = slowdown
      finding.uncertainties[metric] = now.relativeHalfWidth
      if !(slowdown > tolerance && now.high < before.low) { isSlower = false }
      if now.relativeHalfWidth <= tolerance { isPrecise = true }
    }
    guard !finding.slowdowns.isEmpty else { return finding }
    finding.verdict = isSlower ? .slower : isPrecise ? .pass : .noisy
    return finding
  }

  /// Judges every case, and all together by the geometric mean of their ratios, which finds a
  /// slowdown of everything that is lost in the noise of single cases.
  static func judge(
    samples: [GateSample], baseline: BaselineEntry, tolerance: Double
  ) -> [GateFinding] {
    let known = samples.filter { baseline.cases[$0.benchCase.description] != nil }
    var findings = samples.map { sample in
      judge(
        name: sample.benchCase.description, current: sample.intervals,
        baseline: baseline.cases[sample.benchCase.description]?.intervals ?? [:],
        tolerance: tolerance)
    }
    if known.count > 1 {
      let references = known.compactMap { baseline.cases[$0.benchCase.description] }
      findings.append(
        judge(
          name: allCases, current: overall(known), baseline: overall(references),
          tolerance: tolerance))
    }
    return findings
  }

  static let allCases = "all cases"

  /// The geometric mean over cases of the median ratios, with a bootstrap interval over the rounds.
  static func overall(_ samples: [GateSample]) -> [GateMetric: Interval] {
    var result: [GateMetric: Interval] = [:]
    for metric in GateMetric.allCases {
      let groups = samples.compactMap { $0.ratios[metric] }.filter { !$0.isEmpty }
      guard groups.count == samples.count, !groups.isEmpty else { continue }
      result[metric] = Bootstrap.interval(groups, resamples: 500) { groups in
        Statistics.geometricMean(groups.compactMap(Statistics.median))
      }
    }
    return result
  }

  /// The geometric mean of the baseline's medians. Its interval is as narrow as independent cases make
  /// it: the mean of the half widths of their logarithms, divided by the root of their number.
  static func overall(_ cases: [BaselineCase]) -> [GateMetric: Interval] {
    var result: [GateMetric: Interval] = [:]
    for metric in GateMetric.allCases {
      let intervals = cases.compactMap { $0.intervals[metric] }
      guard intervals.count == cases.count,
        let median = Statistics.geometricMean(intervals.map(\.median)),
        let below = Statistics.geometricMean(intervals.map { $0.median / $0.low }),
        let above = Statistics.geometricMean(intervals.map { $0.high / $0.median })
      else { continue }
      let root = Double(intervals.count).squareRoot()
      result[metric] = Interval(
        median: median, low: median / pow(below, 1 / root), high: median * pow(above, 1 / root))
    }
    return result
  }
}
