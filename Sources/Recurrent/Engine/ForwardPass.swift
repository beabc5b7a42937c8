import CKernels
import LinAlg

/// One pass forward over a batch of sequences: the time loop that inference, recording and streaming
/// share, as each thread that works on it runs it.
struct ForwardPass<Scalar: RecurrentScalar>: TeamWork {
  let cell: CellPass<Scalar>
  let steps: Int
  let batch: Int
  let chunks: TimeChunks
  let split: WorkSplit

  /// `[T, N, D]`.
  let x: UnsafePointer<Scalar>
  /// `[T, N, H]`.
  let outputs: UnsafeMutablePointer<Scalar>
  /// The gates of as many steps as it has room for, and then again from its beginning.
  let gates: UnsafeMutablePointer<Scalar>
  let gateSteps: Int
  /// `c`, `[N, cellSize]`, of as many steps as it has room for, for cells that have one.
  let cells: UnsafeMutablePointer<Scalar>?
  let cellSteps: Int
  /// The state before the first step, or nil for zeros.
  let initialHidden: UnsafePointer<Scalar>?
  let initialCell: UnsafePointer<Scalar>?
  let lengths: UnsafePointer<Int>?
  /// What random choices depend on, or nil where there are none.
  let noise: ck_noise?

  // Whoever runs a layer is in another module, where the compiler cannot make these for it.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func run(_ member: TeamMember) {
    let (D, H, gateWidth) = (cell.plan.inputSize, cell.plan.hiddenSize, cell.plan.gateWidth)
    let byUnits = split == .units
    let rows = byUnits ? 0..<batch : member.share(of: batch)
    let units = byUnits ? member.share(of: H, inMultiplesOf: cell.unitBlock) : 0..<H

    for chunk in 0..<chunks.count {
      let steps = chunks[chunk]
      let base = gates + steps.lowerBound % gateSteps * batch * gateWidth
      let chunkRows = steps.count * batch
      if byUnits {
        cell.project(
          x + steps.lowerBound * batch * D, rows: chunkRows, into: base, units: units)
      } else {
        // The gates of the chunk before may lie in the same place and still be read.
        if chunk > 0 && gateSteps < self.steps { member.barrier() }
        let mine = member.share(of: chunkRows)
        cell.project(
          x + (steps.lowerBound * batch + mine.lowerBound) * D, rows: mine.count,
          into: base + mine.lowerBound * gateWidth, units: units)
        member.barrier()
      }
      for t in steps {
        step(t, rows, units, gateWidth, byUnits ? member : .alone)
        if byUnits { member.barrier() }
      }
    }
  }

  @inline(__always)
  private func step(
    _ t: Int, _ rows: Range<Int>, _ units: Range<Int>, _ gateWidth: Int, _ member: TeamMember
  ) {
    let P = cell.plan.outputSize
    let (first, stepCount) = (rows.lowerBound * P, batch * P)
    let (firstCell, cellCount) = (rows.lowerBound * cell.plan.cellSize, batch * cell.plan.cellSize)
    let previousHidden = t == 0 ? initialHidden : UnsafePointer(outputs + (t - 1) * stepCount)
    let previousCell =
      t == 0 ? initialCell : cells.map { UnsafePointer($0 + (t - 1) % cellSteps * cellCount) }
    cell.forwardStep(
      ForwardStep(
        time: t, batch: rows.count, firstUnit: units.lowerBound, endUnit: units.upperBound,
        gates: gates + (t % gateSteps * batch + rows.lowerBound) * gateWidth,
        previousHidden: previousHidden.map { $0 + first },
        hidden: outputs + t * stepCount + first,
        previousCell: previousCell.map { $0 + firstCell },
        cell: cells.map { $0 + t % cellSteps * cellCount + firstCell },
        lengths: lengths.map { $0 + rows.lowerBound },
        noise: noise?.fromRow(rows.lowerBound), member: member))
  }
}

/// The threads that a call may use where `threads` is what its caller said.
package func allowedThreads(_ threads: Int?) -> Int {
  guard let threads else { return ThreadTeam.availableProcessors }
  require(threads > 0, "threads is \(threads), expected 1 or more")
  return threads
}
