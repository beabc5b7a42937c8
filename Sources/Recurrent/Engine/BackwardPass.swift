import CKernels
import LinAlg

/// One pass backward over a recorded batch of sequences, as each thread that works on it runs it:
/// step back through a chunk of time, then form the large products of that chunk.
struct BackwardPass<Scalar: RecurrentScalar>: TeamWork {
  let cell: CellPass<Scalar>
  let batch: Int
  let chunks: TimeChunks
  let split: WorkSplit

  /// `[T, N, D]`, and its gradient.
  let x: UnsafePointer<Scalar>
  let dx: UnsafeMutablePointer<Scalar>
  /// `[T, N, H]`, and the loss gradient of it, or nil for zeros.
  let outputs: UnsafePointer<Scalar>
  let dOutputs: UnsafePointer<Scalar>?
  /// `[T, N, blocks·H]`: the activated gates, which become their gradients.
  let gates: UnsafeMutablePointer<Scalar>
  /// `[T, N, cellSize]`, for cells that have one.
  let cells: UnsafePointer<Scalar>?
  /// The state before the first step, or nil for zeros.
  let initialHidden: UnsafePointer<Scalar>?
  let initialCell: UnsafePointer<Scalar>?
  /// The gradient of the final state, which becomes that of the initial one.
  let dHidden: UnsafeMutablePointer<Scalar>
  let dCell: UnsafeMutablePointer<Scalar>?
  /// `[N, scratchBlocks·H]`.
  let scratch: UnsafeMutablePointer<Scalar>
  let dParameters: UnsafeMutablePointer<Scalar>
  /// So many scalars for each member, or nil where OpenBLAS computes the products.
  let productScratch: UnsafeMutablePointer<Scalar>?
  let productScratchCount: Int
  let lengths: UnsafePointer<Int>?
  /// What random choices depend on, or nil where there are none.
  let noise: ck_noise?

  // Whoever runs a layer is in another module, where the compiler cannot make these for it.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func run(_ member: TeamMember) {
    let plan = cell.plan
    let (D, H, gateWidth) = (plan.inputSize, plan.hiddenSize, plan.gateWidth)
    let byUnits = split == .units
    let rows = byUnits ? 0..<batch : member.share(of: batch)
    let units = byUnits ? member.share(of: H, inMultiplesOf: cell.unitBlock) : 0..<H

    // stride and not reversed(), whose iterator allocates in unoptimised builds.
    for chunk in stride(from: chunks.count - 1, through: 0, by: -1) {
      let steps = chunks[chunk]
      for t in stride(from: steps.upperBound - 1, through: steps.lowerBound, by: -1) {
        step(t, rows, units, gateWidth, byUnits ? member : .alone)
      }
      member.barrier()
      let first = steps.lowerBound
      cell.accumulateGradients(
        GradientSpan(
          rows: steps.count * batch, dGates: gates + first * batch * gateWidth,
          x: x + first * batch * D, dx: dx + first * batch * D,
          initialRows: first == 0 ? batch : 0, initialHidden: initialHidden,
          previousHidden: outputs + max(first - 1, 0) * batch * cell.plan.outputSize,
          initialCell: initialCell,
          previousCell: cells.map { $0 + max(first - 1, 0) * batch * cell.plan.cellSize },
          dParameters: dParameters,
          scratch: productScratch.map { $0 + member.index * productScratchCount }, member: member))
    }
  }

  @inline(__always)
  private func step(
    _ t: Int, _ rows: Range<Int>, _ units: Range<Int>, _ gateWidth: Int, _ member: TeamMember
  ) {
    let P = cell.plan.outputSize
    let (first, stepCount) = (rows.lowerBound * P, batch * P)
    let (firstCell, cellCount) = (rows.lowerBound * cell.plan.cellSize, batch * cell.plan.cellSize)
    let previousHidden = t == 0 ? initialHidden : outputs + (t - 1) * stepCount
    let previousCell = t == 0 ? initialCell : cells.map { $0 + (t - 1) * cellCount }
    cell.backwardStep(
      BackwardStep(
        time: t, batch: rows.count, firstUnit: units.lowerBound, endUnit: units.upperBound,
        gates: gates + (t * batch + rows.lowerBound) * gateWidth,
        previousHidden: previousHidden.map { $0 + first },
        hidden: outputs + t * stepCount + first,
        previousCell: previousCell.map { $0 + firstCell },
        cell: cells.map { $0 + t * cellCount + firstCell },
        dOutput: dOutputs.map { $0 + t * stepCount + first }, dHidden: dHidden + first,
        dCell: dCell.map { $0 + firstCell },
        scratch: scratch + rows.lowerBound * cell.plan.hiddenSize * cell.plan.scratchBlocks,
        lengths: lengths.map { $0 + rows.lowerBound },
        noise: noise?.fromRow(rows.lowerBound), member: member))
  }
}
