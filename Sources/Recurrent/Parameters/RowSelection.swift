import LinAlg

/// The rows of `[rows, width]` that a product has to compute, where it gains by leaving out the others:
/// copies of one row, which give copies of one result, or rows of zeros, which add nothing to a sum.
///
/// What sequences of different lengths have after their ends is such rows: zeros behind a layer, what an
/// affine map makes of them, the same word; and gradients of what no loss counts are zeros. A product without
/// them has the same bits. A list is made anew for each product, in memory that it keeps.
package struct RowSelection {
  /// Below this many rows nothing is left out.
  private static let fewestRows = 64
  /// One row of so many must be one that is left out.
  private static let share = 8
  /// Rows that are looked at first.
  private static let sample = 64

  /// The places of the rows to compute, in order.
  private(set) var places: [Int] = []
  /// How many rows there are.
  private(set) var rows = 0
  private var signatures: [UInt64] = []
  private var isLeftOut: [Bool] = []

  /// No rows.
  package init() {}

  /// Lists the rows of `x [rows, width]` but the copies of the most frequent one, and says whether enough
  /// are left out.
  package mutating func findDistinct<Scalar: RecurrentScalar>(
    in x: UnsafePointer<Scalar>, rows: Int, width: Int, threads: Int
  ) -> Bool {
    guard Self.pays(Scalar.self, rows: rows, width: width) else { return false }
    let bytes = width * MemoryLayout<Scalar>.stride
    func row(_ place: Int) -> UnsafeRawPointer { UnsafeRawPointer(x + place * width) }
    signatures.removeAll(keepingCapacity: true)
    for i in 0..<Self.sample {
      signatures.append(signature(row(Self.sampled(i, of: rows)), byteCount: bytes))
    }
    var (most, model) = (0, 0)
    for i in 0..<Self.sample {
      var same = 0
      for j in i..<Self.sample where signatures[j] == signatures[i] { same += 1 }
      if same > most { (most, model) = (same, i) }
    }
    if most * Self.share < Self.sample { return false }
    return list(rows, scalars: rows * width, threads: threads) {
      CopiedRows(
        rows: rows, x: UnsafeRawPointer(x), byteCount: bytes,
        model: row(Self.sampled(model, of: rows)), isLeftOut: $0)
    }
  }

  /// Lists the rows of gradients `dy [rows, width]` that are not all zeros, and says whether enough are left
  /// out. Of a product with `x [rows, features]` those are listed, too, whose `x` is not finite: zero times
  /// them is not zero.
  package mutating func findNonzero<Scalar: RecurrentScalar>(
    in dy: UnsafePointer<Scalar>, rows: Int, width: Int, of x: UnsafePointer<Scalar>?,
    features: Int, threads: Int
  ) -> Bool {
    guard Self.pays(Scalar.self, rows: rows, width: width) else { return false }
    let bytes = width * MemoryLayout<Scalar>.stride
    var zeros = 0
    for i in 0..<Self.sample
    where areZeros(dy + Self.sampled(i, of: rows) * width, byteCount: bytes) { zeros += 1 }
    if zeros * Self.share < Self.sample { return false }
    return list(rows, scalars: rows * (width + features), threads: threads) {
      ZeroRows(
        rows: rows, dy: UnsafeRawPointer(dy), byteCount: bytes, x: x, features: features,
        isLeftOut: $0)
    }
  }

  private mutating func list<Work: RowWork>(
    _ rows: Int, scalars: Int, threads: Int, _ work: (UnsafeMutablePointer<Bool>) -> Work
  ) -> Bool {
    if isLeftOut.count < rows { isLeftOut = Array(repeating: false, count: rows) }
    places.removeAll(keepingCapacity: true)
    places.reserveCapacity(rows)
    self.rows = rows
    isLeftOut.withUnsafeMutableBufferPointer {
      guard let start = $0.baseAddress else { return }
      work(start).run(count: (rows + 1) / 2, scalars: scalars, threads: threads)
    }
    for row in 0..<rows where !isLeftOut[row] { places.append(row) }
    return (rows - places.count) * Self.share >= rows
  }

  /// OpenBLAS gives other bits to other numbers of rows.
  private static func pays<Scalar: RecurrentScalar>(
    _: Scalar.Type, rows: Int, width: Int
  ) -> Bool {
    Scalar.packFormat != nil && rows >= fewestRows && width > 0
  }

  /// Some row from anywhere, in no step with a batch.
  private static func sampled(_ i: Int, of rows: Int) -> Int { i &* 0x9E37_79B1 % rows }
}

/// Looks at rows, of which any member of a call can do any. One item is two of them, as far from the beginning as from
/// the end: most of those that are left out are after the ends of sequences.
private protocol RowWork: DividedWork {
  var rows: Int { get }
  var isLeftOut: UnsafeMutablePointer<Bool> { get }
  func leavesOut(_ row: Int) -> Bool
}

extension RowWork {
  func run(_ items: Range<Int>) {
    for i in items {
      isLeftOut[i] = leavesOut(i)
      isLeftOut[rows - 1 - i] = leavesOut(rows - 1 - i)
    }
  }
}

/// Leaves out the rows that are copies of one.
private struct CopiedRows: RowWork {
  let rows: Int
  let x: UnsafeRawPointer
  let byteCount: Int
  let model: UnsafeRawPointer
  let isLeftOut: UnsafeMutablePointer<Bool>

