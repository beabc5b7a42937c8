import LinAlg

// The products of an affine map with some of the rows: these are brought together some at a time, in the order
// that they have, and what they give goes where they were. The bits are those of all rows.
extension AffineMap {
  /// Whether a row that is left out saves more than bringing another together with its neighbours costs:
  /// `D·K` multiply–adds in each product against copies of `D + K` scalars.
  package var gainsByLeavingOutRows: Bool {
    inputSize * outputSize >= 16 * (inputSize + outputSize)
  }

  /// How many scalars of memory a product with some of the rows takes for `threads` threads.
  package func selectionScratchCount(threads: Int) -> Int {
    memberScratch * min(threads, ThreadTeam.largestCount)
  }

  /// For each member the rows of one operand, and the columns of another.
  private var memberScratch: Int {
    let (D, K) = (inputSize, outputSize)
    let gradient = Scalar.packFormat?.weightGradientScratch(
      m: min(K, gradientColumns), k: D, rows: gradientRows)
    let largest = max(
      rowsTogether(D, K) * (D + min(K, columnsTogether)), rowsTogether(K, D) * (K + D),
      gradientRows * (D + min(K, gradientColumns)) + (gradient ?? 0))
    // Whole cache lines.
    return (largest + 15) / 16 * 16
  }

  /// ``apply(_:rows:x:into:threads:)`` with the rows of `x` that are not copies of one.
  package func apply(
    _ block: ParameterBlock<Scalar>, _ rows: RowSelection, x: UnsafePointer<Scalar>,
    into y: UnsafeMutablePointer<Scalar>, scratch: UnsafeMutablePointer<Scalar>, threads: Int
  ) {
    let threads = allowed(threads, rows)
    let matrix = matrix(block, forward, .forward, threads: threads)
    let start = UnsafePointer(block.pointer)
    rows.places.withUnsafeBufferPointer {
      ThreadTeam.shared.run(
        threads: threads,
        SelectedForward(
          matrix: matrix, bias: bias.map { start + $0 },
          rows: RowPlaces(places: $0, rows: rows.rows), x: x, y: y, scratch: scratch,
          scratchCount: memberScratch))
    }
    withExtendedLifetime(block) {}
  }

  /// ``applyTransposed(_:rows:dy:into:threads:)`` with the rows of `dy` that are not zeros.
  package func applyTransposed(
    _ block: ParameterBlock<Scalar>, _ rows: RowSelection, dy: UnsafePointer<Scalar>,
    into dx: UnsafeMutablePointer<Scalar>, scratch: UnsafeMutablePointer<Scalar>, threads: Int
  ) {
    let threads = allowed(threads, rows)
    let matrix = matrix(block, backward, .backward, threads: threads)
    rows.places.withUnsafeBufferPointer {
      ThreadTeam.shared.run(
        threads: threads,
        SelectedBackward(
          matrix: matrix, rows: RowPlaces(places: $0, rows: rows.rows), dy: dy, dx: dx,
          scratch: scratch, scratchCount: memberScratch))
    }
    withExtendedLifetime(block) {}
  }

  /// ``accumulate(rows:dy:x:into:scratch:threads:)`` with the rows of `dy` that are not zeros.
  package func accumulate(
    _ rows: RowSelection, dy: UnsafePointer<Scalar>, x: UnsafePointer<Scalar>,
    into gradients: UnsafeMutablePointer<Scalar>, scratch: UnsafeMutablePointer<Scalar>,
    threads: Int
  ) {
    guard let format = Scalar.packFormat else {
      failRequirement("rows are left out where weights are packed")
    }
    rows.places.withUnsafeBufferPointer {
      ThreadTeam.shared.run(
        threads: allowed(threads, rows),
        SelectedGradient(
          format: format, D: inputSize, K: outputSize, rows: RowPlaces(places: $0, rows: rows.rows),
          dy: dy, x: x, dW: gradients + weights, db: bias.map { gradients + $0 }, scratch: scratch,
          scratchCount: memberScratch))
    }
  }

  /// As many threads as have rows to share.
  private func allowed(_ threads: Int, _ rows: RowSelection) -> Int {
    min(allowed(threads, rows: rows.places.count), max(1, rows.places.count / 16))
  }
}

/// Columns of `y` that are computed at once, and of `dW`: what rows of them take stays in a cache. Both are
/// whole panels.
private let columnsTogether = 256
private let gradientColumns = 480
private let gradientRows = 256

/// Rows that are brought together: as many as fill a quarter of a megabyte, but enough for a product.
private func rowsTogether(_ read: Int, _ written: Int) -> Int {
  max(48, min(256, (1 << 16) / max(read, min(written, columnsTogether)) / 16 * 16))
}

private struct SelectedForward<Scalar: RecurrentScalar>: TeamWork {
  let matrix: WeightMatrix<Scalar>
  let bias: UnsafePointer<Scalar>?
  let rows: RowPlaces
  let x: UnsafePointer<Scalar>
  let y: UnsafeMutablePointer<Scalar>
  let scratch: UnsafeMutablePointer<Scalar>
  let scratchCount: Int

