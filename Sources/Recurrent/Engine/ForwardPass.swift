import CKernels
import LinAlg

/// One pass forward over a batch of sequences: the time loop that inference, recording and streaming
/// share, as each thread that works on it runs it.
struct ForwardPass<Scalar: RecurrentScalar>: TeamWork {
  let cell: CellPass<Scalar>
  let running: RunningRows
  let chunks: TimeChunks
  let split: WorkSplit

  /// `[T, N, D]`.
  let x: UnsafePointer<Scalar>
  /// `[T, N, H]`.
  let outputs: UnsafeMutablePointer<Scalar>
  /// The gates of all running rows, or of those of a chunk.
  let gates: UnsafeMutablePointer<Scalar>
  let keepsGates: Bool
  /// `c`, `[N, cellSize]`, of as many steps as it has room for, for cells that have one.
  let cells: UnsafeMutablePointer<Scalar>?
  let cellSteps: Int
  /// The state before the first step, or nil for zeros.
  let initialHidden: UnsafePointer<Scalar>?
  let initialCell: UnsafePointer<Scalar>?
  /// Where running rows are kept together, for batches with different lengths.
  let packed: PackedForward<Scalar>?
  /// What random choices depend on, or nil where there are none.
  let noise: ck_noise?
  /// How the one member follows passes of other layers, or nil where all inputs are there.
  let relay: Relay?

  // Whoever runs a layer is in another module, where the compiler cannot make these for it.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func run(_ member: TeamMember) {
    let (D, H, gateWidth) = (cell.plan.inputSize, cell.plan.hiddenSize, cell.plan.gateWidth)
    let byUnits = split == .units
    let sequences = byUnits ? 0..<running.batch : running.share(of: member)
    let units = byUnits ? member.share(of: H, inMultiplesOf: cell.unitBlock) : 0..<H

    if let packed, running.fullSteps == 0 {
      collect(before: 0, sequences, units, packed)
      if byUnits { member.barrier() }
    }
    for chunk in 0..<chunks.count {
      let steps = chunks[chunk].clamped(to: 0..<running.end)
      if steps.isEmpty { break }
      relay?.receive(steps, after: steps.upperBound)
      let first = running.start(steps.lowerBound)
      let rows = running.start(steps.upperBound) - first
      let base = keepsGates ? gates + first * gateWidth : gates
      let packedX = steps.upperBound > running.fullSteps ? packed?.x : nil
      let mine = member.share(of: rows)
      if let packedX {
        running.gather(
          first + mine.lowerBound..<first + mine.upperBound, of: x, width: D,
          into: packedX + mine.lowerBound * D)
      }
      let source = packedX.map { UnsafePointer($0) } ?? x + first * D
      if byUnits {
        if packedX != nil { member.barrier() }
        cell.project(source, rows: rows, into: base, units: units)
      } else {
        // The gates of the chunk before may lie in the same place and still be read.
        if chunk > 0 && !keepsGates { member.barrier() }
        cell.project(
          source + mine.lowerBound * D, rows: mine.count, into: base + mine.lowerBound * gateWidth,
          units: units)
        member.barrier()
      }
      for t in steps {
        step(t, base, first, sequences, units, byUnits ? member : .alone)
        if byUnits { member.barrier() }
      }
      if let relay {
        clearPadding(at: steps, sequences, units)
        relay.handOn(steps.upperBound)
      }
    }
    if let relay {
      let rest = running.end..<running.steps
      relay.receive(rest, after: running.steps)
      clearPadding(at: rest, sequences, units)
      relay.handOn(running.steps)
    } else {
      clearPadding(at: 0..<running.steps, sequences, units)
    }
  }

  /// Zeros after the ends of sequences.
  private func clearPadding(
    at steps: Range<Int>, _ sequences: Range<Int>, _ units: Range<Int>
  ) {
    running.clearPadding(
      of: outputs, at: steps, width: cell.plan.outputSize, sequences: sequences,
      columns: units.clamped(to: 0..<cell.plan.outputSize))
  }

  /// - Parameters:
  ///   - base: the gates of row `first` and those behind it.
  ///   - sequences: those that the member runs.
  @inline(__always)
  private func step(
    _ t: Int, _ base: UnsafeMutablePointer<Scalar>, _ first: Int, _ sequences: Range<Int>,
    _ units: Range<Int>, _ member: TeamMember
  ) {
    let rows = running.rows(at: t, of: sequences)
    if rows.isEmpty { return }
    let (N, P, cellSize) = (running.batch, cell.plan.outputSize, cell.plan.cellSize)
    var step = ForwardStep(
      time: t, batch: rows.count, firstUnit: units.lowerBound, endUnit: units.upperBound,
      gates: base + (rows.lowerBound - first) * cell.plan.gateWidth,
      previousHidden: t == 0
        ? initialHidden : UnsafePointer(outputs + (t - 1) * N * P),
      hidden: outputs + t * N * P,
      previousCell: t == 0
        ? initialCell : cells.map { UnsafePointer($0 + (t - 1) % cellSteps * N * cellSize) },
      cell: cells.map { $0 + t % cellSteps * N * cellSize },
      lengths: running.kernelLengths.map { $0 + sequences.lowerBound },
      noise: noise?.fromRow(sequences.lowerBound), member: member)
    if t >= running.fullSteps, let packed {
      step.previousHidden = step.previousHidden.map { _ in UnsafePointer(packed.hidden(t - 1)) }
      step.hidden = packed.hidden(t)
      step.previousCell = step.previousCell.map { _ in UnsafePointer(packed.cell) }
      step.cell = step.cell.map { _ in packed.cell }
      step.noise = running.noise(noise, fromRow: rows.lowerBound)
    }
    let (row, cellRow) = (sequences.lowerBound * P, sequences.lowerBound * cellSize)
    step.previousHidden = step.previousHidden.map { $0 + row }
    step.hidden += row
    step.previousCell = step.previousCell.map { $0 + cellRow }
    step.cell = step.cell.map { $0 + cellRow }
    cell.forwardStep(step)
    guard let packed, t + 1 >= running.fullSteps else { return }
    if t >= running.fullSteps {
      distribute(t, rows, sequences, units, packed)
    } else if t + 1 < running.end {
      collect(before: t + 1, sequences, units, packed)
    }
  }
}

