internal import Synchronization

/// What the members of a call do together.
///
/// A value and not a closure: what escapes to another thread as a closure costs an allocation.
package protocol TeamWork {
  /// Does one member's part.
  func run(_ member: TeamMember)
}

extension TeamWork {
  fileprivate static func run(at address: UnsafeRawPointer, _ member: TeamMember) {
    address.assumingMemoryBound(to: Self.self).pointee.run(member)
  }
}

/// The threads that work on one call together: the caller and those it borrowed.
final class Crew: Sendable {
  // Written while only the caller works on the call.
  nonisolated(unsafe) private var work: (address: UnsafeRawPointer, type: any TeamWork.Type)?
  nonisolated(unsafe) private var count = 1

  private let arrived = Atomic<Int>(0)
  private let passages = WaitableCounter()
  private let busy = WaitableCounter()

  /// Prepares for `count` members.
  func begin<Work: TeamWork>(count: Int, _ work: UnsafePointer<Work>) {
    self.count = count
    self.work = (UnsafeRawPointer(work), Work.self)
    busy.add(count - 1)
  }

  /// Does a borrowed member's part.
  func run(_ member: TeamMember) {
    if let work { work.type.run(at: work.address, member) }
    busy.add(-1)
  }

  /// Returns when all borrowed members are done.
  func end() {
    var left = busy.current
    while left != 0 { left = busy.wait(whileEqualTo: left) }
    work = nil
  }

  /// Returns when every member has called it.
  func barrier() {
    let passage = passages.current
    if arrived.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue == count {
      arrived.store(0, ordering: .relaxed)
      passages.add(1)
    } else {
      passages.wait(whileEqualTo: passage)
    }
  }
}

/// One of the threads that work on a call.
package struct TeamMember {
  /// The member's number, from 0; the caller is 0.
  package let index: Int
  /// How many members there are.
  package let count: Int
  // Unmanaged: threads that count references to one object fight for its cache line.
  private let crew: Unmanaged<Crew>?

  init(index: Int, count: Int, crew: Unmanaged<Crew>?) {
    self.index = index
    self.count = count
    self.crew = crew
  }

  /// A caller that works by itself.
  package static var alone: TeamMember { TeamMember(index: 0, count: 1, crew: nil) }

  /// Returns when every member has called it; what each wrote before, all can read after.
  package func barrier() {
    if let crew { crew._withUnsafeGuaranteedRef { $0.barrier() } }
  }

  /// This member's part of `total` items, in whole multiples of `unit` except for the last.
  package func share(of total: Int, inMultiplesOf unit: Int = 1) -> Range<Int> {
    if count == 1 { return 0..<total }
    let blocks = (total + unit - 1) / unit
    return min(
      total, blocks * index / count * unit)..<min(total, blocks * (index + 1) / count * unit)
  }
}
