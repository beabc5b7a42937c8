import Foundation
import LinAlg
import Testing

@testable import Bench

/// What streams that step independently waited, and that they are what they are alone.
struct ServeTests {
  @Test func waitingIsThatOfTheRankedSteps() throws {
    #expect(ServeRow.Waiting([]) == nil)
    let one = try #require(ServeRow.Waiting([7]))
    #expect([one.half, one.most, one.nearlyAll] == [7, 7, 7])
    let hundred = try #require(ServeRow.Waiting((1...100).reversed().map(Double.init)))
    #expect([hundred.half, hundred.most, hundred.nearlyAll] == [50, 95, 99])
  }

  static func row(_ way: ServeRow.Way, stepsPerSecond: Double) -> ServeRow {
    ServeRow(
      streams: 64, threads: 2, way: way, stepsPerSecond: stepsPerSecond,
      waiting: way == .inTurn ? nil : ServeRow.Waiting([0.012]), meanBatch: 60,
      batchSeconds: 0.008)
  }

  @Test func theTableHoldsRatesAgainstSessionsInTurnAndWaitsAgainstABatch() {
    let result = ServeResult(
      cpu: "one", isa: "AVX2", units: 1024, maximumBatch: 64, patienceMicroseconds: 0,
      thinkMilliseconds: 0,
      rows: [
        Self.row(.inTurn, stepsPerSecond: 100), Self.row(.singly, stepsPerSecond: 90),
        Self.row(.batched, stepsPerSecond: 400),
      ], warnings: ["load 9"])
    let lines = result.render().split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 120 })
    #expect(lines.contains { $0.contains("batched") && $0.contains("4.00") && $0.contains("1.50") })
    #expect(lines.contains { $0.contains("singly") && $0.contains("0.90") })
    #expect(lines.contains("warning: load 9"))
  }

  /// On a thread that tasks do not need: the measurement waits for tasks of its own.
  static func besideTasks<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
  }

  @Test(arguments: [1, 2])
  func everyWayStepsTheStreams(threads: Int) async throws {
    var rng = SeededGenerator(seed: 5)
    let measurement = ServeMeasurement(
      inputs: 5, units: 8, maximumBatch: 4, patience: .zero, think: 0, seconds: 0.01, using: &rng)
    let rows = try await Self.besideTasks {
      try measurement.rows(streams: 7, threads: threads, turns: 1)
    }
    #expect(rows.map(\.way) == ServeRow.Way.allCases)
    for row in rows {
      #expect(row.stepsPerSecond > 0 && row.batchSeconds > 0)
      #expect((row.waiting == nil) == (row.way == .inTurn))
      #expect(row.meanBatch <= (row.way == .batched ? 4 : 1))
    }
  }
}
