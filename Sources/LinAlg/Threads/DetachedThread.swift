#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Runs `body` on a new thread; false if the system gives none.
package func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
  final class Job: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  let job = Unmanaged.passRetained(Job(body))
  #if canImport(Darwin)
    var thread: pthread_t?
  #else
    var thread = pthread_t()
  #endif
  let status = pthread_create(
    &thread, nil,
    { argument in
      #if canImport(Darwin)
        Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().body()
      #else
        if let argument { Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().body() }
      #endif
      return nil
    }, job.toOpaque())
  if status != 0 {
    job.release()
    return false
  }
  #if canImport(Darwin)
    if let thread { pthread_detach(thread) }
  #else
    pthread_detach(thread)
  #endif
  return true
}
