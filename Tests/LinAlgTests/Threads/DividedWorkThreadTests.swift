import LinAlg
import Synchronization
import Testing

/// Every item is done once, and followers read what those in front have written.
@Suite struct DividedWorkThreadTests {
  struct Counting: DividedWork {
    let counts: UnsafeMutablePointer<Int>

    func run(_ items: Range<Int>) {
      for i in items { counts[i] += 1 }
    }
  }

  @Test(arguments: [0, 1, 2, 63, 64, 65, 1000])
  func `each item once`(count: Int) {
    let counts = UnsafeMutablePointer<Int>.allocate(capacity: count + 1)
    defer { counts.deallocate() }
    for threads in [1, 2, 3, 9] {
      for unit in [1, 64] {
        for scalars in [count, 1 << 20] {
          counts.initialize(repeating: 0, count: count + 1)
          Counting(counts: counts)
            .run(count: count, inMultiplesOf: unit, scalars: scalars, threads: threads)
          #expect((0..<count).allSatisfy { counts[$0] == 1 })
          #expect(counts[count] == 0)
        }
      }
    }
  }

  /// Each member but the first adds 1 to what the one in front has written.
  struct Following: TeamWork {
    let places: Int
    let progress: [StepProgress]
    let numbers: UnsafeMutablePointer<Int>

    func run(_ member: TeamMember) {
      for k in stride(from: member.index, to: progress.count, by: member.count) {
        for place in 0..<places {
          if k > 0 { progress[k - 1].wait(for: place + 1) }
          numbers[k * places + place] = k == 0 ? place : numbers[(k - 1) * places + place] + 1
          progress[k].reach(place + 1)
        }
      }
    }
  }

  @Test(arguments: 1...5)
  func `those behind read what those in front have written`(count: Int) {
    let places = 400
    let progress = (0..<count).map { _ in StepProgress() }
    let numbers = UnsafeMutablePointer<Int>.allocate(capacity: count * places)
    defer { numbers.deallocate() }
    for threads in [1, 2, 3] {
      for _ in 0..<5 {
        numbers.initialize(repeating: -1, count: count * places)
        for one in progress { one.restart() }
        ThreadTeam.shared.run(
          threads: threads, Following(places: places, progress: progress, numbers: numbers))
        for k in 0..<count {
          #expect((0..<places).allSatisfy { numbers[k * places + $0] == $0 + k })
        }
      }
    }
  }
}
