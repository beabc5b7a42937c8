import LinAlg
import Testing

@testable import Bench

/// The gate must fail when, and only when, the engine got slower.
struct GateDecisionTests {
  static let items = (1...8).map {
    BenchCase(cell: .lstm, mode: .training, shape: Shape(T: $0, N: 2, D: 3, H: 4))
  }

  /// Ratios as a machine gives them: each round drifts for everybody, each contestant has its own noise.
  static func samples(
    seed: UInt64, slowdown: Double = 0, naiveSlowdown: Double = 0, noise: Double = 0.02,
    rounds: Int = 12, items: [BenchCase] = items
  ) -> [GateSample] {
    var random = SeededGenerator(seed: seed)
    func jitter() -> Double {
      // The sum of four uniform numbers: nearly normal, with unit variance.
      let sum = (0..<4).reduce(0.0) { sum, _ in sum + Double.random(in: -1...1, using: &random) }
      return 1 + noise * sum * 0.866
    }
    return items.map { item in
      var naive: [Double] = []
      var peak: [Double] = []
      for _ in 0..<rounds {
        let drift = Double.random(in: 0.7...1.3, using: &random)
        let engine = drift * (1 + slowdown) * max(0.1, jitter())
        naive.append(25 * drift * (1 + naiveSlowdown) * max(0.1, jitter()) / engine)
        peak.append(0.8 * drift * max(0.1, jitter()) / engine)
      }
      return GateSample(benchCase: item, ratios: [.overNaive: naive, .overPeak: peak])
    }
  }

  static func baseline(noise: Double = 0.02) -> BaselineEntry {
    var passes: [String: [GateSample]] = [:]
    for pass in 0..<5 {
      for sample in samples(seed: UInt64(900 + pass), noise: noise) {
        passes[sample.benchCase.description, default: []].append(sample)
      }
    }
    return BaselineEntry(
      cpu: "test", openblas: "0", commit: "0", date: "", threads: 1,
      cases: passes.mapValues(BaselineCase.combining))
  }

  /// A whole check, with up to three measurements.
  private func check(seed: UInt64, slowdown: Double = 0, noise: Double = 0.02) throws
    -> [GateFinding]
  {
    let gate = GateRun(baseline: Self.baseline(noise: noise), tolerance: 0.1) { items, attempt in
      Self.samples(
        seed: seed * 1000 + UInt64(attempt), slowdown: slowdown, noise: noise,
        rounds: attempt == 1 ? 12 : 24, items: items)
    }
    return try gate.run(Self.items)
  }

  @Test(arguments: 1...40)
  func anUnchangedEnginePasses(_ seed: Int) throws {
    #expect(try check(seed: UInt64(seed)).failure == nil, "seed \(seed)")
  }

  @Test(arguments: 1...40)
  func aSlowdownAboveTheToleranceFails(_ seed: Int) throws {
    let findings = try check(seed: UInt64(seed), slowdown: 0.15)
    #expect(findings.failure == .regression, "seed \(seed)")
    #expect(findings.last?.name == GateDecision.allCases)
    #expect(findings.last?.verdict == .slower, "seed \(seed)")
  }

  @Test(arguments: 1...20)
  func aSlowdownBelowTheTolerancePasses(_ seed: Int) throws {
    #expect(try check(seed: UInt64(seed), slowdown: 0.04).failure == nil, "seed \(seed)")
  }

  /// Noise five times as large: a slowdown may be lost in it, but it must not be invented.
  @Test(arguments: 1...20)
  func noiseIsNotASlowdown(_ seed: Int) throws {
    #expect(try check(seed: UInt64(seed), noise: 0.1).failure != .regression, "seed \(seed)")
  }

  @Test func hopelessNoiseSaysSo() throws {
    let gate = GateRun(baseline: Self.baseline(), tolerance: 0.1) { items, attempt in
      Self.samples(seed: UInt64(attempt), noise: 0.6, items: items)
    }
    #expect(try gate.run([Self.items[0]]).failure == .couldNotMeasure)
  }

