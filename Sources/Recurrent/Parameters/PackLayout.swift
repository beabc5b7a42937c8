import LinAlg

/// How many rows of weights lie where, for what packs them.
///
/// A block's packs belong to the layout that they were made for: a block that is given to another layer is
/// packed anew for it.
final class PackLayout: @unchecked Sendable {
  // @unchecked Sendable: nothing changes once the plan that fills it is made.

  /// A matrix `[m, k]` of weights.
  struct Part: Sendable {
    var rows: WeightRows
    var packed: PackPlace
    var m: Int
    var k: Int
    /// The gates whose rows follow each other, and which are packed one by one for products forward.
    var blocks: Int
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
    let step = format.isNarrow ? format.panel : units.count
    let scalars =
      format.isNarrow ? AlignedStorage<Scalar>(uninitializedCount: k * format.panel) : nil
    for gate in 0..<blocks {
      for unit in stride(from: units.lowerBound, to: units.upperBound, by: step) {
        let count = min(step, units.upperBound - unit)
        let start = gate * format.size(k: k, m: width) + unit * format.depth(k)
        let place = packed + format.bytes(start)
        var target = place
        if let scalars { target = UnsafeMutableRawPointer(scalars.pointer) }
        let rows = rows.from(gate * width + unit, count: count, k: k)
        format.packTransposed(
          k: k, m: count, b: block + rows.start, split: rows.split, rest: block + rows.rest,
          into: target)
        if let scalars {
          format.narrow(k: k, m: count, packed: scalars.pointer, into: place)
        }
      }
    }
    withExtendedLifetime(scalars) {}
  }

  /// Packs some columns for products backward, the first of which is that of a panel.
  ///
  /// - Parameter packed: where the pack of the part begins.
  func packBackward<Scalar>(
    _ columns: Range<Int>, of block: UnsafePointer<Scalar>, _ format: PackFormat<Scalar>,
    into packed: UnsafeMutableRawPointer
  ) {
    let place = packed + format.bytes(columns.lowerBound * m)
    format.pack(
      k: m, m: columns.count, b: block + rows.start + columns.lowerBound, split: rows.split,
      rest: block + rows.rest + columns.lowerBound, ldb: k, into: place)
  }
}

/// Where the rows of a matrix of weights stand among all: from `start` on, those from `split` on from
/// `rest` on.
struct WeightRows: BitwiseCopyable {
  var start: Int
  var split: Int
  var rest = 0

  /// `count` of them from `row` on, each of `k` weights.
  func from(_ row: Int, count: Int, k: Int) -> WeightRows {
    WeightRows(
      start: start + row * k, split: min(max(split - row, 0), count),
      rest: rest + max(row - split, 0) * k)
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
