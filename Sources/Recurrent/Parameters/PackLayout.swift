import LinAlg

/// How many rows of weights lie where, for what packs them.
///
/// A block's packs belong to the layout that they were made for: a block that is given to another layer is
/// packed anew for it.
final class PackLayout: @unchecked Sendable {
  // @unchecked Sendable: nothing changes once the plan that fills it is made.

  /// A matrix `[m, k]` of weights.
  struct Part: Sendable {
    /// Where the block has its rows, and those from `split` on.
    var weights: Int
    var split: Int
    var rest: Int
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
        let row = gate * width + unit
        format.packTransposed(
          k: k, m: count, b: block + weights + row * k, split: min(max(split - row, 0), count),
          rest: block + rest + max(row - split, 0) * k, into: target)
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
      k: m, m: columns.count, b: block + weights + columns.lowerBound, split: split,
      rest: block + rest + columns.lowerBound, ldb: k, into: place)
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