  /// Another compiler makes the naive loops faster, another library the peak: not the engine's fault.
  @Test func aChangeOfOneBaselineAloneIsNotASlowdown() {
    let samples = Self.samples(seed: 3, naiveSlowdown: -0.3)
    let findings = GateDecision.judge(
      samples: samples, baseline: Self.baseline(), tolerance: 0.1)
    #expect(findings.allSatisfy { $0.verdict == .pass })
    #expect((findings.last?.slowdowns[.overNaive] ?? 0) > 0.3)
  }

  @Test func oneSlowCaseAmongManyIsFound() throws {
    let gate = GateRun(baseline: Self.baseline(), tolerance: 0.1) { items, attempt in
      items.flatMap { item in
        Self.samples(
          seed: UInt64(attempt * 100 + item.shape.T),
          slowdown: item == Self.items[2] ? 0.25 : 0, items: [item])
      }
    }
    let findings = try gate.run(Self.items)
    #expect(findings.filter { $0.verdict == .slower }.map(\.name) == [Self.items[2].description])
    #expect(findings.failure == .regression)
  }

  @Test func effectAndSignificanceAreBothNeeded() {
    let before: [GateMetric: Interval] = [.overPeak: Interval(median: 1, low: 0.98, high: 1.02)]
    func verdict(_ median: Double, _ halfWidth: Double) -> GateVerdict {
      GateDecision.judge(
        name: "x",
        current: [
          .overPeak: Interval(
            median: median, low: median - halfWidth, high: median + halfWidth)
        ],
        baseline: before, tolerance: 0.1
      ).verdict
    }
    #expect(verdict(0.8, 0.02) == .slower)
    #expect(verdict(0.95, 0.01) == .pass, "significant, but within the tolerance")
    #expect(verdict(0.85, 0.3) == .noisy, "above the tolerance, but not significant")
    #expect(verdict(1.2, 0.02) == .pass)
  }
}

/// When suspects are measured again, and what the measurements say together.
struct GateRunTests {
  @Test(arguments: [
    ([GateVerdict.pass], GateVerdict.pass), ([.unknown], .unknown), ([.slower, .slower], .slower),
    ([.slower, .pass, .slower], .slower), ([.slower, .pass, .pass], .pass),
    ([.noisy, .slower, .slower], .slower), ([.noisy, .pass], .pass),
    ([.noisy, .noisy, .noisy], .noisy), ([.slower, .noisy, .noisy], .noisy),
    ([.slower, .pass, .noisy], .pass),
  ])
  func settled(_ verdicts: [GateVerdict], _ expected: GateVerdict) {
    #expect(GateRun.settled(verdicts) == expected)
    for count in 0..<verdicts.count { #expect(GateRun.settled(Array(verdicts[..<count])) == nil) }
  }

  @Test func onlySuspectsAreMeasuredAgain() throws {
    let items = GateDecisionTests.items
    var measured: [[BenchCase]] = []
    let gate = GateRun(baseline: GateDecisionTests.baseline(), tolerance: 0.1) { cases, attempt in
      measured.append(cases)
      return cases.flatMap { item in
        GateDecisionTests.samples(
          seed: 50 + UInt64(item.shape.T),
          slowdown: item == items[4] && attempt == 1 ? 0.3 : 0, items: [item])
      }
    }
    let findings = try gate.run(items)
    #expect(measured == [items, [items[4]], [items[4]]])
    #expect(findings.failure == nil)
  }

  @Test func casesThatTheBaselineLacksDoNotFail() throws {
    var baseline = GateDecisionTests.baseline()
    baseline.cases[GateDecisionTests.items[0].description] = nil
    let run = GateRun(baseline: baseline, tolerance: 0.1) { cases, _ in
      GateDecisionTests.samples(seed: 77, items: cases)
    }
    let findings = try run.run(GateDecisionTests.items)
    #expect(findings.first?.verdict == .unknown)
    #expect(findings.failure == nil)
    let none = try run.run([GateDecisionTests.items[0]])
    #expect(none.failure == .couldNotMeasure)
  }
}
