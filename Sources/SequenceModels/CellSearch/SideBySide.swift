import LinAlg
internal import Synchronization

/// The results of independent tasks, done on several threads, each by whoever is free: in their order, whoever did
/// them.
///
/// - Parameters:
///   - count: how many tasks there are.
///   - threads: how many run at once; nil means one for each processor.
///   - task: does the task of a number. It should use one thread.
package func sideBySide<Value: Sendable>(
  _ count: Int, threads: Int?, task: @escaping @Sendable (Int) -> Value
) -> [Value] {
  let tasks = Tasks(count: count, task: task)
  ThreadTeam.shared.run(
    threads: min(threads ?? ThreadTeam.availableProcessors, max(count, 1)),
    Tasks.Work(tasks: tasks))
  return tasks.values
}

private final class Tasks<Value: Sendable>: Sendable {
  private let count: Int
  private let task: @Sendable (Int) -> Value
  private let next = Atomic<Int>(0)
  private let results: Mutex<[Int: Value]> = Mutex([:])

  init(count: Int, task: @escaping @Sendable (Int) -> Value) {
    (self.count, self.task) = (count, task)
  }

  struct Work: TeamWork {
    let tasks: Tasks
    func run(_ member: TeamMember) { tasks.takeAll() }
  }

  var values: [Value] {
    let results = results.withLock { $0 }
    return (0..<count).compactMap { results[$0] }
  }

  private func takeAll() {
    while true {
      let n = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard n < count else { return }
      let value = task(n)
      results.withLock { $0[n] = value }
    }
  }
}
