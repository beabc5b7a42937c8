import Foundation

/// Whether sweeps run in full: with `SWIFT_RECURRENT_LONG_TESTS=1`, as `make test-long` sets it.
enum LongTests {
  static let areEnabled = ProcessInfo.processInfo.environment["SWIFT_RECURRENT_LONG_TESTS"] == "1"
}
