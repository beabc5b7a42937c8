import CKernels
import Foundation
import Synchronization
import Testing

@testable import LinAlg

/// The team gives a call its members, lets them meet, and survives many callers at once.
@Suite struct ThreadTeamTests {
  /// Every member adds its index to a sum, in rounds that all must finish before the next begins.
  struct Rounds: TeamWork {
    let rounds: Int
    let counts: [Counter]
    let members: Counter
    let early: Counter

    func run(_ member: TeamMember) {
      members.value.add(1, ordering: .relaxed)
      for round in 0..<rounds {
        counts[round].value.add(1, ordering: .relaxed)
        member.barrier()
        if counts[round].value.load(ordering: .relaxed) != member.count {
          early.value.add(1, ordering: .relaxed)
        }
      }
    }
  }

  final class Counter: Sendable {
    let value = Atomic<Int>(0)
    var current: Int { value.load(ordering: .relaxed) }
  }

  /// Runs `body` on `count` threads of the system at once.
  static func concurrently(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let group = DispatchGroup()
    for i in 0..<count {
      group.enter()
      Thread.detachNewThread {
        body(i)
        group.leave()
      }
    }
    group.wait()
  }

  static func checkRounds(_ team: ThreadTeam, threads: Int, rounds: Int) -> Bool {
    let work = Rounds(
      rounds: rounds, counts: (0..<rounds).map { _ in Counter() }, members: Counter(),
      early: Counter())
    team.run(threads: threads, work)
    let members = work.members.current
    return members >= 1 && members <= threads && work.early.current == 0
      && work.counts.allSatisfy { $0.current == members }
  }

  @Test(arguments: [1, 2, 3, 5, 64])
  func `members pass a barrier together`(threads: Int) {
    let team = ThreadTeam()
    for _ in 0..<20 { #expect(Self.checkRounds(team, threads: threads, rounds: 30)) }
  }

  @Test func `a free team gives as many threads as asked for`() {
    let team = ThreadTeam()
    for threads in [1, 2, 3, 7] {
      let work = Rounds(rounds: 0, counts: [], members: Counter(), early: Counter())
      team.run(threads: threads, work)
      #expect(work.members.current == threads)
    }
  }

  @Test func `many callers share one team`() {
    let failures = Counter()
    let calls = Counter()
    Self.concurrently(8) { caller in
      for call in 0..<200 {
        let good = Self.checkRounds(.shared, threads: (caller + call) % 4 + 1, rounds: call % 5)
        if !good { failures.value.add(1, ordering: .relaxed) }
        calls.value.add(1, ordering: .relaxed)
      }
    }
    #expect(calls.current == 1600)
    #expect(failures.current == 0)
  }

  /// A member that calls the team again runs by itself or with whoever is free.
  struct Nested: TeamWork {
    let runs: Counter
    func run(_ member: TeamMember) {
      let inner = Rounds(
        rounds: 2, counts: [Counter(), Counter()], members: Counter(), early: Counter())
      ThreadTeam.shared.run(threads: 2, inner)
      if inner.early.current == 0 { runs.value.add(1, ordering: .relaxed) }
      member.barrier()
    }
  }

  @Test func `a call inside a call does not deadlock`() {
    let team = ThreadTeam()
    for _ in 0..<50 {
      let work = Nested(runs: Counter())
      team.run(threads: 3, work)
      #expect(work.runs.current == 3)
    }
  }

  @Test func `shares are disjoint, in order and complete`() {
    for total in [0, 1, 2, 5, 16, 17, 31, 100] {
      for count in 1...5 {
        for unit in [1, 3, 16] {
          var end = 0
          for index in 0..<count {
            let share = TeamMember(index: index, count: count, crew: nil)
              .share(of: total, inMultiplesOf: unit)
            #expect(share.lowerBound == end, "\(total) in \(count) by \(unit)")
            #expect(share.lowerBound % unit == 0 || share.isEmpty)
            end = share.upperBound
          }
          #expect(end == total)
        }
      }
    }
  }

  // MARK: Denormals

  struct Halving: TeamWork {
    let kept: Counter
    func run(_ member: TeamMember) {
      if ThreadTeamTests.halvesDenormals() { kept.value.add(1, ordering: .relaxed) }
    }
  }

  /// Whether the smallest normal number halved is not zero on this thread.
  @inline(never)
  static func halvesDenormals() -> Bool {
    let smallest = UnsafeMutablePointer<Float>.allocate(capacity: 1)
    defer { smallest.deallocate() }
    smallest.pointee = .leastNormalMagnitude
    return smallest.pointee * 0.5 != 0
  }

  @Test func `members flush denormals and the caller gets its mode back`() {
    let work = Halving(kept: Counter())
    #expect(Self.halvesDenormals())
    ThreadTeam.shared.run(threads: 3, work)
    ThreadTeam.shared.run(threads: 1, work)
    #expect(work.kept.current == 0)
    #expect(Self.halvesDenormals())

    let mode = ck_flush_denormals()
    ThreadTeam.shared.run(threads: 2, work)
    #expect(!Self.halvesDenormals(), "a caller that flushes still does")
    ck_restore_float_mode(mode)
    #expect(Self.halvesDenormals())
  }
}
