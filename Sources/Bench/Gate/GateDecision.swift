/// What the gate says about one row.
enum GateVerdict: String, Codable {
  /// Not slower than the tolerance allows.
  case pass
  /// Slower by more than the tolerance, and more than chance explains.
  case slower
  /// Neither can be said.
  case noisy
  /// The other side has no such row.
  case onlyHere
  /// The present program has no such row.
  case onlyThere
}

/// One line of the gate's table.
struct GateFinding: Equatable {
  /// The row's name.
  var name: String
  var verdict: GateVerdict
  /// How many times as long the row took, with what chance explains; nil where one side lacks it.
  var ratio: Interval?
}

/// Decides from ratios alone; pure.
///
/// Every row is judged by itself: its two sides were measured by turns, so that there is nothing which all
/// rows have in common to be taken off, and no row's verdict depends on another's.
enum GateDecision {
  /// The verdict on a row, from one ratio for each launch.
  ///
  /// It passes when the median is not above `tolerance` and its 95% interval's upper end not above twice
  /// that, so that a slowdown of this size would have been seen. It is slower when the median is above
  /// `tolerance` and what it rose by at least above half of that, of which it must be surer (99.9%): there
  /// are many rows, each may be looked at several times, and one is enough to fail.
  ///
  /// - Parameter reference: the interval around one of what the ratios are to, for a stored baseline.
  static func judge(
    _ name: String, _ ratios: [Double], tolerance: Double,
    reference: Interval = Interval(median: 1, low: 1, high: 1)
  ) -> GateFinding {
    guard var ratio = Statistics.medianInterval(ratios), ratios.allSatisfy(\.isFinite) else {
      return GateFinding(name: name, verdict: .noisy)
    }
    let least = Statistics.medianInterval(ratios, confidence: 0.999)?.low ?? 0
    let (shrink, grow) = (reference.median / reference.high, reference.median / reference.low)
    ratio.low *= shrink
    ratio.high *= grow
    let verdict: GateVerdict =
      if ratio.median > 1 + tolerance {
        least * shrink > 1 + tolerance / 2 ? .slower : .noisy
      } else {
        ratio.high > 1 + 2 * tolerance ? .noisy : .pass
      }
    return GateFinding(name: name, verdict: verdict, ratio: ratio)
  }
}

extension [GateFinding] {
  /// The exit code that the findings amount to; `nil` for success.
  var failure: BenchError.Code? {
    if contains(where: { $0.verdict == .slower }) { return .regression }
    if contains(where: { $0.verdict == .noisy }) { return .couldNotMeasure }
    return contains { $0.verdict == .pass } ? nil : .couldNotMeasure
  }
}
