import Foundation
import LinAlg

/// Gives OpenBLAS its threads only while something runs that is meant to use them.
///
/// OpenBLAS's idle workers do not sleep at once: they yield in a loop for 2²⁸ ticks of the time-stamp
/// counter (its `THREAD_TIMEOUT`; 110 ms at 2.4 GHz) and take a core from whoever is measured next.
/// Measured on two cores: an inference call of 1.35 ms took 2.9 ms beside them.
enum OpenBLASThreads {
  /// Lets OpenBLAS use `count` threads. When it had more than one and is to have one, returns only after
  /// its workers have gone to sleep.
  static func use(_ count: Int) {
    let before = OpenBLAS.threadCount
    guard before != count else { return }
    OpenBLAS.threadCount = count
    if before > 1, count == 1 { waitUntilOthersSleep() }
  }

  /// Runs `body` with `count` threads, and leaves OpenBLAS with one.
  static func with<Result>(_ count: Int, _ body: () throws -> Result) rethrows -> Result {
    use(count)
    defer { use(1) }
    return try body()
  }

  /// Longer than workers yield at 1 GHz: after this, whatever still runs is not one of them.
  static let longestWait = 0.3

  /// Returns when no other thread of this process runs; where that cannot be seen, after the longest
  /// time that they may.
  private static func waitUntilOthersSleep() {
    let start = Stopwatch.now()
    while Stopwatch.seconds(since: start) < longestWait {
      if let running = SystemState.runningThreads, running <= 1 { return }
      usleep(1000)
    }
  }
}

extension SystemState {
  /// How many threads of this process run or want to, this one included. `nil` where not known.
  static var runningThreads: Int? {
    let folder = "/proc/self/task"
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      return nil
    }
    return names.count { name in
      // The thread may have ended since the folder was read.
      guard let text = try? String(contentsOfFile: "\(folder)/\(name)/stat", encoding: .utf8)
      else { return false }
      return isRunning(stat: text)
    }
  }

  /// Whether a line of Linux's `/proc/…/stat` is of a thread that runs or wants to. The state follows
  /// the name in parentheses, which may itself hold parentheses.
  static func isRunning(stat: String) -> Bool {
    guard let end = stat.lastIndex(of: ")") else { return false }
    return stat[end...].dropFirst().first { $0 != " " } == "R"
  }
}
