internal import CKernels
internal import Synchronization

/// A counter that threads wait on: they spin for a bounded time, then sleep.
///
/// Between two threads that both run, a spin notices a change within a tenth of a microsecond, where
/// a wake-up from sleep takes tens. But a thread that spins while the one it waits for has no
/// processor keeps it from getting one: with a third process on two cores, unbounded spins slow a
/// step loop thirtyfold.
final class WaitableCounter: Sendable {
  /// How often a waiter looks before it sleeps: some tens of microseconds.
  static let spins = 2000

  private let value = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let condition = ConditionLock()

  /// The value; what was written before it was set can be read.
  var current: Int { value.load(ordering: .acquiring) }

  /// Adds to the value and wakes those who sleep.
  ///
  /// The order of both counters is sequentially consistent on both sides: either this thread sees the
  /// sleeper, or the sleeper sees the new value.
  func add(_ amount: Int) {
    value.wrappingAdd(amount, ordering: .sequentiallyConsistent)
    guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
    condition.lock()
    condition.broadcast()
    condition.unlock()
  }

  /// Waits until the value is another than `old`, and returns it.
  @discardableResult
  func wait(whileEqualTo old: Int) -> Int {
    for _ in 0..<Self.spins {
      let now = current
      if now != old { return now }
      ck_spin_pause()
    }
    condition.lock()
    sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
    var now = value.load(ordering: .sequentiallyConsistent)
    while now == old {
      condition.wait()
      now = value.load(ordering: .sequentiallyConsistent)
    }
    sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    condition.unlock()
    return now
  }
}
