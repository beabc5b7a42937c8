import CKernels
import LinAlg

/// The rows of a pass that count: at each step the sequences that have not ended, in the order of the
/// batch, and behind them those of the next step.
///
/// Sequences of different lengths leave gaps in `[T, N, F]`. A pass computes without them: what it reads
/// of such a batch it gathers into consecutive rows, chunk by chunk, so that its products see rows that
/// count and no others. A row's place is its number among the `T·N` rows of the batch. As long as all
/// sequences run, rows and places are the same and nothing is copied.
///
/// A row has the same bits in whatever rows it is computed with, unless OpenBLAS computes the products:
/// there all rows are computed, and kernels are told the lengths.
package struct RunningRows {
  /// `T`.
  package let steps: Int
  /// `N`.
  package let batch: Int
  /// All sequences run at the steps before this one.
  package let fullSteps: Int
  /// None runs at this step and those after it.
  package let end: Int
  /// One length for each sequence, or nil where all run to the end.
  package let lengths: UnsafePointer<Int>?
  /// One length for each sequence where what lies after its end is computed, too.
  let kernelLengths: UnsafePointer<Int>?
  /// The first row of each step, and one past the last row; nil where all sequences end together.
  private let starts: UnsafePointer<Int>?
  /// The place of each row.
  private let rowPlaces: UnsafePointer<Int>?
  /// The sequence of each row as random choices know it.
  private let sequences: UnsafePointer<Int64>?

  /// All rows of a batch.
  init(steps: Int, batch: Int, kernelLengths: UnsafePointer<Int>? = nil) {
    (self.steps, self.batch, fullSteps, end) = (steps, batch, steps, steps)
    self.kernelLengths = kernelLengths
    (lengths, starts, rowPlaces, sequences) = (nil, nil, nil, nil)
  }

  /// The rows of a batch whose sequences end together.
  fileprivate init(steps: Int, batch: Int, end: Int, lengths: UnsafePointer<Int>) {
    (self.steps, self.batch, fullSteps, self.end) = (steps, batch, end, end)
    (self.lengths, starts, rowPlaces, sequences) = (lengths, nil, nil, nil)
    kernelLengths = nil
  }

  fileprivate init(
    steps: Int, batch: Int, fullSteps: Int, end: Int, lengths: UnsafePointer<Int>,
    starts: UnsafePointer<Int>, places: UnsafePointer<Int>, sequences: UnsafePointer<Int64>?
  ) {
    (self.steps, self.batch, self.fullSteps, self.end) = (steps, batch, fullSteps, end)
    (self.lengths, self.starts, rowPlaces) = (lengths, starts, places)
    self.sequences = sequences
    kernelLengths = nil
  }

  /// Whether some sequences end before others.
  package var isRagged: Bool { starts != nil }

  /// The first row of step `t`, which is at most ``end``.
  package func start(_ t: Int) -> Int { starts.map { $0[t] } ?? t * batch }

  /// How many sequences run at a step, on average over the steps at which any does.
  var meanBatch: Int { isRagged ? (start(end) + end - 1) / end : batch }

  /// The places of all rows of a ragged batch.
  package var places: UnsafePointer<Int> {
    guard let rowPlaces else { failRequirement("rows of sequences that end together have no list") }
    return rowPlaces
  }

  /// The rows of step `t` that belong to the given sequences.
  package func rows(at t: Int, of own: Range<Int>) -> Range<Int> {
    guard let starts, t >= fullSteps else {
      return t * batch + own.lowerBound..<t * batch + own.upperBound
    }
    let all = starts[t]..<starts[t + 1]
    if own.count == batch { return all }
    return first(
      in: all, from: t * batch + own.lowerBound)..<first(in: all, from: t * batch + own.upperBound)
  }

  /// The first of the rows whose place is not before the given one.
  private func first(in rows: Range<Int>, from place: Int) -> Int {
    let places = places
    var (low, high) = (rows.lowerBound, rows.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if places[middle] < place { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The sequences that a member runs through all steps: about as many rows as every other member's.
  func share(of member: TeamMember) -> Range<Int> {
    guard isRagged, let lengths, member.count > 1 else { return member.share(of: batch) }
    let all = start(end)
    var (bounds, n, rows) = ((0, 0), 0, 0)
    while n < batch && rows * member.count < all * (member.index + 1) {
      if rows * member.count < all * member.index { bounds.0 = n + 1 }
      rows += lengths[n]
      n += 1
    }
    bounds.1 = member.index == member.count - 1 ? batch : n
    return min(bounds.0, bounds.1)..<bounds.1
  }

  /// The noise of consecutive rows of one step, from `row` on.
  func noise(_ noise: ck_noise?, fromRow row: Int) -> ck_noise? {
    guard var noise, let sequences else { return nil }
    noise.sequences = sequences + row
    return noise
  }
}

/// The memory of the lists of rows, for one call at a time.
package struct RunningRowLists {
  private var numbers = AlignedStorage<Int>(uninitializedCount: 0)

  /// No lists.
  package init() {}

  /// The bytes of the lists.
  var byteCount: Int { numbers.count * MemoryLayout<Int>.stride }

  /// The rows that count, or all of them. Valid while `lengths` are and until the next call.
  package mutating func rows(
    steps: Int, batch: Int, lengths: UnsafePointer<Int>?, noise: ck_noise?, all: Bool = false
  ) -> RunningRows {
    if all { return RunningRows(steps: steps, batch: batch, kernelLengths: lengths) }
    guard let lengths, batch > 0 else { return RunningRows(steps: steps, batch: batch) }
    var (fullSteps, end, count) = (steps, 0, 0)
    for n in 0..<batch {
      fullSteps = min(fullSteps, lengths[n])
      end = max(end, lengths[n])
      count += lengths[n]
    }
    if fullSteps == end {
      return RunningRows(steps: steps, batch: batch, end: end, lengths: lengths)
    }
    let needed = end + 1 + 2 * count
    if numbers.count < needed { numbers = AlignedStorage(uninitializedCount: needed) }
    let starts = numbers.pointer
    let places = starts + end + 1
    var row = 0
    for t in 0..<end {
      let before = t == 0 ? 0..<0 : starts[t - 1]..<row
      starts[t] = row
      if t < fullSteps || t == 0 {
        for n in 0..<batch where t < lengths[n] {
          places[row] = t * batch + n
          row += 1
        }
      } else {
        for i in before {
          let place = places[i] + batch
          if t < lengths[place - t * batch] {
            places[row] = place
            row += 1
          }
        }
      }
    }
    starts[end] = row
    var sequences: UnsafePointer<Int64>?
    if let noise {
      // Int is 64 bits wide wherever the engine runs.
      let list = UnsafeMutableRawPointer(places + count).assumingMemoryBound(to: Int64.self)
      for t in 0..<end {
        for i in starts[t]..<starts[t + 1] {
          let n = places[i] - t * batch
          list[i] = noise.sequences.map { $0[n] } ?? noise.first_sequence + Int64(n)
        }
      }
      sequences = UnsafePointer(list)
    }
    return RunningRows(
      steps: steps, batch: batch, fullSteps: fullSteps, end: end, lengths: lengths,
      starts: starts, places: places, sequences: sequences)
  }
}

extension RunningRows {
  /// Copies rows of `width` numbers from `[T, N, width]` to where the first of them shall be; `shift`
  /// places further on.
  func gather<Scalar>(
    _ rows: Range<Int>, of padded: UnsafePointer<Scalar>, shift: Int = 0, width: Int,
    into packed: UnsafeMutablePointer<Scalar>
  ) {
    let places = places
    for row in rows {
      (packed + (row - rows.lowerBound) * width).update(
        from: padded + (places[row] + shift) * width, count: width)
    }
  }

  /// Copies rows, of which `packed` is the first, to their places in `[T, N, width]`.
  func scatter<Scalar>(
    _ rows: Range<Int>, from packed: UnsafePointer<Scalar>, width: Int,
    into padded: UnsafeMutablePointer<Scalar>
  ) {
    let places = places
    for row in rows {
      (padded + places[row] * width).update(
        from: packed + (row - rows.lowerBound) * width, count: width)
    }
  }

  /// Sets some columns of some steps of `[T, N, width]` to zero after the end of the given sequences.
  func clearPadding<Scalar: RecurrentScalar>(
    of padded: UnsafeMutablePointer<Scalar>, at range: Range<Int>, width: Int,
    sequences: Range<Int>, columns: Range<Int>
  ) {
    guard let lengths, fullSteps < range.upperBound else { return }
    for t in max(fullSteps, range.lowerBound)..<range.upperBound {
      for n in sequences where t >= lengths[n] {
        (padded + (t * batch + n) * width + columns.lowerBound)
          .update(repeating: 0, count: columns.count)
      }
    }
  }
}

/// Some columns of rows that consist of blocks: of every block the same.
struct RowColumns {
  let width: Int
  let block: Int
  let columns: Range<Int>

  /// `columns` of every block; the same numbers as the columns of a row where there is one block.
  init(width: Int, block: Int, columns: Range<Int>) {
    (self.width, self.block) = (width, block)
    self.columns = columns.clamped(to: 0..<block)
  }

  /// Copies them from row `i` at `source` to row `j` at `target`.
  func copy<Scalar>(
    _ i: Int, of source: UnsafePointer<Scalar>, to j: Int, of target: UnsafeMutablePointer<Scalar>
  ) {
    var first = columns.lowerBound
    while first < width {
      (target + j * width + first).update(from: source + i * width + first, count: columns.count)
      first += block
    }
  }
}
