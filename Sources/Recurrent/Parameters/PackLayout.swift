import LinAlg

/// How many rows of weights lie where, for what packs them.
///
/// A block's packs belong to the layout that they were made for: a block that is given to another layer is
/// packed anew for it.
final class PackLayout: @unchecked Sendable {
  // @unchecked Sendable: nothing changes once the plan that fills it is made.

  /// A matrix `[m, k]` of weights.
  struct Part: Sendable {
    /// Its rows, where the block has them.
    let pieces: [Piece]
    let packed: PackPlace
    let m: Int
    let k: Int
    /// The gates whose rows follow each other, and which are packed one by one for products forward.
    let blocks: Int

    init(pieces: [Piece], packed: PackPlace, k: Int, blocks: Int) {
      (self.pieces, self.packed, self.k, self.blocks) = (pieces, packed, k, blocks)
      m = pieces.reduce(0) { $0 + $1.rows }
    }
  }

  /// Rows of weights that follow each other.
  struct Piece: Sendable {
    var weights: Int
    var rows: Int
  }

  var parts: [Part] = []
  /// Behind the last part.
  var size = PackPlace()
}

extension PackLayout.Part {
  /// Packs some units of every gate for products forward, the first of which is that of a panel.
  ///
  /// - Parameter packed: where the pack of the part begins.
  func packForward<Scalar>(
    _ units: Range<Int>, of block: UnsafePointer<Scalar>, _ format: PackFormat<Scalar>,
    into packed: UnsafeMutableRawPointer
  ) {
    let width = m / blocks
    let step = format.isNarrow || pieces.count > 1 ? format.panel : units.count
    let scalars =
      format.isNarrow ? AlignedStorage<Scalar>(uninitializedCount: k * format.panel) : nil
    for gate in 0..<blocks {
      for unit in stride(from: units.lowerBound, to: units.upperBound, by: step) {
        let (first, rows) = (gate * width + unit, min(step, units.upperBound - unit))
        let start = gate * format.size(k: k, m: width) + unit * format.depth(k)
        let place = packed + format.bytes(start)
        if let scalars {
          packRows(first, rows, of: block, format, into: scalars.pointer)
          format.narrow(k: k, m: rows, packed: scalars.pointer, into: place)
        } else {
          packRows(first, rows, of: block, format, into: place)
        }
      }
    }
  }

  /// Packs some columns for products backward, the first of which is that of a panel.
  ///
  /// - Parameter packed: where the pack of the part begins.
  func packBackward<Scalar>(
    _ columns: Range<Int>, of block: UnsafePointer<Scalar>, _ format: PackFormat<Scalar>,
    into packed: UnsafeMutableRawPointer
  ) {
    // A panel is as long as the matrix is deep: in one panel the pieces follow each other.
    let step = pieces.count > 1 ? format.panel : columns.count
    for column in stride(from: columns.lowerBound, to: columns.upperBound, by: step) {
      let count = min(step, columns.upperBound - column)
      var row = 0
      // By index, here and below: without optimization an array's iterator allocates.
      for i in 0..<pieces.count {
        let piece = pieces[i]
        format.pack(
          k: piece.rows, m: count, b: block + piece.weights + column, ldb: k,
          into: packed + format.bytes(column * m + row * format.panel))
        row += piece.rows
      }
    }
  }

  /// Packs rows from `first` on in scalars, those of one panel also where they stand in several pieces.
  private func packRows<Scalar>(
    _ first: Int, _ rows: Int, of block: UnsafePointer<Scalar>, _ format: PackFormat<Scalar>,
    into packed: UnsafeMutableRawPointer
  ) {
    let panel = packed.assumingMemoryBound(to: Scalar.self)
    var (start, isFirst) = (0, true)
    for i in 0..<pieces.count {
      let piece = pieces[i]
      let shared = (first..<first + rows).clamped(to: start..<start + piece.rows)
      let weights = block + piece.weights + (shared.lowerBound - start) * k
      start += piece.rows
      if shared.count == rows {
        return format.packTransposed(k: k, m: rows, b: weights, into: packed)
      }
      if shared.isEmpty { continue }
      if isFirst { panel.update(repeating: 0, count: k * format.panel) }
      isFirst = false
      for row in shared {
        let weights = weights + (row - shared.lowerBound) * k
        for j in 0..<k { panel[j * format.panel + row - first] = weights[j] }
      }
    }
  }
}

/// A place in a pack, by what lies before it: elements of the matrices, and whole panels' columns, each of
/// which some formats keep a scale for.
struct PackPlace: BitwiseCopyable {
  var elements = 0
  var columns = 0

  /// Behind a matrix that is `k` deep and has `columns` columns in whole panels.
  static func + (place: PackPlace, pack: (k: Int, columns: Int)) -> PackPlace {
    PackPlace(
      elements: place.elements + pack.k * pack.columns, columns: place.columns + pack.columns)
  }
}
