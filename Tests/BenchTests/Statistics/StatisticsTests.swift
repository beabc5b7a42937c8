import LinAlg
import Testing

@testable import Bench

/// Medians, their intervals, and that the intervals cover what they claim to.
struct StatisticsTests {
  @Test func medians() {
    #expect(Statistics.median([]) == nil)
    #expect(Statistics.median([3]) == 3)
    #expect(Statistics.median([5, 1, 3]) == 3)
    #expect(Statistics.median([4, 1, 3, 2]) == 2.5)
  }

  /// The ranks of the exact binomial interval, from tables of the sign test at 2.5% on each side.
  @Test(arguments: [
    (1, 1), (2, 1), (5, 1), (6, 1), (8, 1), (9, 2), (11, 2), (12, 3), (15, 4), (20, 6), (25, 8),
    (50, 18), (100, 40), (1000, 469),
  ])
  func rankOfTheInterval(_ count: Int, rank: Int) {
    #expect(Statistics.intervalRank(count: count, confidence: 0.95) == rank)
  }

  @Test func theIntervalIsOfOrderStatistics() {
    let values = (1...12).map(Double.init).shuffled()
    #expect(Statistics.medianInterval(values) == Interval(median: 6.5, low: 3, high: 10))
    #expect(Statistics.medianInterval([2, 1]) == Interval(median: 1.5, low: 1, high: 2))
    #expect(Statistics.medianInterval([]) == nil)
  }

  /// A skewed distribution, as times have: the interval must cover its median as often as it says.
  @Test(arguments: [12, 25, 60])
  func theIntervalCoversTheMedian(_ count: Int) throws {
    var random = SeededGenerator(seed: 11)
    let trials = 2_000
    var covered = 0
    for _ in 0..<trials {
      let values = (0..<count).map { _ in
        let u = Double.random(in: 0..<1, using: &random)
        return 1 / (1 - u)
      }
      let interval = try #require(Statistics.medianInterval(values))
      if interval.low <= 2, 2 <= interval.high { covered += 1 }
    }
    // Binomial with p ≥ 0.95: three standard deviations are 1.5%. Not always covered, either.
    #expect(Double(covered) / Double(trials) > 0.935)
    #expect(covered < trials)
  }

  @Test func geometricMean() throws {
    let mean = try #require(Statistics.geometricMean([1, 4, 16]))
    #expect(abs(mean - 4) < 1e-12)
    #expect(Statistics.geometricMean([]) == nil)
  }

  @Test func intervalsScaleAndDivide() {
    let interval = Interval(median: 4, low: 2, high: 8)
    #expect(interval.scaled(by: 2) == Interval(median: 8, low: 4, high: 16))
    #expect(interval.dividing(8) == Interval(median: 2, low: 1, high: 4))
    #expect(interval.relativeHalfWidth == 0.75)
  }
}
