import Foundation

/// A median with an interval around it.
struct Interval: Hashable, Codable, Sendable {
  var median: Double
  var low: Double
  var high: Double

  /// Half the interval's width as a share of the median.
  var relativeHalfWidth: Double { median == 0 ? 0 : (high - low) / (2 * abs(median)) }

  /// The interval with every number multiplied by a positive `factor`.
  func scaled(by factor: Double) -> Interval {
    Interval(median: median * factor, low: low * factor, high: high * factor)
  }

  /// The interval of `numerator` divided by each number; ends swap.
  func dividing(_ numerator: Double) -> Interval {
    Interval(median: numerator / median, low: numerator / high, high: numerator / low)
  }
}

/// Order statistics: robust where times have a long tail to the right, as times on a shared machine do.
enum Statistics {
  /// The median; the mean of the two middle values for an even count. `nil` for no values.
  static func median(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2)
      ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }

  /// The median and the interval between two order statistics that covers the distribution's true
  /// median with a probability of at least `confidence`, whatever the distribution.
  ///
  /// The number of samples below the true median is binomial with `p = ½`, so `[x₍ₖ₎, x₍ₙ₊₁₋ₖ₎]`
  /// covers it with probability `1 − 2·P(B < k)`; `k` is the largest that keeps the coverage. Fewer
  /// than six samples cannot reach 95%: the interval is then from the smallest to the largest.
  static func medianInterval(_ values: [Double], confidence: Double = 0.95) -> Interval? {
    guard let median = median(values) else { return nil }
    let sorted = values.sorted()
    let k = intervalRank(count: sorted.count, confidence: confidence)
    return Interval(median: median, low: sorted[k - 1], high: sorted[sorted.count - k])
  }

  /// The rank `k ≥ 1` of ``medianInterval(_:confidence:)``.
  static func intervalRank(count n: Int, confidence: Double) -> Int {
    let tail = (1 - confidence) / 2
    var logTerm = Double(n) * Foundation.log(0.5)
    var below = Foundation.exp(logTerm)
    var k = 0
    while below <= tail, k < (n + 1) / 2 {
      k += 1
      logTerm += Foundation.log(Double(n - k + 1) / Double(k))
      below += Foundation.exp(logTerm)
    }
    return max(1, k)
  }

  /// The geometric mean of positive values. `nil` for no values.
  static func geometricMean(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    return Foundation.exp(values.reduce(0) { $0 + Foundation.log($1) } / Double(values.count))
  }
}
