import Synchronization

/// What one run of a model works with, and leaves to the next.
// @unchecked Sendable: it belongs to one run at a time.
final class ModelRun: @unchecked Sendable {
  let context: RunContext
  let memory: GraphMemory

  init(_ plan: GraphPlan, _ limits: OnnxLimits) {
    context = RunContext(limits: limits, threads: 1)
    memory = GraphMemory(plan, isOutermost: true)
  }
}

/// What the runs of a model have left: as many as there were at the same time.
final class ModelRuns: Sendable {
  private let idle = Mutex<[ModelRun]>([])

  /// What a run begins with; nil where all are at work.
  func take() -> ModelRun? { idle.withLock { $0.popLast() } }

  func give(_ run: ModelRun) { idle.withLock { $0.append(run) } }

  func removeAll() { idle.withLock { $0 = [] } }
}
