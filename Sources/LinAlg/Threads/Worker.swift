internal import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A thread of the team. Who has borrowed it is the only one to use it.
final class Worker: Sendable {
  /// What the members of a call share when this worker is the first that the call has borrowed.
  let crew = Crew()

  // The next job; published by `jobs`.
  nonisolated(unsafe) private var member = TeamMember.alone
  nonisolated(unsafe) private var joined: Unmanaged<Crew>?
  nonisolated(unsafe) private var isStarted = false
  private let jobs = WaitableCounter()

  /// Sends the worker off to do its part of a call.
  func join(_ crew: Crew, index: Int, count: Int) {
    joined = .passUnretained(crew)
    member = TeamMember(index: index, count: count, crew: .passUnretained(crew))
    jobs.add(1)
  }

  /// Starts the thread unless it runs; false if the system gives no thread.
  func start() -> Bool {
    if isStarted { return true }
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let result = pthread_create(
      &thread, nil,
      { argument in
        // The team lives as long as the process.
        #if canImport(Darwin)
          Unmanaged<Worker>.fromOpaque(argument).takeUnretainedValue().serve()
        #else
          if let argument { Unmanaged<Worker>.fromOpaque(argument).takeUnretainedValue().serve() }
        #endif
        return nil
      }, Unmanaged.passUnretained(self).toOpaque())
    isStarted = result == 0
    return isStarted
  }

  private func serve() {
    _ = ck_flush_denormals()
    var done = 0
    while true {
      done = jobs.wait(whileEqualTo: done)
      joined?._withUnsafeGuaranteedRef { $0.run(member) }
    }
  }
}
