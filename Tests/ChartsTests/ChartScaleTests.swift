import Testing

@testable import Charts

/// Where values stand on an axis, and which numbers it shows.
struct ChartScaleTests {
  @Test(arguments: [
    (0.5...73.0, [0.5, 1, 2, 5, 10, 20, 50, 100]), (0.03...40000, [0.1, 1, 10, 100, 1000, 10000]),
  ])
  func logarithmicTicks(_ range: ClosedRange<Double>, _ ticks: [Double]) {
    let scale = ChartScale.logarithmic(
      [range.lowerBound, range.upperBound], from: 0, to: 100)
    #expect(zip(scale.ticks, ticks).allSatisfy { abs($0 / $1 - 1) < 1e-9 })
    #expect(scale.ticks.count == ticks.count, "\(scale.ticks)")
    #expect(scale.position(range.lowerBound) >= 0 && scale.position(range.upperBound) <= 100)
  }

  @Test func linearTicks() {
    let scale = ChartScale.linear(upTo: 83, from: 10, to: 110)
    #expect(scale.ticks == [0, 20, 40, 60, 80, 100])
    #expect(scale.position(50) == 60)
  }

  /// Between round numbers, on whichever side of zero.
  @Test(arguments: [
    ([-3.0, 8], [-5.0, 0, 5, 10]),
    ([0.31, 0.42], [0.3, 0.35, 0.4, 0.45]),
    ([-0.9, -0.1], [-1, -0.8, -0.6, -0.4, -0.2, 0]), ([.nan, 0, 4, .infinity], [0, 1, 2, 3, 4]),
  ])
  func linearTicksAroundValues(_ values: [Double], _ ticks: [Double]) {
    let scale = ChartScale.linear(values, from: 0, to: 1)
    #expect(scale.ticks.count == ticks.count, "\(scale.ticks)")
    #expect(zip(scale.ticks, ticks).allSatisfy { abs($0 - $1) < 1e-9 }, "\(scale.ticks)")
    for value in values where value.isFinite { #expect(scale.range.contains(value)) }
  }

  /// One value, none, and those at the ends of a number's range have an axis, too.
  @Test(arguments: [
    [], [0], [5], [-5], [.nan], [1e308, -1e308],
    [.leastNonzeroMagnitude, .leastNonzeroMagnitude * 4], [.leastNonzeroMagnitude * 4, 1e300],
    [0, .leastNormalMagnitude],
  ])
  func everyListHasAnAxis(_ values: [Double]) {
    for scale in [
      ChartScale.linear(values, from: 100, to: 0), ChartScale.logarithmic(values, from: 0, to: 100),
    ] {
      #expect(scale.range.lowerBound < scale.range.upperBound)
      #expect((1...12).contains(scale.ticks.count), "\(scale.ticks)")
      for value in values where scale.shows(value) {
        #expect((0...100).contains(scale.position(value)), "\(value)")
      }
    }
  }

  /// No two ticks of an axis read the same.
  @Test(arguments: [
    ([0.0, 83], ["0", "20", "40", "60", "80", "100"]),
    ([-1, 1], ["−1", "−0.5", "0", "0.5", "1"]),
    ([0, 60_000], ["0", "20.0k", "40.0k", "60.0k"]),
    ([100_000, 100_010], ["100000", "100002", "100004", "100006", "100008", "100010"]),
    ([0, 3e-6], ["0", "1e-6", "2e-6", "3e-6"]),
  ])
  func linearLabels(_ values: [Double], _ labels: [String]) {
    let scale = ChartScale.linear(values, from: 0, to: 1)
    #expect(Set(scale.ticks.map(scale.label)).count == scale.ticks.count)
    #expect(scale.ticks.map(scale.label) == labels)
  }

  @Test func logarithmicLabels() {
    let scale = ChartScale.logarithmic([1e-9, 20], from: 0, to: 1)
    #expect(scale.ticks.map(scale.label).contains("1e-9"))
    #expect(scale.ticks.map(scale.label).contains("0.1"))
    let wide = ChartScale.logarithmic([1e-40, 1e40], from: 0, to: 1)
    #expect(wide.ticks.count <= 9)
  }
}
