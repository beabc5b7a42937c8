import LinAlg

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What ends a training before its time; the present update is finished first.
public enum TrainingInterruption {
  /// Nothing.
  case none
  /// The signal that Ctrl-C sends (`SIGINT`), once. What it did before it does again from then on: a second
  /// one ends the program, unless somebody has arranged otherwise.
  case interruptSignal
  /// Whatever makes this true; asked after each update.
  case when(() -> Bool)
}

/// Asks for interruptions while a training runs.
package struct InterruptionWatch {
  private let interruption: TrainingInterruption

  package init(_ interruption: TrainingInterruption) {
    self.interruption = interruption
    if case .interruptSignal = interruption { InterruptSignal.shared.watch() }
  }

  package func end() {
    if case .interruptSignal = interruption { InterruptSignal.shared.endWatch() }
  }

  package var isRequested: Bool {
    switch interruption {
    case .none: false
    case .interruptSignal: InterruptSignal.shared.hasCome
    case .when(let isRequested): isRequested()
    }
  }
}

/// The one handler of the process, there while anybody watches.
///
/// The handler writes a byte into a pipe, which is all that it does besides putting back what was there
/// before: a handler may do little, and memory of the program is not for it.
private final class InterruptSignal: Sendable {
  static let shared = InterruptSignal()

  nonisolated(unsafe) private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(
    capacity: 1)
  // Read and written under the mutex.
  nonisolated(unsafe) private var watchers = 0
  nonisolated(unsafe) private var came = false

  private init() { pthread_mutex_init(mutex, nil) }

  func watch() {
    locked {
      watchers += 1
      guard watchers == 1 else { return }
      came = false
      if signalPipe.read < 0 { openPipe() }
      drain()
      var action = sigaction()
      setHandler(&action)
      action.sa_flags = Int32(SA_RESTART)
      sigaction(SIGINT, &action, &actionBefore)
    }
  }

  func endWatch() {
    locked {
      watchers -= 1
      if watchers == 0 { sigaction(SIGINT, &actionBefore, nil) }
    }
  }

  var hasCome: Bool {
    locked {
      if drain() { came = true }
      return came
    }
  }

  private func openPipe() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    signalPipe = (ends[0], ends[1])
  }

  /// Empties the pipe; true where something was in it.
  @discardableResult
  private func drain() -> Bool {
    var found = false
    var byte: UInt8 = 0
    while read(signalPipe.read, &byte, 1) > 0 { found = true }
    return found
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }
}

// What the handler needs, set before it is installed.
nonisolated(unsafe) private var signalPipe: (read: Int32, write: Int32) = (-1, -1)
nonisolated(unsafe) private var actionBefore = sigaction()

private func setHandler(_ action: inout sigaction) {
  let handler: @convention(c) (Int32) -> Void = { _ in
    let code = errno
    var byte: UInt8 = 1
    _ = write(signalPipe.write, &byte, 1)
    sigaction(SIGINT, &actionBefore, nil)
    errno = code
  }
  #if canImport(Glibc) || canImport(Musl)
    action.__sigaction_handler.sa_handler = handler
  #else
    action.__sigaction_u.__sa_handler = handler
  #endif
}