// A member moves the columns of its own units alone: nobody else reads them before the step ends.
extension ForwardPass {
  private func hiddenColumns(_ units: Range<Int>) -> RowColumns {
    RowColumns(width: cell.plan.outputSize, block: cell.plan.outputSize, columns: units)
  }

  private func cellColumns(_ units: Range<Int>) -> RowColumns {
    RowColumns(width: cell.plan.cellSize, block: cell.plan.hiddenSize, columns: units)
  }

  /// Puts the states of the sequences that run at step `t` together, before the first step at which not
  /// all do.
  private func collect(
    before t: Int, _ sequences: Range<Int>, _ units: Range<Int>, _ packed: PackedForward<Scalar>
  ) {
    let (N, rows) = (running.batch, running.rows(at: t, of: sequences))
    let (places, first) = (running.places, sequences.lowerBound - rows.lowerBound)
    let (hidden, cell) = (hiddenColumns(units), cellColumns(units))
    let source = t == 0 ? initialHidden : UnsafePointer(outputs + (t - 1) * N * hidden.width)
    if let source {
      for row in rows {
        hidden.copy(places[row] - t * N, of: source, to: first + row, of: packed.hidden(t - 1))
      }
    }
    let cellSource =
      t == 0
      ? initialCell : cells.map { UnsafePointer($0 + (t - 1) % cellSteps * N * cell.width) }
    if let cellSource {
      for row in rows {
        cell.copy(places[row] - t * N, of: cellSource, to: first + row, of: packed.cell)
      }
    }
  }

  /// Writes what step `t` has computed to its places, and moves the states of the sequences that go on
  /// together.
  private func distribute(
    _ t: Int, _ rows: Range<Int>, _ sequences: Range<Int>, _ units: Range<Int>,
    _ packed: PackedForward<Scalar>
  ) {
    guard let lengths = running.lengths else { return }
    let (N, places) = (running.batch, running.places)
    let (hidden, cell) = (hiddenColumns(units), cellColumns(units))
    let states = packed.hidden(t)
    let kept = cells.map { $0 + t % cellSteps * N * cell.width }
    var next = sequences.lowerBound
    for row in rows {
      let (i, n) = (sequences.lowerBound + row - rows.lowerBound, places[row] - t * N)
      let goesOn = lengths[n] > t + 1
      hidden.copy(i, of: states, to: places[row], of: outputs)
      if let kept, cellSteps > 1 || !goesOn { cell.copy(i, of: packed.cell, to: n, of: kept) }
      if !goesOn { continue }
      if next < i {
        hidden.copy(i, of: states, to: next, of: states)
        if kept != nil { cell.copy(i, of: packed.cell, to: next, of: packed.cell) }
      }
      next += 1
    }
  }
}

/// Memory in which a pass forward keeps the rows of running sequences together. A member that runs some
/// sequences has the rows from the number of the first of them on.
struct PackedForward<Scalar> {
  /// The inputs of a chunk.
  let x: UnsafeMutablePointer<Scalar>
  /// The states after a step and before it, `[N, P]` each.
  private let states: UnsafeMutablePointer<Scalar>
  private let stateCount: Int
  /// What each sequence has beyond `h`, `[N, cellSize]`.
  let cell: UnsafeMutablePointer<Scalar>

  /// `h` after step `t`, which may be −1.
  func hidden(_ t: Int) -> UnsafeMutablePointer<Scalar> {
    states + (t & 1) * stateCount
  }

  /// - Parameter memory: ``count(_:batch:chunkRows:)`` scalars.
  init(
    _ memory: UnsafeMutablePointer<Scalar>, _ plan: CellPlan, batch: Int, chunkRows: Int
  ) {
    stateCount = batch * plan.outputSize
    states = memory
    cell = states + 2 * stateCount
    x = cell + batch * plan.cellSize
  }

  static func count(_ plan: CellPlan, batch: Int, chunkRows: Int) -> Int {
    batch * (2 * plan.outputSize + plan.cellSize) + chunkRows * plan.inputSize
  }
}

/// The threads that a call may use where `threads` is what its caller said.
package func allowedThreads(_ threads: Int?) -> Int {
  guard let threads else { return ThreadTeam.availableProcessors }
  require(threads > 0, "threads is \(threads), expected 1 or more")
  return threads
}
