import LinAlg

/// How the members of a call divide the steps among them.
///
/// A layer's products over many steps are always divided; the steps themselves depend on each other.
package enum WorkSplit: Equatable {
  /// Nothing to divide: one member.
  case none
  /// Each member runs its sequences through all steps, and waits for nobody.
  case batch
  /// Each member computes its units for all sequences, so that each core reads only its part of the
  /// weights. Members meet after every step, where each needs what the others have computed.
  case units

  /// The split and the number of threads that take the least time, as ``StepCost`` estimates it.
  ///
  /// - Parameters:
  ///   - threads: how many the caller allows.
  ///   - steps: `T`.
  ///   - batch: `N`.
  ///   - hiddenSize: `H`.
  ///   - gateColumns: how many columns the recurrent product has.
  ///   - besides: what a step's share of the products over many steps takes for each sequence, in
  ///     multiplications: these are divided by rows, or by units as the steps are.
  ///   - unitBlock: how many units cannot be divided, or nil where the products cannot be.
  package static func choose(
    threads: Int, steps: Int, batch: Int, hiddenSize: Int, gateColumns: Int, besides: Int,
    unitBlock: Int?
  ) -> (split: WorkSplit, threads: Int) {
    let best = best(
      threads: threads, steps: steps, batch: batch, hiddenSize: hiddenSize,
      gateColumns: gateColumns, besides: besides, unitBlock: unitBlock)
    return (best.split, best.threads)
  }

  /// The same with what a step then takes, and what it takes on one thread.
  static func best(
    threads: Int, steps: Int, batch: Int, hiddenSize: Int, gateColumns: Int, besides: Int,
    unitBlock: Int?
  ) -> (split: WorkSplit, threads: Int, cost: Double, alone: Double) {
    let cost = StepCost(
      hiddenSize: Double(hiddenSize), multiplicationsPerSequence: Double(hiddenSize * gateColumns),
      besides: Double(besides))
    let alone = cost.ofOne(batch)
    guard threads > 1, batch > 0, let unitBlock else { return (.none, 1, alone, alone) }
    let blocks = (hiddenSize + unitBlock - 1) / unitBlock
    var best = (split: WorkSplit.none, threads: 1, cost: alone, alone: alone)
    for count in 2...min(threads, ThreadTeam.largestCount) {
      if count <= batch {
        let byBatch = cost.ofBatch(batch, members: count)
        if byBatch < best.cost { best = (.batch, count, byBatch, alone) }
      }
      if count <= blocks {
        let byUnits = cost.ofUnits(batch, blocks: blocks, members: count)
        if byUnits < best.cost { best = (.units, count, byUnits, alone) }
      }
    }
    let isWorthACall = Double(steps) * (alone - best.cost) > StepCost.call
    return isWorthACall ? best : (.none, 1, alone, alone)
  }
}

/// An estimate of what a step takes, in multiplications that a product with many rows would do in the
/// same time. What it says and what was measured stand side by side in `Benchmarks/NOTES.md`.
struct StepCost {
  /// What a product with 1, 2 or 3 rows reaches of the speed that it has with more.
  private static let speeds = [0.43, 0.82, 0.95]
  /// What members lose to each other's traffic.
  private static let batchLoss = 1.03
  /// Reading a number that another member has written: a cache line takes 49 ns.
  private static let exchange = 180.0
  /// Meeting after a step: 0.5 µs.
  static let meeting = 27_000.0
  /// Calling the members together, 5 µs where they are awake.
  static let call = 225_000.0

  /// `H`.
  let hiddenSize: Double
  /// `H·G·H` multiplications for each sequence.
  let multiplicationsPerSequence: Double
  /// A step's share of the products over many steps, for each sequence.
  let besides: Double

  /// For one member alone.
  func ofOne(_ batch: Int) -> Double { ofRows(batch) + Double(batch) * besides }

  /// The recurrent product of `rows` sequences.
  private func ofRows(_ rows: Int) -> Double {
    if rows == 0 { return 0 }
    let speed = rows <= Self.speeds.count ? Self.speeds[rows - 1] : 1
    return Double(rows) * multiplicationsPerSequence / speed
  }

  /// Where the sequences are divided: as long as the member with the most of them takes.
  func ofBatch(_ batch: Int, members: Int) -> Double {
    ofRows((batch + members - 1) / members) * Self.batchLoss
      + Double(batch) / Double(members) * besides
  }

  /// Where the units are divided, in blocks: as long as the member with the most of them takes.
  func ofUnits(_ batch: Int, blocks: Int, members: Int) -> Double {
    let largestShare = Double((blocks + members - 1) / members) / Double(blocks)
    let readFromOthers = Double(batch) * hiddenSize * Double(members - 1) / Double(members)
    return (ofRows(batch) + Double(batch) * besides) * largestShare + Self.meeting
      + readFromOthers * Self.exchange
  }
}
