import LinAlg
import Testing

@testable import Bench

/// The gate must fail when, and only when, the engine got slower.
struct GateDecisionTests {
  static let rows: [(name: String, group: String)] =
    (1...4).map { ("product N\($0)", "product") } + (1...4).map { ("step N\($0)", "engine") }
    + (1...4).map { ("lone\($0)", "lone\($0)") }

  /// Costs as a machine gives them: every sample with its own noise, some far too large.
  static func samples(
    seed: UInt64, slowdown: [String: Double] = [:], noise: Double = 0.02, count: Int = 60,
    drift: Double = 0
  ) -> [GateSample] {
    var random = SeededGenerator(seed: seed)
    func jitter() -> Double {
      // The sum of four uniform numbers: nearly normal, with unit variance.
      let sum = (0..<4).reduce(0.0) { sum, _ in sum + Double.random(in: -1...1, using: &random) }
      let spike = Double.random(in: 0..<1, using: &random) < 0.1 ? 1.5 : 1
      return max(0.1, 1 + noise * sum * 0.866) * spike
    }
    return rows.map { row in
      let factor = 1 + drift + (slowdown[row.name] ?? slowdown[row.group] ?? 0)
      return GateSample(
        name: row.name, group: row.group, costs: (0..<count).map { _ in 1e6 * factor * jitter() })
    }
  }

  static func baseline(noise: Double = 0.02) -> BaselineEntry {
    var passes: [String: [GateSample]] = [:]
    for pass in 0..<5 {
      for sample in samples(seed: UInt64(900 + pass), noise: noise) {
        passes[sample.name, default: []].append(sample)
      }
    }
    return BaselineEntry(
      cpu: "test", openblas: "0", commit: "0", date: "", threads: 1,
      costs: passes.compactMapValues(BaselineEntry.combining))
  }

  /// A whole check, with up to three measurements.
  private func check(
    seed: Int, slowdown: [String: Double] = [:], noise: Double = 0.02, drift: Double = 0
  ) -> [GateFinding] {
    let gate = GateRun(baseline: Self.baseline(noise: noise), tolerance: 0.08) { attempt in
      Self.samples(
        seed: UInt64(seed * 1000 + attempt), slowdown: slowdown, noise: noise,
        count: attempt == 1 ? 60 : 120, drift: drift)
    }
    return gate.run()
  }

  @Test(arguments: 1...40)
  func anUnchangedEnginePasses(_ seed: Int) {
    #expect(check(seed: seed).failure == nil, "seed \(seed)")
  }

  @Test(arguments: 1...40)
  func aSlowerKernelIsFoundAndNamed(_ seed: Int) {
    for group in ["product", "lone2"] {
      let findings = check(seed: seed, slowdown: [group: 0.15])
      #expect(findings.failure == .regression, "seed \(seed)")
      let slower = findings.filter { $0.verdict == .slower }
      #expect(slower.allSatisfy { $0.group == group }, "seed \(seed): \(slower.map(\.name))")
      #expect(slower.contains { $0.name.hasPrefix(group) }, "seed \(seed)")
    }
  }

