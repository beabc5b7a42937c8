import LinAlg
import Testing

@testable import Bench

/// Every row is judged by itself, from one ratio for each launch.
struct GateDecisionTests {
  private func judge(
    _ ratios: [Double], reference: Interval = Interval(median: 1, low: 1, high: 1)
  ) -> GateFinding {
    GateDecision.judge("x", ratios, tolerance: 0.05, reference: reference)
  }

  @Test func effectAndSignificanceAreBothNeeded() {
    #expect(judge([1.09, 1.1, 1.1, 1.1, 1.11, 1.12]).verdict == .slower)
    #expect(judge([1.03, 1.03, 1.04, 1.04, 1.04, 1.04]).verdict == .pass, "below the tolerance")
    #expect(judge([0.7, 0.8, 0.99, 1, 1.01, 1.02]).verdict == .pass, "may be faster by chance")
    #expect(judge([0.98, 0.99, 1, 1, 1.01, 1.02]).verdict == .pass)
    #expect(judge([1, 1, 1, 1, 1, .nan]).verdict == .noisy)
    #expect(judge([]).verdict == .noisy)
  }

  /// One of a hundred rows is far off by chance now and then, which must not be called slower.
  @Test func slowerNeedsMoreEvidenceThanPass() {
    #expect(judge([1.0] + Array(repeating: 1.1, count: 11)).verdict == .noisy)
    #expect(judge([1.0] + Array(repeating: 1.1, count: 17)).verdict == .slower)
    #expect(judge([1.2] + Array(repeating: 1.0, count: 11)).verdict == .pass)
  }

  /// Where neither can be said, the gate must not say that all is well.
  @Test func aboveTheToleranceWithAWideIntervalIsNoisy() {
    #expect(judge([1.0, 1.01, 1.06, 1.07, 1.08, 1.09]).verdict == .noisy)
    #expect(judge([1, 1, 1, 1, 1, 1.2]).verdict == .noisy, "10% would not have been seen")
  }

  /// A stored cost has an interval of its own.
  @Test func whatTheRatiosAreToMayBeUncertain() {
    let slower = [1.07, 1.07, 1.08, 1.08, 1.08, 1.09]
    #expect(judge(slower).verdict == .slower)
    #expect(judge(slower, reference: Interval(median: 8, low: 7.9, high: 8.5)).verdict == .noisy)
    let same = [0.99, 1, 1, 1, 1, 1.01]
    #expect(judge(same, reference: Interval(median: 8, low: 7, high: 8.1)).verdict == .noisy)
    #expect(judge(same, reference: Interval(median: 8, low: 7.8, high: 8.2)).verdict == .pass)
  }

  @Test func theExitCodeIsTheWorstFinding() {
    func findings(_ verdicts: GateVerdict...) -> [GateFinding] {
      verdicts.map { GateFinding(name: "x", verdict: $0) }
    }
    #expect(findings(.pass, .pass).failure == nil)
    #expect(findings(.pass, .onlyHere, .onlyThere).failure == nil, "listed, not judged")
    #expect(findings(.pass, .noisy).failure == .couldNotMeasure)
    #expect(findings(.noisy, .slower).failure == .regression)
    #expect(findings(.onlyHere).failure == .couldNotMeasure)
    #expect(findings().failure == .couldNotMeasure)
  }

  @Test func theTableListsWhatIsNotJudged() {
    let text = GateReport.render(
      [
        GateFinding(
          name: "a", verdict: .slower, ratio: Interval(median: 1.1, low: 1.08, high: 1.12)),
        GateFinding(name: "b", verdict: .onlyHere), GateFinding(name: "c", verdict: .onlyThere),
      ], other: "main", tolerance: 0.05)
    #expect(text.contains("a    +10.0%  +8.0%  +12.0%  SLOWER"), "\(text)")
    #expect(text.contains("not judged, only here: b\n"))
    #expect(text.contains("not judged, only in main: c\n"))
  }
}
