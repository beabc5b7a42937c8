internal import CKernels
internal import Synchronization

/// The threads that the engine's calls share.
///
/// A call borrows the workers that are free and runs with as many as it gets. So calls that run at
/// once neither wait for each other nor start more threads than there are processors, and the members
/// of one call all run at the same time, as its barriers need. With no worker free, a call runs on its
/// caller's thread alone; results do not depend on the number of threads.
package final class ThreadTeam: Sendable {
  /// The team of this process. Its threads start when they are first borrowed, and sleep when idle.
  package static let shared = ThreadTeam()

  /// The processors that this process may use: what a call takes when it does not say.
  package static let availableProcessors = Int(ck_available_processors())

  /// The most threads that one call can have: the free workers are the bits of one word.
  package static let largestCount = 64

  private let workers: [Worker]
  private let free: Atomic<UInt64>

  init() {
    workers = (1..<Self.largestCount).map { _ in Worker() }
    free = Atomic(UInt64.max >> 1)
  }

  /// Runs `work` on up to `threads` threads at once, the caller's among them, and returns when all
  /// are done.
  ///
  /// Every thread flushes denormal numbers to zero while it works; the caller gets its mode back.
  package func run(threads: Int, _ work: some TeamWork) {
    let mode = ck_flush_denormals()
    defer { ck_restore_float_mode(mode) }
    let borrowed = borrow(threads - 1)
    guard borrowed != 0 else { return work.run(.alone) }
    defer { free.bitwiseOr(borrowed, ordering: .releasing) }

    let count = borrowed.nonzeroBitCount + 1
    let crew = workers[borrowed.trailingZeroBitCount].crew
    withUnsafePointer(to: work) { address in
      crew.begin(count: count, address)
      var (rest, index) = (borrowed, 1)
      while rest != 0 {
        workers[rest.trailingZeroBitCount].join(crew, index: index, count: count)
        rest &= rest - 1
        index += 1
      }
      work.run(TeamMember(index: 0, count: count, crew: .passUnretained(crew)))
      crew.end()
    }
  }

  /// Takes up to `count` workers whose threads run.
  private func borrow(_ count: Int) -> UInt64 {
    let taken = reserve(count)
    var (running, rest) = (taken, taken)
    while rest != 0 {
      if !workers[rest.trailingZeroBitCount].start() { running &= ~(rest & (0 &- rest)) }
      rest &= rest - 1
    }
    if running != taken { free.bitwiseOr(taken & ~running, ordering: .releasing) }
    return running
  }

  /// Takes up to `count` free workers, lowest first, so that a caller meets the same ones again and
  /// finds its data in their caches.
  private func reserve(_ count: Int) -> UInt64 {
    guard count > 0 else { return 0 }
    // Whoever asks for more threads than there are processors gets them (tests do); who does not
    // shares the workers that the processors can run.
    let candidates = min(max(count, Self.availableProcessors - 1), workers.count)
    let candidateMask: UInt64 = (1 << UInt64(candidates)) - 1
    var current = free.load(ordering: .relaxed)
    while true {
      var (taken, rest) = (UInt64(0), current & candidateMask)
      while rest != 0 && taken.nonzeroBitCount < count {
        taken |= rest & (0 &- rest)
        rest &= rest - 1
      }
      if taken == 0 { return 0 }
      let (exchanged, original) = free.weakCompareExchange(
        expected: current, desired: current & ~taken, successOrdering: .acquiring,
        failureOrdering: .relaxed)
      if exchanged { return taken }
      current = original
    }
  }
}
