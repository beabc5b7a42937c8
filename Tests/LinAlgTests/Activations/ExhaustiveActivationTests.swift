import CKernels
import CTestSupport
import Foundation
import LinAlg
import Testing

/// Every function at every float: 2³² inputs, about a minute and a half per function and core.
///
/// Runs with `SWIFT_RECURRENT_LONG_TESTS=1`, as `make test-long` sets it.
@Suite(
  "Activation accuracy, exhaustive", .serialized,
  .enabled(if: ProcessInfo.processInfo.environment["SWIFT_RECURRENT_LONG_TESTS"] == "1"))
struct ExhaustiveActivationTests {
  @Test("all floats", arguments: CheckedFunction.all)
  func allFloats(function: CheckedFunction) async throws {
    let sets = TestedSet.all
    let chunkCount: UInt64 = 64
    let chunk = (1 << 32) / chunkCount
    let results = try await withThrowingTaskGroup(of: [ct_result].self) { group in
      var next: UInt64 = 0
      func addChunk() {
        guard next < chunkCount else { return }
        let first = next * chunk
        next += 1
        group.addTask { Self.check(function, sets, first..<first + chunk) }
      }
      for _ in 0..<ProcessInfo.processInfo.activeProcessorCount { addChunk() }
      var total = sets.map { _ in ct_result() }
      var done: UInt64 = 0
      for try await part in group {
        addChunk()
        for i in sets.indices { total[i].merge(part[i]) }
        done += 1
        if done % 16 == 0 { say("\(function.testDescription): \(done)/\(chunkCount)") }
      }
      return total
    }
    for (set, result) in zip(sets, results) {
      say("\(function.testDescription) on \(set): \(result.max_ulp) ULP at \(result.worst_input)")
      #expect(result.max_ulp <= function.bound, "\(result.report(function, set))")
    }
  }

  /// Progress, at once also where standard output is a file.
  func say(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

  static func check(
    _ function: CheckedFunction, _ sets: [TestedSet], _ patterns: Range<UInt64>
  ) -> [ct_result] {
    let tables = sets.map { $0.kernels.pointee.f32 }
    var results = sets.map { _ in ct_result() }
    ct_check_patterns(
      function.subject, tables, tables.count, patterns.lowerBound, patterns.upperBound, 1, &results)
    return results
  }
}

extension ct_result {
  mutating func merge(_ other: ct_result) {
    let sum = checked + other.checked
    if other.max_ulp > max_ulp { self = other }
    checked = sum
  }
}
