import CKernels
import LinAlg

/// One pass backward over a recorded batch of sequences, as each thread that works on it runs it:
/// step back through a chunk of time, then form the large products of that chunk.
struct BackwardPass<Scalar: RecurrentScalar>: TeamWork {
  let cell: CellPass<Scalar>
  let running: RunningRows
  let chunks: TimeChunks
  let split: WorkSplit

  /// `[T, N, D]`, and its gradient.
  let x: UnsafePointer<Scalar>
  let dx: UnsafeMutablePointer<Scalar>
  /// `[T, N, H]`, and the loss gradient of it, or nil for zeros.
  let outputs: UnsafePointer<Scalar>
  let dOutputs: UnsafePointer<Scalar>?
  /// `[rows, blocks·H]`: the activated gates of the running rows, which become their gradients.
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
  /// Where running rows are kept together, for batches with different lengths.
  let packed: PackedBackward<Scalar>?
  /// What random choices depend on, or nil where there are none.
  let noise: ck_noise?
  /// How the one member follows passes of other layers, or nil where all gradients are there.
  let relay: Relay?

  // Whoever runs a layer is in another module, where the compiler cannot make these for it.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func run(_ member: TeamMember) {
    let plan = cell.plan
    let (N, D, H) = (running.batch, plan.inputSize, plan.hiddenSize)
    let byUnits = split == .units
    let sequences = byUnits ? 0..<N : running.share(of: member)
    let units = byUnits ? member.share(of: H, inMultiplesOf: cell.unitBlock) : 0..<H