  @Test(arguments: 1...20)
  func aSlowdownBelowTheTolerancePasses(_ seed: Int) {
    #expect(
      check(seed: seed, slowdown: ["product": 0.03, "lone1": 0.03]).failure == nil, "seed \(seed)")
  }

  /// Noise seven times as large: a slowdown may be lost in it, but it must not be invented.
  @Test(arguments: 1...20)
  func noiseIsNotASlowdown(_ seed: Int) {
    #expect(check(seed: seed, noise: 0.15).failure != .regression, "seed \(seed)")
  }

  @Test func hopelessNoiseSaysSo() {
    let gate = GateRun(baseline: Self.baseline(), tolerance: 0.08) { attempt in
      Self.samples(seed: UInt64(attempt), noise: 0.6, count: 12)
    }
    #expect(gate.run().failure == .couldNotMeasure)
  }

  /// The yardstick changed for all: what is slower beyond that is found, and nothing else.
  @Test(arguments: [-0.09, -0.05, 0.05])
  func aChangeOfAllIsNoSlowdownOfOne(_ drift: Double) {
    #expect(check(seed: 8, drift: drift).failure == nil)
    let slower = check(seed: 9, slowdown: ["lone3": 0.15], drift: drift)
      .filter { $0.verdict == .slower }
    #expect(slower.map(\.name) == ["lone3"])
  }

  @Test func aSlowdownOfEverythingIsFound() {
    let findings = check(seed: 4, drift: 0.15)
    #expect(findings.filter { $0.verdict == .slower }.map(\.name) == [GateDecision.allRows])
  }

  @Test func oneSlowRowOfManyIsFound() {
    let findings = check(seed: 5, slowdown: ["step N3": 0.25])
    #expect(findings.filter { $0.verdict == .slower }.map(\.name) == ["step N3"])
    #expect(findings.failure == .regression)
  }

  @Test func effectAndSignificanceAreBothNeeded() {
    func verdict(_ median: Double, _ halfWidth: Double) -> GateVerdict {
      GateDecision.judge(
        name: "x", group: "x",
        current: Interval(median: median, low: median - halfWidth, high: median + halfWidth),
        baseline: 1, tolerance: 0.1
      ).verdict
    }
    #expect(verdict(1.2, 0.02) == .slower)
    #expect(verdict(1.09, 0.01) == .pass, "significant, but within the tolerance")
    #expect(verdict(1.15, 0.3) == .noisy, "above the tolerance, but not significant")
    #expect(verdict(0.8, 0.02) == .pass)
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

  @Test func suspectsAreMeasuredAgain() {
    var attempts: [Int] = []
    let gate = GateRun(baseline: GateDecisionTests.baseline(), tolerance: 0.08) { attempt in
      attempts.append(attempt)
      return GateDecisionTests.samples(
        seed: UInt64(50 + attempt), slowdown: attempt == 1 ? ["product": 0.3] : [:])
    }
    let findings = gate.run()
    #expect(attempts == [1, 2, 3])
    #expect(findings.failure == nil)
    #expect(findings.count == GateDecisionTests.rows.count + 3)
  }

  @Test func rowsThatTheBaselineLacksDoNotFail() {
    var baseline = GateDecisionTests.baseline()
    baseline.costs["lone4"] = nil
    var run = GateRun(baseline: baseline, tolerance: 0.08) { _ in
      GateDecisionTests.samples(seed: 77)
    }
    let findings = run.run()
    #expect(findings.first { $0.name == "lone4" }?.verdict == .unknown)
    #expect(findings.failure == nil)
    run.baseline.costs = [:]
    #expect(run.run().failure == .couldNotMeasure)
  }
}

/// How the gate measures.
struct GateTimerTests {
  @Test func everyRowGetsASampleInEachRound() {
    var calls = [0, 0]
    let rows = (0..<2).map { index in
      GateRow(name: "\(index)", group: "g") { count in
        calls[index] += count
        Stopwatch.busyWait(seconds: 1e-5 * Double(count))
      }
    }
    let samples = GateTimer(clock: .wall).measure(rows, rounds: 3)
    #expect(samples.map(\.name) == ["0", "1"])
    #expect(samples.allSatisfy { $0.costs.count == 3 && $0.costs.allSatisfy { $0 > 0 } })
    #expect(calls.allSatisfy { $0 > 3 })
  }

  @Test func everyKernelHasARowOfItsOwn() {
    let rows = GateRow.kernels()
    #expect(Set(rows.map(\.name)).count == rows.count)
    for row in rows { row.call(2) }
    for kernel in ["packed_product_f32", "weight_gradient_f32", "lstm_forward_f32"] {
      #expect(rows.contains { $0.group == kernel })
    }
  }
}
