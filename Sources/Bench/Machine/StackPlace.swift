import CMachineProbe
import Foundation

/// Where calls that are timed have their stack: at the same place of a page in both programs that are
/// compared, at another one in each launch.
enum StackPlace {
  /// In a process's environment: as many letters as the stack is moved by bytes.
  static let variable = "BENCH_LAUNCH"

  private static let offset =
    (ProcessInfo.processInfo.environment[variable]?.utf8.count ?? 0) / 64 * 64

  /// The variable's value in a launch.
  static func value(launch number: Int) -> String {
    String(repeating: "x", count: number * 617 % 4096)
  }

  /// Calls `body` there.
  static func call(_ body: () -> Void) {
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { context in
        machine_probe_call(
          offset, { $0?.assumingMemoryBound(to: (() -> Void).self).pointee() },
          UnsafeMutableRawPointer(mutating: context))
      }
    }
  }
}