    let T = running.steps
    if let relay {
      relay.receive(running.end..<T, after: T - running.end)
      running.clearPadding(
        of: dx, at: running.end..<T, width: D, sequences: 0..<N, columns: 0..<D)
      relay.handOn(T - running.end)
    }
    // stride and not reversed(), whose iterator allocates in unoptimised builds.
    for chunk in stride(from: chunks.count - 1, through: 0, by: -1) {
      let steps = chunks[chunk].clamped(to: 0..<running.end)
      if steps.isEmpty { continue }
      let rows = running.start(steps.lowerBound)..<running.start(steps.upperBound)
      let packed = steps.upperBound > running.fullSteps ? self.packed : nil
      let own = member.share(of: rows.count)
      let mine = rows.lowerBound + own.lowerBound..<rows.lowerBound + own.upperBound
      if packed == nil, let relay {
        runBlocks(of: steps, relay)
        cell.accumulateGradients(span(chunk, steps, rows, nil, member), writesInputs: false)
        continue
      }
      relay?.receive(steps, after: T - steps.lowerBound)
      if let packed {
        // What the products of the chunk before have read is overwritten.
        member.barrier()
        gather(mine, from: steps.lowerBound, rows.lowerBound, packed)
        member.barrier()
      }
      for t in stride(from: steps.upperBound - 1, through: steps.lowerBound, by: -1) {
        step(t, rows.lowerBound, sequences, units, packed, byUnits ? member : .alone)
      }
      member.barrier()
      cell.accumulateGradients(span(chunk, steps, rows, packed, member))
      if let packed {
        running.scatter(mine, from: packed.dx + own.lowerBound * D, width: D, into: dx)
      }
      if let relay {
        running.clearPadding(of: dx, at: steps, width: D, sequences: 0..<N, columns: 0..<D)
        relay.handOn(T - steps.lowerBound)
      }
    }
    if relay == nil {
      running.clearPadding(
        of: dx, at: 0..<T, width: D, sequences: member.share(of: N), columns: 0..<D)
    }
  }

  /// Goes back through a chunk in which all sequences run, and hands the gradients of its inputs on as soon as a few
  /// steps are done: they do not wait for the sums over the chunk.
  @inline(__always)
  private func runBlocks(of chunk: Range<Int>, _ relay: Relay) {
    let (N, D) = (running.batch, cell.plan.inputSize)
    var end = chunk.upperBound
    while end > chunk.lowerBound {
      let first = max(chunk.lowerBound, end - relay.blockSteps)
      relay.receive(first..<end, after: running.steps - first)
      for t in stride(from: end - 1, through: first, by: -1) {
        step(t, chunk.lowerBound * N, 0..<N, 0..<cell.plan.hiddenSize, nil, .alone)
      }
      cell.writeInputGradients(
        rows: (end - first) * N, dGates: gates + first * N * cell.plan.gateWidth,
        dx: dx + first * N * D)
      relay.handOn(running.steps - first)
      end = first
    }
  }

  /// - Parameters:
  ///   - first: the first row of the chunk.
  ///   - sequences: those that the member runs.
  @inline(__always)
  private func step(
    _ t: Int, _ first: Int, _ sequences: Range<Int>, _ units: Range<Int>,
    _ packed: PackedBackward<Scalar>?, _ member: TeamMember
  ) {
    let (N, P, cellSize) = (running.batch, cell.plan.outputSize, cell.plan.cellSize)
    let rows = running.rows(at: t, of: sequences)
    if rows.isEmpty { return }
    var step = BackwardStep(
      time: t, batch: rows.count, firstUnit: units.lowerBound, endUnit: units.upperBound,
      gates: gates + rows.lowerBound * cell.plan.gateWidth,
      previousHidden: t == 0 ? initialHidden : outputs + (t - 1) * N * P,
      hidden: outputs + t * N * P,
      previousCell: t == 0 ? initialCell : cells.map { $0 + (t - 1) * N * cellSize },
      cell: cells.map { $0 + t * N * cellSize }, dOutput: dOutputs.map { $0 + t * N * P },
      dHidden: dHidden + sequences.lowerBound * P,
      dCell: dCell.map { $0 + sequences.lowerBound * cellSize },
      scratch: scratch + sequences.lowerBound * cell.plan.hiddenSize * cell.plan.scratchBlocks,
      lengths: running.kernelLengths.map { $0 + sequences.lowerBound },
      noise: noise?.fromRow(sequences.lowerBound), member: member)
    // The row of what the step reads.
    var row = sequences.lowerBound
    if let packed {
      row = rows.lowerBound - first
      step.previousHidden = step.previousHidden.map { _ in UnsafePointer(packed.previousHidden) }
      step.hidden = UnsafePointer(packed.hidden)
      step.previousCell = step.previousCell.map { _ in UnsafePointer(packed.previousCell) }
      step.cell = step.cell.map { _ in UnsafePointer(packed.cell) }
      step.dOutput = step.dOutput.map { _ in UnsafePointer(packed.dOutput) }
    }
    step.previousHidden = step.previousHidden.map { $0 + row * P }
    step.hidden += row * P
    step.previousCell = step.previousCell.map { $0 + row * cellSize }
    step.cell = step.cell.map { $0 + row * cellSize }
    step.dOutput = step.dOutput.map { $0 + row * P }
    guard let packed, t >= running.fullSteps else { return cell.backwardStep(step) }

    step.noise = running.noise(noise, fromRow: rows.lowerBound)
    step.dHidden = packed.dHidden + sequences.lowerBound * P
    step.dCell = step.dCell.map { _ in packed.dCell + sequences.lowerBound * cellSize }
    collect(t, rows, sequences, units, packed)
    cell.backwardStep(step)
    if t == running.fullSteps { distribute(t, rows, sequences, units, packed) }
  }

  /// Whether steps read `h[t]`: the kernels written by hand, but for the simple RNN's, do not.
  private var readsHidden: Bool {
    if case .kernel = cell.plan.pointwise { cell.plan.sharesOutputs } else { true }
  }

  /// What the steps and the products of a chunk read of some rows.
  private func gather(
    _ rows: Range<Int>, from firstStep: Int, _ firstRow: Int, _ packed: PackedBackward<Scalar>
  ) {
    let (N, plan) = (running.batch, cell.plan)
    let (D, P, cellSize) = (plan.inputSize, plan.outputSize, plan.cellSize)
    let row = rows.lowerBound - firstRow
    running.gather(rows, of: x, width: D, into: packed.x + row * D)
    if readsHidden {
      running.gather(rows, of: outputs, width: P, into: packed.hidden + row * P)
    }
    if let dOutputs {
      running.gather(rows, of: dOutputs, width: P, into: packed.dOutput + row * P)
    }
    if let cells {
      running.gather(rows, of: cells, width: cellSize, into: packed.cell + row * cellSize)
    }
    // The rows of step 0, whose state before is the initial one, and the others.
    let boundary = firstStep == 0 ? min(max(running.start(1), rows.lowerBound), rows.upperBound) : 0
    let others = max(boundary, rows.lowerBound)..<rows.upperBound
    let initial = rows.lowerBound..<others.lowerBound
    let rest = others.lowerBound - firstRow
    if let initialHidden {
      running.gather(initial, of: initialHidden, width: P, into: packed.previousHidden + row * P)
    }
    running.gather(
      others, of: outputs, shift: -N, width: P, into: packed.previousHidden + rest * P)
    if let initialCell {
      running.gather(
        initial, of: initialCell, width: cellSize, into: packed.previousCell + row * cellSize)
    }
    if let cells {
      running.gather(
        others, of: cells, shift: -N, width: cellSize, into: packed.previousCell + rest * cellSize)
    }
  }

  /// The rows of a chunk whose steps are done.
  private func span(
    _ chunk: Int, _ steps: Range<Int>, _ rows: Range<Int>, _ packed: PackedBackward<Scalar>?,
    _ member: TeamMember
  ) -> GradientSpan<Scalar> {
    let (N, plan) = (running.batch, cell.plan)
    let (D, P, cellSize) = (plan.inputSize, plan.outputSize, plan.cellSize)
    let first = steps.lowerBound
    let initialRows = first == 0 ? running.start(1) : 0
    var span = GradientSpan(
      rows: rows.count, dGates: gates + rows.lowerBound * plan.gateWidth,
      x: x + first * N * D, dx: dx + first * N * D,
      initialRows: initialRows, initialHidden: initialHidden,
      previousHidden: outputs + max(first - 1, 0) * N * P,
      initialCell: initialCell, previousCell: cells.map { $0 + max(first - 1, 0) * N * cellSize },
      dParameters: dParameters,
      scratch: productScratch.map { $0 + member.index * productScratchCount }, member: member)
    if let packed {
      (span.x, span.dx) = (UnsafePointer(packed.x), packed.dx)
      span.initialHidden = initialHidden.map { _ in UnsafePointer(packed.previousHidden) }
      span.previousHidden = UnsafePointer(packed.previousHidden + initialRows * P)
      span.initialCell = initialCell.map { _ in UnsafePointer(packed.previousCell) }
      span.previousCell = cells.map { _ in
        UnsafePointer(packed.previousCell + initialRows * cellSize)
      }
    }
    let count = chunks[chunk].count * N
    if rows.count < count {
      span.places = PlacesInSpan(
        places: packed == nil ? nil : running.places + rows.lowerBound, first: first * N,
        count: count)
    }
    return span
  }
}

