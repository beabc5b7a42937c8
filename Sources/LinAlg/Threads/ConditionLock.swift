#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A mutex and a condition to wait for under it.
package final class ConditionLock: Sendable {
  nonisolated(unsafe) private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(
    capacity: 1)
  nonisolated(unsafe) private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(
    capacity: 1)

  package init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  package func lock() { pthread_mutex_lock(mutex) }
  package func unlock() { pthread_mutex_unlock(mutex) }

  /// Wakes one thread that waits.
  package func signal() { pthread_cond_signal(changed) }

  /// Wakes all threads that wait.
  package func broadcast() { pthread_cond_broadcast(changed) }

  /// Gives the lock away until it is woken, or for no reason; the caller has it, and looks again.
  package func wait() { pthread_cond_wait(changed, mutex) }

  /// The time of the system's clock so many nanoseconds from now.
  package static func deadline(in nanoseconds: Int) -> timespec {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let later = time.tv_nsec + nanoseconds
    time.tv_sec += later / 1_000_000_000
    time.tv_nsec = later % 1_000_000_000
    return time
  }

  /// Waits as ``wait()``, until a time of the system's clock at most; false once that has come.
  package func wait(until deadline: timespec) -> Bool {
    var deadline = deadline
    return pthread_cond_timedwait(changed, mutex, &deadline) == 0
  }
}
