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
  nonisolated(unsafe) private var thread: pthread_t?
  nonisolated(unsafe) private var avoided: Int32 = -1
  private let jobs = WaitableCounter()

  /// Sends the worker off to do its part of a call.
  func join(_ crew: Crew, index: Int, count: Int) {
    keepOffCallersProcessor()
    joined = .passUnretained(crew)
    member = TeamMember(index: index, count: count, crew: .passUnretained(crew))
    jobs.add(1)
  }

  /// Starts the thread unless it runs; false if the system gives no thread.
  func start() -> Bool {
    if thread != nil { return true }
    #if canImport(Darwin)
      var created: pthread_t?
    #else
      var created = pthread_t()
    #endif
    let result = pthread_create(
      &created, nil,
      { argument in
        // The team lives as long as the process.
        #if canImport(Darwin)
          Unmanaged<Worker>.fromOpaque(argument).takeUnretainedValue().serve()
        #else
          if let argument { Unmanaged<Worker>.fromOpaque(argument).takeUnretainedValue().serve() }
        #endif
        return nil
      }, Unmanaged.passUnretained(self).toOpaque())
    if result == 0 { thread = created }
    return result == 0
  }

  /// A system that wakes a thread beside its waker leaves it there until it balances its load: for
  /// tens of milliseconds, two members then had one processor.
  private func keepOffCallersProcessor() {
    let here = ck_current_processor()
    guard here != avoided, let thread else { return }
    ck_keep_off_processor(thread, here)
    avoided = here
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
