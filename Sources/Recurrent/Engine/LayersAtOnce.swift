import LinAlg

/// How many layers of a stack run at the same time, each on one thread and some steps behind the one below it.
///
/// Units of one layer can be divided among threads, but then the threads meet after every step; layers that follow
/// each other meet once in some steps, and the last begins when the others have done theirs. Measurements are in
/// `Benchmarks/NOTES.md`.
struct LayersAtOnce: Equatable {
  /// How many; 1 where layers run one after the other.
  var count: Int
  /// How many steps one layer hands to the next at once.
  var blockSteps: Int

  /// One layer after the other, each divided as ``WorkSplit`` says.
  static let one = LayersAtOnce(count: 1, blockSteps: 0)

  /// Layers whose recurrent weights take more are divided: then each core's second-level cache holds its thread's
  /// part of them, which it cannot all of a layer. Half of a megabyte, half of such a cache.
  private static let largestWeights = 1 << 19

  /// Fewer steps than two blocks are not worth it.
  static let fewestSteps = 8

  /// What is estimated to take the least time for the first of the given layers.
  ///
  /// - Parameters:
  ///   - layers: how many layers are left.
  ///   - plan: the plan of each, in the order in which the pass goes through them.
  ///   - forced: whether layers run at the same time, instead of the estimate.
  static func choose<Scalar: RecurrentScalar>(
    _ layers: Int, _: Scalar.Type, steps: Int, batch: Int, threads: Int, forced: Bool?,
    plan: (Int) -> CellPlan
  ) -> LayersAtOnce {
    let most = min(threads, layers, ThreadTeam.largestCount)
    guard most > 1, steps > 0, batch > 0, Scalar.packedPanel != nil, forced != false else {
      return .one
    }
    var (best, gain) = (LayersAtOnce.one, forced == true ? 0 : leastGain)
    var (alone, divided, slowest, fastest) = (0.0, 0.0, 0.0, Double.infinity)
    for count in 1...most {
      let plan = plan(count - 1)
      let weights = plan.hiddenSize * plan.recurrentColumns * MemoryLayout<Scalar>.stride
      if forced != true && weights > largestWeights { break }
      let cost = LayerCost(
        plan, steps: steps, batch: batch, threads: threads, unitBlock: plan.unitBlock(Scalar.self))
      alone += cost.alone
      divided += cost.divided
      slowest = max(slowest, cost.alone)
      fastest = min(fastest, cost.alone)
      if count == 1 { continue }
      let block = blockSteps(step: fastest / Double(steps), steps: steps)
      let blocks = Double(steps) / Double(block)
      let together =
        slowest * (1 + Double(count - 1) / blocks) + blocks * StepCost.meeting + StepCost.call
      if divided / together > gain {
        (best, gain) = (LayersAtOnce(count: count, blockSteps: block), divided / together)
      }
    }
    return best
  }

  /// What running at the same time has to gain by the estimate, so that what it does not know costs nothing.
  private static let leastGain = 1.05

  /// So many steps that handing them on costs a sixteenth of them, and as many rows as a product needs to be
  /// fast; a power of two, as chunks of time are.
  private static func blockSteps(step: Double, steps: Int) -> Int {
    var block = 4
    while Double(block) * step < 16 * StepCost.meeting && block < steps { block *= 2 }
    return min(block, steps)
  }
}

/// What a pass of a layer takes, as ``StepCost`` counts.
private struct LayerCost {
  /// On one thread.
  let alone: Double
  /// As ``WorkSplit`` divides it.
  let divided: Double

  init(_ plan: CellPlan, steps: Int, batch: Int, threads: Int, unitBlock: Int) {
    let best = WorkSplit.best(
      threads: threads, steps: steps, batch: batch, hiddenSize: plan.hiddenSize,
      gateColumns: plan.recurrentColumns, besides: plan.inputMultiplications,
      unitBlock: unitBlock)
    alone = Double(steps) * best.alone
    divided = best.threads == 1 ? alone : Double(steps) * best.cost + StepCost.call
  }
}