  func run(_ member: TeamMember) {
    let (K, D) = (matrix.m, matrix.k)
    let mine = member.share(of: rows.places.count, inMultiplesOf: 8)
    let count = rowsTogether(D, K)
    let (packedX, packedY) = (
      scratch + member.index * scratchCount, scratch + member.index * scratchCount + count * D
    )
    for first in stride(from: mine.lowerBound, to: mine.upperBound, by: count) {
      let together = first..<min(first + count, mine.upperBound)
      if let row = rows.run(together) {
        multiply(x + row * D, rows: together.count, 0..<K, into: y + row * K, ld: K)
        continue
      }
      rows.gather(together, of: x, width: D, columns: 0..<D, into: packedX)
      for column in stride(from: 0, to: K, by: columnsTogether) {
        let columns = column..<min(column + columnsTogether, K)
        multiply(packedX, rows: together.count, columns, into: packedY, ld: columns.count)
        rows.scatter(together, from: packedY, width: K, columns: columns, into: y)
      }
    }
    rows.fill(mine, y, width: K) {
      multiply(x + $0 * D, rows: 1, 0..<K, into: y + $0 * K, ld: K)
    }
  }

  /// Some columns of `x·Wᵀ + b`, from `y` on.
  private func multiply(
    _ x: UnsafePointer<Scalar>, rows: Int, _ columns: Range<Int>,
    into y: UnsafeMutablePointer<Scalar>, ld: Int
  ) {
    if let bias {
      for row in 0..<rows {
        (y + row * ld).update(from: bias + columns.lowerBound, count: columns.count)
      }
    }
    matrix.columns(columns).forward(
      rows: rows, x: x, ldx: matrix.k, accumulate: bias != nil, gates: y, ldg: ld,
      units: 0..<columns.count)
  }
}

private struct SelectedBackward<Scalar: RecurrentScalar>: TeamWork {
  let matrix: WeightMatrix<Scalar>
  let rows: RowPlaces
  let dy: UnsafePointer<Scalar>
  let dx: UnsafeMutablePointer<Scalar>
  let scratch: UnsafeMutablePointer<Scalar>
  let scratchCount: Int

  func run(_ member: TeamMember) {
    let (K, D) = (matrix.m, matrix.k)
    let mine = member.share(of: rows.places.count, inMultiplesOf: 8)
    let count = rowsTogether(K, D)
    let (packedY, packedX) = (
      scratch + member.index * scratchCount, scratch + member.index * scratchCount + count * K
    )
    for first in stride(from: mine.lowerBound, to: mine.upperBound, by: count) {
      let together = first..<min(first + count, mine.upperBound)
      if let row = rows.run(together) {
        multiply(dy + row * K, rows: together.count, into: dx + row * D)
        continue
      }
      rows.gather(together, of: dy, width: K, columns: 0..<K, into: packedY)
      multiply(packedY, rows: together.count, into: packedX)
      rows.scatter(together, from: packedX, width: D, columns: 0..<D, into: dx)
    }
    rows.fill(mine, dx, width: D) { multiply(dy + $0 * K, rows: 1, into: dx + $0 * D) }
  }

  private func multiply(
    _ dy: UnsafePointer<Scalar>, rows: Int, into dx: UnsafeMutablePointer<Scalar>
  ) {
    matrix.backward(
      rows: rows, dGates: dy, ldg: matrix.m, accumulate: false, dx: dx, ldx: matrix.k,
      columns: 0..<matrix.k)
  }
}

private struct SelectedGradient<Scalar: RecurrentScalar>: TeamWork {
  let format: PackFormat<Scalar>
  let D: Int
  let K: Int
  let rows: RowPlaces
  let dy: UnsafePointer<Scalar>
  let x: UnsafePointer<Scalar>
  let dW: UnsafeMutablePointer<Scalar>
  let db: UnsafeMutablePointer<Scalar>?
  let scratch: UnsafeMutablePointer<Scalar>
  let scratchCount: Int

  func run(_ member: TeamMember) {
    let mine = member.share(of: K, inMultiplesOf: gradientColumnUnit(K, members: member.count))
    if mine.isEmpty { return }
    let packedX = scratch + member.index * scratchCount
    let packedY = packedX + gradientRows * D
    let rest = packedY + gradientRows * min(K, gradientColumns)
    for first in stride(from: 0, to: rows.places.count, by: gradientRows) {
      let together = first..<min(first + gradientRows, rows.places.count)
      let run = rows.run(together)
      if run == nil { rows.gather(together, of: x, width: D, columns: 0..<D, into: packedX) }
      for column in stride(from: mine.lowerBound, to: mine.upperBound, by: gradientColumns) {
        let columns = column..<min(column + gradientColumns, mine.upperBound)
        if run == nil {
          rows.gather(together, of: dy, width: K, columns: columns, into: packedY)
        }
        format.addWeightGradient(
          m: columns.count, k: D, rows: together.count,
          dGates: run.map { dy + $0 * K + column } ?? UnsafePointer(packedY),
          ldg: run == nil ? columns.count : K,
          x: run.map { x + $0 * D } ?? UnsafePointer(packedX), ldx: D, to: dW + column * D,
          split: columns.count, rest: dW, scratch: rest)
      }
    }
    // A sum reads no more than all rows: few of them, and its groups stay those of all.
    if let db {
      Scalar.addColumnSums(
        rows: rows.rows, columns: mine.count, of: dy + mine.lowerBound, ld: K,
        to: db + mine.lowerBound)
    }
  }
}
