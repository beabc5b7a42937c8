import LinAlg
import Recurrent

/// How sequences of different lengths are run: the longest first, in stretches of time, each of which has
/// the sequences alone that have not ended before it.
///
/// A batch runs as long as its longest sequence, and computes padding for the others: half of the work where
/// lengths are spread evenly. A stretch ends where fewer than three quarters of its sequences go on.
struct RaggedBatch {
  struct Stretch {
    let steps: Range<Int>
    /// How many sequences it has: the first in order.
    let batch: Int
  }

  /// The sequences, the longest first.
  private(set) var order: [Int] = []
  /// The length of each sequence of `order`.
  private(set) var lengths: [Int] = []
  private(set) var stretches: [Stretch] = []
  private var counts: [Int] = []

  /// Plans for lengths of at most `T` steps; allocates nothing where there was room before.
  mutating func plan(_ given: [Int], _ T: Int) {
    // How many sequences are longer than each length, then places in order.
    counts.removeAll(keepingCapacity: true)
    for _ in 0...(T + 1) { counts.append(0) }
    order.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
    for n in 0..<given.count {
      counts[given[n]] += 1
      order.append(0)
      lengths.append(0)
    }
    var longer = 0
    var length = T
    while length >= 0 {
      let own = counts[length]
      counts[length] = longer
      longer += own
      length -= 1
    }
    for n in 0..<given.count {
      let place = counts[given[n]]
      counts[given[n]] += 1
      (order[place], lengths[place]) = (n, given[n])
    }
    stretches.removeAll(keepingCapacity: true)
    var (start, batch) = (0, lengths.count)
    while true {
      while batch > 0 && lengths[batch - 1] <= start { batch -= 1 }
      if batch == 0 { return }
      // As long as three quarters go on: the length of the sequence behind them.
      let end = lengths[(3 * batch + 3) / 4 - 1]
      stretches.append(Stretch(steps: start..<end, batch: batch))
      start = end
    }
  }
}

/// What one direction of a ragged batch works with.
final class RaggedBuffers<S: OnnxFloat> {
  /// What a stretch has for itself: it is as large in the next run, if that has the same lengths.
  private final class Part {
    var state = DefinedState<S>()
    let workspace = Workspace<DefinedState<S>>()
  }

  private var x = SequenceBatch<S>(uninitializedSteps: 0, batch: 0, features: 0)
  private var lengths: [Int] = []
  private var parts: [Part] = []

  /// Runs a direction stretch by stretch.
  func run(_ pass: RaggedPass<S>, _ layer: DefinedLayer<S>, direction: Int, threads: Int) {
    let (batch, tensors) = (pass.batch, pass.tensors)
    let isBackward = pass.isReversed(direction)
    var hasState = pass.initial != nil
    while parts.count < batch.stretches.count { parts.append(Part()) }
    for i in 0..<batch.stretches.count {
      let (stretch, part) = (batch.stretches[i], parts[i])
      let (steps, N) = (stretch.steps, stretch.batch)
      if i == 0, let initial = pass.initial {
        take(direction == 0 ? initial.0 : initial.1, rows: N, order: batch.order, into: part)
      }
      x.renew(steps: steps.count, batch: N, features: tensors.D)
      lengths.removeAll(keepingCapacity: true)
      var isRagged = false
      for n in 0..<N {
        lengths.append(min(batch.lengths[n], steps.upperBound) - steps.lowerBound)
        isRagged = isRagged || lengths[n] != steps.count
      }
      let to = x.pointer(atStep: 0)
      for n in 0..<N {
        for t in 0..<steps.count {
          let row = to + (t * N + n) * tensors.D
          if t < lengths[n] {
            let step = pass.step(steps.lowerBound + t, batch.lengths[n], isBackward)
            row.update(from: tensors.input(step, batch.order[n]), count: tensors.D)
          } else {
            row.update(repeating: 0, count: tensors.D)
          }
        }
      }
      let output = layer(
        x, from: hasState ? part.state : nil, lengths: isRagged ? lengths : nil, threads: threads,
        workspace: part.workspace)
      if pass.wantsOutputs {
        let from = output.outputs.pointer(atStep: 0)
        for n in 0..<N {
          for t in 0..<lengths[n] {
            let step = pass.step(steps.lowerBound + t, batch.lengths[n], isBackward)
            tensors.output(step, batch.order[n], direction)
              .update(from: from + (t * N + n) * tensors.H, count: tensors.H)
          }
        }
      }
      // The others go on.
      let next = i + 1 < batch.stretches.count ? batch.stretches[i + 1].batch : 0
      for n in next..<N {
        pass.writeFinal(output.finalState, row: n, batch.order[n], direction)
      }
      if next > 0 {
        take(output.finalState, rows: next, order: nil, into: parts[i + 1])
        hasState = true
      }
      withExtendedLifetime(output) {}
    }
  }

