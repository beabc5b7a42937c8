#if Distributed
  internal import CMPI
  import LinAlg
  import SequenceModels

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #else
    import Darwin
  #endif

  /// The one thread that calls MPI: it starts what is submitted, in this order, keeps it going while the caller
  /// computes, and notices when it does not end in time.
  ///
  /// MPI is not asked for calls from several threads (`MPI_THREAD_FUNNELED`), and needs none: many builds of it
  /// only move data while somebody calls it, which a thread that computes cannot.
  final class MessageThread: Sendable {
    /// Between two looks at what goes on while nobody waits for it: more often takes time from the computation
    /// on the same core.
    private static let pause = 100e-6
    /// Between two looks while nothing goes on, in nanoseconds.
    private static let idlePause = 20_000_000
    /// How long a look follows the other at once while somebody waits: a large message moves in many pieces, each
    /// by a look. Threads that have something to compute get the processor in between.
    private static let eagerSeconds = 0.2

    let timeout: Double
    private let lock = ConditionLock()

    // All of these are read and written under the lock.
    nonisolated(unsafe) private var queue: [Exchange] = []
    nonisolated(unsafe) private var submitted = 0
    nonisolated(unsafe) private var lastName = "nothing yet"
    nonisolated(unsafe) private var lastTime = 0.0
    nonisolated(unsafe) private var waiters = 0
    nonisolated(unsafe) private var phase = Phase.starting
    nonisolated(unsafe) private var startError: DistributedError?
    /// Why this rank ends the job; nil while it does not.
    nonisolated(unsafe) private var endReason: String?

    // Written before the phase is `running`.
    nonisolated(unsafe) private(set) var rank = 0
    nonisolated(unsafe) private(set) var size = 1
    nonisolated(unsafe) private(set) var library = ""

    private enum Phase { case starting, running, finishing, finished }

    private init(timeout: Double) { self.timeout = timeout }

    /// Starts MPI on a new thread.
    static func start(timeout: Double) throws(DistributedError) -> MessageThread {
      let thread = MessageThread(timeout: timeout)
      guard startThread({ thread.run() }) else {
        throw DistributedError(.start, "the system gives no thread for messages")
      }
      thread.lock.lock()
      while thread.phase == .starting { thread.lock.wait() }
      let error = thread.startError
      thread.lock.unlock()
      if let error { throw error }
      return thread
    }
  }

  // What the caller does.
  extension MessageThread {
    /// Submits something that all ranks do together.
    func submit(
      _ name: String, _ begin: @escaping @Sendable (cmpi_group, inout cmpi_request) -> Int32
    ) -> Exchange { submit(name, .messages(begin)) }

    /// As ``submit(_:_:)``, for either way of doing it.
    func submit(_ name: String, _ way: Exchange.Way) -> Exchange {
      lock.lock()
      defer { lock.unlock() }
      submitted += 1
      (lastName, lastTime) = (name, monotonicSeconds())
      let exchange = Exchange(name, number: submitted, way)
      queue.append(exchange)
      lock.broadcast()
      return exchange
    }

    /// Waits until it has ended. Where it does not in time, or fails, the thread ends the job.
    func wait(for exchange: Exchange) {
      lock.lock()
      waiters += 1
      lock.broadcast()
      while !exchange.isDone { lock.wait() }
      waiters -= 1
      lock.unlock()
    }

    /// Ends the job on all ranks, with a message of this one.
    func end(_ reason: String) -> Never {
      lock.lock()
      if endReason == nil { endReason = reason }
      lock.broadcast()
      while true { lock.wait() }
    }

    /// Ends MPI, after everything that was submitted.
    func finish() {
      lock.lock()
      phase = .finishing
      lock.broadcast()
      while phase != .finished { lock.wait() }
      lock.unlock()
    }
  }

  // What the thread does.
  extension MessageThread {
    private func run() {
      var (group, control) = (cmpi_group(), cmpi_group())
      let error = startMessages(&group, &control)
      lock.lock()
      startError = error
      phase = error == nil ? .running : .finished
      lastTime = monotonicSeconds()
      lock.broadcast()
      lock.unlock()
      guard error == nil else { return }
      var watch = RankWatch(rank: rank, size: size, timeout: timeout, group: control)
      var active: [Exchange] = []
      var eagerUntil = 0.0
      while true {
        let now = monotonicSeconds()
        lock.lock()
        if queue.isEmpty && active.isEmpty && endReason == nil {
          if phase == .finishing { break }
          _ = lock.wait(until: ConditionLock.deadline(in: Self.idlePause))
        }
        let new = queue
        queue.removeAll(keepingCapacity: true)
        let (isWaited, reason) = (waiters > 0, endReason)
        let place = RankWatch.Place(
          submitted: submitted, name: lastName, seconds: now - lastTime)
        lock.unlock()
        if let reason { watch.end(reason) }
        for exchange in new {
          watch.check(exchange.start(group, at: now), exchange.name)
          active.append(exchange)
        }
        var hasEnded = !new.isEmpty
        for exchange in active {
          let result = exchange.test()
          watch.check(result.code, exchange.name)
          guard result.isDone else { continue }
          lock.lock()
          exchange.isDone = true
          lastTime = monotonicSeconds()
          lock.broadcast()
          lock.unlock()
          hasEnded = true
        }
        if hasEnded {
          active.removeAll { $0.isDone }
          eagerUntil = now + Self.eagerSeconds
        }
        watch.look(at: place, waitingFor: active.first, now: now)
        if active.isEmpty { continue }
        if isWaited && now < eagerUntil {
          sched_yield()
        } else {
          rest(isWaited ? 20e-6 : Self.pause)
        }
      }
      lock.unlock()
      _ = cmpi_finish()
      lock.lock()
      phase = .finished
      lock.broadcast()
      lock.unlock()
    }

    private func startMessages(
      _ group: inout cmpi_group, _ control: inout cmpi_group
    ) -> DistributedError? {
      var isEnough: Int32 = 0
      var (rank, size): (Int32, Int32) = (0, 1)
      var code = cmpi_start(&isEnough)
      if code == Int32(CMPI_SUCCESS), isEnough == 0 {
        return DistributedError(
          .start, "this MPI allows no thread beside the one that calls it (MPI_THREAD_FUNNELED)")
      }
      if code == Int32(CMPI_SUCCESS) { code = cmpi_world(&group, &rank, &size) }
      if code == Int32(CMPI_SUCCESS) { code = cmpi_world(&control, &rank, &size) }
      guard code == Int32(CMPI_SUCCESS) else {
        return DistributedError(
          .start, "MPI does not start: \(textOfMPI { cmpi_describe(code, $0) })")
      }
      (self.rank, self.size) = (Int(rank), Int(size))
      library = textOfMPI { cmpi_library($0) }
      return nil
    }
  }

  /// A text that MPI writes.
  func textOfMPI(_ write: (UnsafeMutablePointer<CChar>) -> Void) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: CMPI_TEXT) { buffer in
      guard let start = buffer.baseAddress else { return "" }
      start.initialize(repeating: 0, count: buffer.count)
      write(start)
      return String(cString: start)
    }
  }

  /// Sleeps.
  func rest(_ seconds: Double) {
    var time = timespec(
      tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
    nanosleep(&time, nil)
  }
#endif
