import LinAlg

/// Intervals of statistics that no closed form is known for.
enum Bootstrap {
  /// The middle range that a statistic of several groups of values takes when each group is
  /// resampled with replacement (the percentile bootstrap; Efron, 1979). Reproducible by its seed.
  ///
  /// - Returns: `nil` when the statistic of the groups themselves is `nil`.
  static func interval(
    _ groups: [[Double]], confidence: Double = 0.95, resamples: Int = 1_000, seed: UInt64 = 1,
    statistic: ([[Double]]) -> Double?
  ) -> Interval? {
    guard let center = statistic(groups) else { return nil }
    var random = SeededGenerator(seed: seed)
    var estimates: [Double] = []
    estimates.reserveCapacity(resamples)
    for _ in 0..<resamples {
      let resampled = groups.map { group in
        group.map { _ in group[Int.random(in: 0..<group.count, using: &random)] }
      }
      if let estimate = statistic(resampled) { estimates.append(estimate) }
    }
    estimates.sort()
    let tail = (1 - confidence) / 2
    let rank = Int((Double(estimates.count - 1) * tail).rounded(.down))
    return Interval(
      median: center, low: estimates[rank], high: estimates[estimates.count - 1 - rank])
  }
}
