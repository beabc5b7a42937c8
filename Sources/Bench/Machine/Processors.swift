import CMachineProbe
import Foundation

/// The processors that this process may run on.
enum Processors {
  /// Runs `body` so that every process that it starts stays on the processor that others use least now,
  /// or wherever this one may run where the system does not say.
  ///
  /// Two programs that are compared by turns have to have the same core: another one may be shared with
  /// somebody else.
  static func startingOnIdlest<Result>(_ body: () throws -> Result) rethrows -> Result {
    let allowed = allowed
    guard allowed.count > 1, let before = idleTimes() else { return try body() }
    usleep(100_000)
    let after = idleTimes() ?? [:]
    let idlest = allowed.max { idle($0, before, after) < idle($1, before, after) }
    defer { machine_probe_run_on(allowed, Int32(allowed.count)) }
    if let idlest { machine_probe_run_on([idlest], 1) }
    return try body()
  }

  /// Their numbers; none where the system does not say.
  static var allowed: [Int32] {
    var numbers = [Int32](repeating: 0, count: 1024)
    let count = machine_probe_processors(&numbers, Int32(numbers.count))
    return Array(numbers.prefix(Int(count)))
  }

  private static func idle(_ number: Int32, _ before: [Int32: Int], _ after: [Int32: Int]) -> Int {
    (after[number] ?? 0) - (before[number] ?? 0)
  }

  private static func idleTimes() -> [Int32: Int]? {
    (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)).map(idleTimes(stat:))
  }

  /// How long each processor has been idle, in ticks, by the text of Linux's `/proc/stat`.
  static func idleTimes(stat text: String) -> [Int32: Int] {
    var times: [Int32: Int] = [:]
    for line in text.split(separator: "\n") where line.hasPrefix("cpu") {
      let fields = line.split(separator: " ")
      guard fields.count > 4, let number = Int32(fields[0].dropFirst(3)) else { continue }
      times[number] = Int(fields[4])
    }
    return times
  }
}