  func leavesOut(_ row: Int) -> Bool {
    areEqual(x + row * byteCount, model, byteCount: byteCount)
  }
}

/// Leaves out the rows of zeros whose `x` is finite, or that have none.
private struct ZeroRows<Scalar: RecurrentScalar>: RowWork {
  let rows: Int
  let dy: UnsafeRawPointer
  let byteCount: Int
  let x: UnsafePointer<Scalar>?
  let features: Int
  let isLeftOut: UnsafeMutablePointer<Bool>

  func leavesOut(_ row: Int) -> Bool {
    guard areZeros(dy + row * byteCount, byteCount: byteCount) else { return false }
    guard let x else { return true }
    return isFinite(x + row * features, count: features)
  }
}

/// Rows as the members of a call see them.
struct RowPlaces {
  /// The places of those that are computed.
  let places: UnsafeBufferPointer<Int>
  /// How many rows there are.
  let rows: Int

  /// Some of the rows that are computed, and those between them that are not: consecutive shares have every
  /// row once.
  func span(of mine: Range<Int>) -> Range<Int> {
    func end(_ i: Int) -> Int { i == places.count ? rows : i == 0 ? 0 : places[i] }
    return (mine.lowerBound == 0 ? 0 : end(mine.lowerBound))..<end(mine.upperBound)
  }

  /// Where rows follow each other, the place of the first.
  func run(_ mine: Range<Int>) -> Int? {
    let (first, last) = (places[mine.lowerBound], places[mine.upperBound - 1])
    return last - first == mine.count - 1 ? first : nil
  }

  /// Copies some columns of rows of `width` to rows that follow each other.
  func gather<Scalar>(
    _ mine: Range<Int>, of source: UnsafePointer<Scalar>, width: Int, columns: Range<Int>,
    into packed: UnsafeMutablePointer<Scalar>
  ) {
    for i in mine {
      (packed + (i - mine.lowerBound) * columns.count)
        .update(from: source + places[i] * width + columns.lowerBound, count: columns.count)
    }
  }

  /// Copies rows that follow each other to some columns of rows of `width`.
  func scatter<Scalar>(
    _ mine: Range<Int>, from packed: UnsafePointer<Scalar>, width: Int, columns: Range<Int>,
    into target: UnsafeMutablePointer<Scalar>
  ) {
    for i in mine {
      (target + places[i] * width + columns.lowerBound)
        .update(from: packed + (i - mine.lowerBound) * columns.count, count: columns.count)
    }
  }

  /// Fills the rows that are left out among a share's: `first` computes one of them, and the others are
  /// copies.
  func fill<Scalar>(
    _ mine: Range<Int>, _ target: UnsafeMutablePointer<Scalar>, width: Int, first: (Int) -> Void
  ) {
    var next = mine.lowerBound
    var known: UnsafeMutablePointer<Scalar>?
    for row in span(of: mine) {
      if next < mine.upperBound && places[next] == row {
        next += 1
      } else if let known {
        (target + row * width).update(from: known, count: width)
      } else {
        first(row)
        known = target + row * width
      }
    }
  }
}

/// Whether all bits of some numbers are zeros; looks at the first of them first.
package func areZeros(_ numbers: UnsafeRawPointer, byteCount: Int) -> Bool {
  let words = numbers.assumingMemoryBound(to: UInt32.self)
  let count = byteCount / MemoryLayout<UInt32>.size
  if count > 0 && words[0] != 0 { return false }
  var i = 0
  while i + 16 <= count {
    var bits: UInt32 = 0
    for j in 0..<16 { bits |= words[i + j] }
    if bits != 0 { return false }
    i += 16
  }
  while i < count {
    if words[i] != 0 { return false }
    i += 1
  }
  return true
}

/// Whether the bits of some numbers are those of others; looks at the first of them first.
private func areEqual(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, byteCount: Int) -> Bool {
  let (a, b) = (a.assumingMemoryBound(to: UInt32.self), b.assumingMemoryBound(to: UInt32.self))
  let count = byteCount / MemoryLayout<UInt32>.size
  if count > 0 && a[0] != b[0] { return false }
  var i = 0
  while i + 16 <= count {
    var bits: UInt32 = 0
    for j in 0..<16 { bits |= a[i + j] ^ b[i + j] }
    if bits != 0 { return false }
    i += 16
  }
  while i < count {
    if a[i] != b[i] { return false }
    i += 1
  }
  return true
}

/// A number made of a few of some numbers' bits: that of a row that looks like it.
private func signature(_ numbers: UnsafeRawPointer, byteCount: Int) -> UInt64 {
  let words = numbers.assumingMemoryBound(to: UInt32.self)
  let count = byteCount / MemoryLayout<UInt32>.size
  var result: UInt64 = 0
  for i in 0..<8 { result = (result ^ UInt64(words[i * count / 8])) &* 0x100_0000_01B3 }
  return result
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func isFinite<Scalar: RecurrentScalar>(
  _ numbers: UnsafePointer<Scalar>, count: Int
) -> Bool {
  var isFinite = true
  for i in 0..<count where numbers[i] - numbers[i] != 0 { isFinite = false }
  return isFinite
}