// A member moves the columns of its own units alone: nobody else reads them.
extension BackwardPass {
  private func hiddenColumns(_ units: Range<Int>) -> RowColumns {
    RowColumns(width: cell.plan.outputSize, block: cell.plan.outputSize, columns: units)
  }

  private func cellColumns(_ units: Range<Int>) -> RowColumns {
    RowColumns(width: cell.plan.cellSize, block: cell.plan.hiddenSize, columns: units)
  }

  /// Puts the gradients of the states after step `t` together: those of sequences that go on move
  /// apart, and between them come those of sequences that end with this step, which have waited in the
  /// gradient of the final state.
  private func collect(
    _ t: Int, _ rows: Range<Int>, _ sequences: Range<Int>, _ units: Range<Int>,
    _ packed: PackedBackward<Scalar>
  ) {
    guard let lengths = running.lengths else { return }
    let (N, places, first) = (running.batch, running.places, sequences.lowerBound)
    let (hidden, cell) = (hiddenColumns(units), cellColumns(units))
    var next = first + (t + 1 < running.end ? running.rows(at: t + 1, of: sequences).count : 0)
    // From the last row on, so that none is overwritten before it has moved.
    for row in stride(from: rows.upperBound - 1, through: rows.lowerBound, by: -1) {
      let (i, n) = (first + row - rows.lowerBound, places[row] - t * N)
      if lengths[n] > t + 1 {
        next -= 1
        if next == i { return }
        hidden.copy(next, of: packed.dHidden, to: i, of: packed.dHidden)
        if dCell != nil { cell.copy(next, of: packed.dCell, to: i, of: packed.dCell) }
      } else {
        hidden.copy(n, of: dHidden, to: i, of: packed.dHidden)
        if let dCell { cell.copy(n, of: dCell, to: i, of: packed.dCell) }
      }
    }
  }

