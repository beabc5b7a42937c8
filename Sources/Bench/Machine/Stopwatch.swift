import Foundation

/// Reads the clocks that timings are taken with.
enum Stopwatch {
  /// What a timing counts.
  enum Clock: String, CaseIterable {
    /// Time that passes: what a caller waits.
    case wall
    /// Time that this process computes, all threads together. With one thread that is the wall time of
    /// a machine that nobody else uses, which makes it the steadier clock on one that others do.
    case processor

    fileprivate var identifier: clockid_t {
      switch self {
      case .wall: CLOCK_MONOTONIC
      case .processor: CLOCK_PROCESS_CPUTIME_ID
      }
    }
  }

  /// Nanoseconds since some fixed point.
  static func now(_ clock: Clock = .wall) -> UInt64 {
    var time = timespec()
    clock_gettime(clock.identifier, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// The seconds since `start`, which the same clock gave.
  static func seconds(since start: UInt64, _ clock: Clock = .wall) -> Double {
    Double(now(clock) - start) * 1e-9
  }

  /// The seconds that `body` takes.
  static func seconds(_ clock: Clock = .wall, _ body: () throws -> Void) rethrows -> Double {
    let start = now(clock)
    try body()
    return seconds(since: start, clock)
  }
}