  /// Takes rows of another state: the first, or those of an order.
  private func take(_ source: DefinedState<S>, rows: Int, order: [Int]?, into part: Part) {
    let (H, cellSize) = (source.part(0).columns, source.part(1).columns)
    part.state.renew(batch: rows, hiddenSize: H, cellSize: cellSize, unitSize: source.unitSize)
    for i in 0..<2 {
      let from = source.part(i)
      part.state.withMutablePart(i) { to in
        let width = to.columns
        for n in 0..<rows {
          (to.basePointer + n * width)
            .update(from: from.basePointer + (order?[n] ?? n) * width, count: width)
        }
      }
      withExtendedLifetime(from) {}
    }
  }
}

/// Where the numbers of a ragged batch stand in the node's tensors.
struct RaggedTensors<S: OnnxFloat> {
  let x: UnsafePointer<S>
  let y: UnsafeMutablePointer<S>
  let T: Int
  let N: Int
  let D: Int
  let H: Int
  let directions: Int
  let isBatchFirst: Bool

  @inline(__always)
  func input(_ t: Int, _ n: Int) -> UnsafePointer<S> {
    x + (isBatchFirst ? n * T + t : t * N + n) * D
  }

  @inline(__always)
  func output(_ t: Int, _ n: Int, _ direction: Int) -> UnsafeMutablePointer<S> {
    y
      + (isBatchFirst
        ? (n * T + t) * directions + direction : (t * directions + direction) * N + n) * H
  }
}

/// A run of a node over a ragged batch: both directions, at the same time where threads allow it.
struct RaggedPass<S: OnnxFloat>: TeamWork {
  let batch: RaggedBatch
  let tensors: RaggedTensors<S>
  let layers: [DefinedLayer<S>]
  let buffers: (RaggedBuffers<S>, RaggedBuffers<S>)
  /// Of each direction; nil for zeros.
  let initial: (DefinedState<S>, DefinedState<S>)?
  /// Whether the one direction reads backwards.
  let readsBackwards: Bool
  let wantsOutputs: Bool
  /// The final states, `[directions, N, H]` or `[N, directions, H]`; nil where nobody reads one.
  let finals: (UnsafeMutablePointer<S>?, UnsafeMutablePointer<S>?)
  let threads: Int

  func run() {
    if wantsOutputs { clearPadding() }
    writeEmpty()
    if layers.count == 1 { return run(0, threads: threads) }
    ThreadTeam.shared.run(threads: min(threads, 2), self)
  }

  func run(_ member: TeamMember) {
    for direction in member.share(of: 2) {
      run(direction, threads: direction == 0 ? (threads + 1) / 2 : max(1, threads / 2))
    }
  }

  private func run(_ direction: Int, threads: Int) {
    (direction == 0 ? buffers.0 : buffers.1)
      .run(self, layers[direction], direction: direction, threads: threads)
  }

  @inline(__always)
  func isReversed(_ direction: Int) -> Bool { direction == 1 || readsBackwards }

  /// Where a step of a direction is in time.
  @inline(__always)
  func step(_ t: Int, _ length: Int, _ isBackward: Bool) -> Int {
    isBackward ? length - 1 - t : t
  }

  private func clearPadding() {
    for place in 0..<batch.order.count {
      for t in batch.lengths[place]..<tensors.T {
        for direction in 0..<tensors.directions {
          tensors.output(t, batch.order[place], direction)
            .update(repeating: 0, count: tensors.H)
        }
      }
    }
  }

  /// Sequences without steps end as they begin.
  private func writeEmpty() {
    var place = batch.order.count
    while place > 0 && batch.lengths[place - 1] == 0 {
      place -= 1
      for direction in 0..<tensors.directions {
        let (n, state) = (batch.order[place], direction == 0 ? initial?.0 : initial?.1)
        if let state {
          writeFinal(state, row: n, n, direction)
        } else {
          for part in 0..<2 {
            final(part, n, direction)?.update(repeating: 0, count: tensors.H)
          }
        }
      }
    }
  }

  /// Writes the final state of sequence `n`, which is a row of a state.
  func writeFinal(_ state: DefinedState<S>, row: Int, _ n: Int, _ direction: Int) {
    for part in 0..<2 {
      guard let to = final(part, n, direction) else { continue }
      let from = state.part(part)
      to.update(from: from.basePointer + row * tensors.H, count: tensors.H)
      withExtendedLifetime(from) {}
    }
  }

  private func final(_ part: Int, _ n: Int, _ direction: Int) -> UnsafeMutablePointer<S>? {
    guard let start = part == 0 ? finals.0 : finals.1 else { return nil }
    let row =
      tensors.isBatchFirst ? n * tensors.directions + direction : direction * tensors.N + n
    return start + row * tensors.H
  }
}