  /// Writes the gradients of the states before step `t` to the places of their sequences.
  private func distribute(
    _ t: Int, _ rows: Range<Int>, _ sequences: Range<Int>, _ units: Range<Int>,
    _ packed: PackedBackward<Scalar>
  ) {
    let (N, places) = (running.batch, running.places)
    let (hidden, cell) = (hiddenColumns(units), cellColumns(units))
    for row in rows {
      let (i, n) = (sequences.lowerBound + row - rows.lowerBound, places[row] - t * N)
      hidden.copy(i, of: packed.dHidden, to: n, of: dHidden)
      if let dCell { cell.copy(i, of: packed.dCell, to: n, of: dCell) }
    }
  }
}

/// Memory in which a pass backward keeps the running rows of a chunk together.
struct PackedBackward<Scalar> {
  /// The inputs, and their gradients.
  let x: UnsafeMutablePointer<Scalar>
  let dx: UnsafeMutablePointer<Scalar>
  /// `h` before and after a row's step, and the loss gradient of the output.
  let previousHidden: UnsafeMutablePointer<Scalar>
  let hidden: UnsafeMutablePointer<Scalar>
  let dOutput: UnsafeMutablePointer<Scalar>
  /// What each sequence has beyond `h`, before and after.
  let previousCell: UnsafeMutablePointer<Scalar>
  let cell: UnsafeMutablePointer<Scalar>
  /// The gradients of the states of one step. A member that runs some sequences has the rows from the
  /// number of the first of them on.
  let dHidden: UnsafeMutablePointer<Scalar>
  let dCell: UnsafeMutablePointer<Scalar>

  /// - Parameter memory: ``count(_:batch:chunkRows:)`` scalars.
  init(
    _ memory: UnsafeMutablePointer<Scalar>, _ plan: CellPlan, batch: Int, chunkRows: Int
  ) {
    let (D, P, cellSize) = (plan.inputSize, plan.outputSize, plan.cellSize)
    x = memory
    dx = x + chunkRows * D
    previousHidden = dx + chunkRows * D
    hidden = previousHidden + chunkRows * P
    dOutput = hidden + chunkRows * P
    previousCell = dOutput + chunkRows * P
    cell = previousCell + chunkRows * cellSize
    dHidden = cell + chunkRows * cellSize
    dCell = dHidden + batch * P
  }

  static func count(_ plan: CellPlan, batch: Int, chunkRows: Int) -> Int {
    chunkRows * (2 * plan.inputSize + 3 * plan.outputSize + 2 * plan.cellSize)
      + batch * (plan.outputSize + plan.cellSize)
  }
}
