import LinAlg
import Testing

@testable import Bench

/// The gate must fail when, and only when, the engine got slower.
struct GateRunTests {
  static let rows = (1...12).map { "row\($0)" }

  /// Ratios as launches give them: each with its own noise, some far off.
  private func run(
    seed: UInt64, slowdown: [String: Double] = [:], noise: Double = 0.015
  ) throws -> [GateFinding] {
    var random = SeededGenerator(seed: seed)
    let gate = GateRun(tolerance: 0.05) { names, launches in
      Dictionary(
        uniqueKeysWithValues: (names ?? Self.rows).map { name in
          let ratios = (0..<launches).map { _ in
            // The sum of four uniform numbers: nearly normal, with unit variance.
            let sum = (0..<4).reduce(0.0) { sum, _ in
              sum + Double.random(in: -1...1, using: &random)
            }
            let spike = Double.random(in: 0..<1, using: &random) < 0.05 ? 1.3 : 1
            return (1 + (slowdown[name] ?? 0)) * max(0.1, 1 + noise * sum * 0.866) * spike
          }
          return (name, ratios)
        })
    }
    return try gate.run()
  }

  private func slower(_ findings: [GateFinding]) -> Set<String> {
    Set(findings.filter { $0.verdict == .slower }.map(\.name))
  }

  @Test(arguments: 1...60)
  func anUnchangedEnginePasses(_ seed: UInt64) throws {
    let findings = try run(seed: seed)
    #expect(findings.failure == nil, "seed \(seed)")
    #expect(findings.count == Self.rows.count)
  }

  @Test(arguments: 1...60)
  func aSlowerRowIsFoundAndNamed(_ seed: UInt64) throws {
    let findings = try run(seed: seed, slowdown: ["row3": 0.1])
    #expect(findings.failure == .regression, "seed \(seed)")
    #expect(slower(findings) == ["row3"], "seed \(seed)")
  }

  /// Nothing that rows have in common is taken off: half of them are not how the machine is today.
  @Test(arguments: 1...20)
  func halfOfTheRowsSlowerAreAllFound(_ seed: UInt64) throws {
    let half = Self.rows.prefix(Self.rows.count / 2)
    let slowdown = Dictionary(uniqueKeysWithValues: half.map { ($0, 0.15) })
    #expect(slower(try run(seed: seed, slowdown: slowdown)) == Set(half), "seed \(seed)")
  }

  @Test(arguments: 1...20)
  func whatGotFasterMakesNothingElseSlower(_ seed: UInt64) throws {
    let most = Self.rows.dropLast(2)
    let slowdown = Dictionary(uniqueKeysWithValues: most.map { ($0, -0.15) })
    #expect(try run(seed: seed, slowdown: slowdown).failure == nil, "seed \(seed)")
  }

  @Test(arguments: 1...20)
  func aSlowdownOfEverythingIsFound(_ seed: UInt64) throws {
    let slowdown = Dictionary(uniqueKeysWithValues: Self.rows.map { ($0, 0.15) })
    #expect(slower(try run(seed: seed, slowdown: slowdown)) == Set(Self.rows), "seed \(seed)")
  }

  /// Noise ten times as large: a slowdown may be lost in it, but it must not be invented.
  @Test(arguments: 1...20)
  func noiseIsNotASlowdown(_ seed: UInt64) throws {
    #expect(try run(seed: seed, noise: 0.15).failure != .regression, "seed \(seed)")
  }

  /// Luck with addresses that makes a row one of three speeds is no verdict.
  @Test(arguments: 1...20)
  func aRowOfThreeSpeedsIsJudgedByTheMiddleOne(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for (slowdown, expected) in [(1.0, GateVerdict.pass), (1.1, .slower)] {
      let gate = GateRun(tolerance: 0.05) { _, launches in
        [
          "a": (0..<launches).map { _ in
            slowdown * ([0.88, 1, 1, 1.12].randomElement(using: &random) ?? 1)
              * Double.random(in: 0.99...1.01, using: &random)
          }
        ]
      }
      #expect(try gate.run().map(\.verdict) == [expected], "seed \(seed)")
    }
  }

  @Test func hopelessNoiseSaysSo() throws {
    #expect(try run(seed: 1, noise: 0.6).failure == .couldNotMeasure)
  }

  @Test func onlyWhatIsNotSettledIsMeasuredAgain() throws {
    var asked: [[String]?] = []
    var suspects: [[String]] = []
    var gate = GateRun(tolerance: 0.05) { names, launches in
      asked.append(names)
      let first = ["a": 1.0, "b": 1.2, "c": 1.2]
      // What b was at first was chance.
      let later = ["b": 1.0, "c": 1.2]
      return (asked.count == 1 ? first : later).filter { names?.contains($0.key) ?? true }
        .mapValues { Array(repeating: $0, count: launches) }
    }
    gate.onSuspects = { suspects.append($0) }
    let findings = try gate.run()
    #expect(asked.prefix(2) == [nil, ["b", "c"]])
    #expect(asked.dropFirst(2).allSatisfy { $0 == ["b"] })
    #expect(suspects.first == ["b", "c"])
    #expect(findings.map(\.verdict) == [.pass, .pass, .slower])
  }
}
