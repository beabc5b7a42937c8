import LinAlg

/// A value that threads share, one at a time, and wait on (Hoare 1974).
final class Monitor<Value>: @unchecked Sendable {
  // @unchecked Sendable: the value is touched under the lock alone.
  private var value: Value
  private let condition = ConditionLock()

  init(_ value: Value) { self.value = value }

  /// Calls `body` while nobody else has the value.
  func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    condition.lock()
    defer { condition.unlock() }
    return try body(&value)
  }

  /// Wakes one thread that waits.
  func signal() { condition.signal() }

  /// Calls `body`, again after each ``signal()``, until it gives a result.
  func wait<Result>(for body: (inout Value) -> Result?) -> Result {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let result = body(&value) { return result }
      condition.wait()
    }
  }

  /// Returns when `isReady` holds, or some nanoseconds after the call.
  func wait(atMost nanoseconds: Int, until isReady: (Value) -> Bool) {
    let deadline = ConditionLock.deadline(in: nanoseconds)
    condition.lock()
    defer { condition.unlock() }
    while !isReady(value) {
      if !condition.wait(until: deadline) { return }
    }
  }
}
