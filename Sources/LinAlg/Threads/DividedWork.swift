/// Work on items of which any member of a call can do any part: copies, sums of two batches, updates of single
/// numbers. What an item becomes must not depend on who does which.
///
/// A value and not a closure, as ``TeamWork`` is.
package protocol DividedWork {
  /// Does the part of some items.
  func run(_ items: Range<Int>)
}

/// From so many numbers on it pays to wake another thread, which costs some microseconds.
private let smallestShared = 1 << 15

extension DividedWork {
  /// Does all items on as many threads as pay.
  ///
  /// On one thread, too, it runs as a member of the team does, without denormal numbers: the bits are the same for
  /// any number of threads.
  ///
  /// - Parameters:
  ///   - count: how many items there are.
  ///   - unit: how many neighbouring items one member does.
  ///   - scalars: how many numbers are read or written in all.
  ///   - threads: how many threads the call may use.
  package func run(count: Int, inMultiplesOf unit: Int = 1, scalars: Int, threads: Int) {
    let allowed = scalars < smallestShared ? 1 : min(threads, (count + unit - 1) / unit)
    ThreadTeam.shared.run(
      threads: max(allowed, 1), DividedItems(work: self, count: count, unit: unit))
  }
}

private struct DividedItems<Work: DividedWork>: TeamWork {
  let work: Work
  let count: Int
  let unit: Int

  func run(_ member: TeamMember) {
    let mine = member.share(of: count, inMultiplesOf: unit)
    if !mine.isEmpty { work.run(mine) }
  }
}
