internal import CKernels
internal import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

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
  nonisolated(unsafe) private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(
    capacity: 1)
  nonisolated(unsafe) private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(
    capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// The value; what was written before it was set can be read.
  var current: Int { value.load(ordering: .acquiring) }

  /// Adds to the value and wakes those who sleep.
  ///
  /// The order of both counters is sequentially consistent on both sides: either this thread sees the
  /// sleeper, or the sleeper sees the new value.
  func add(_ amount: Int) {
    value.wrappingAdd(amount, ordering: .sequentiallyConsistent)
    guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }

  /// Waits until the value is another than `old`, and returns it.
  @discardableResult
  func wait(whileEqualTo old: Int) -> Int {
    for _ in 0..<Self.spins {
      let now = current
      if now != old { return now }
      ck_spin_pause()
    }
    pthread_mutex_lock(mutex)
    sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
    var now = value.load(ordering: .sequentiallyConsistent)
    while now == old {
      pthread_cond_wait(changed, mutex)
      now = value.load(ordering: .sequentiallyConsistent)
    }
    sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
    return now
  }
}
