// How a strided operand becomes one that BLAS takes: rows or columns whose elements are neighbours.

extension Transpose {
  /// `.transpose` if `condition` holds.
  @inlinable
  init(if condition: Bool) { self = condition ? .transpose : .none }
}

extension Triangle {
  /// Where this triangle is in the transposed matrix.
  @inlinable var flipped: Triangle { self == .upper ? .lower : .upper }
}

extension Side {
  /// Where the matrix stands in the transposed product.
  @inlinable var flipped: Side { self == .left ? .right : .left }
}

extension UnsafeStridedMatrix {
  /// Calls `body` with a row-major matrix of the same elements and whether that is the transpose of
  /// this one. Copies only where neither rows nor columns are neighbours in memory.
  @inlinable
  func withBLASForm<Result>(_ body: (UnsafeStridedMatrix, Bool) -> Result) -> Result {
    if isRowMajor { return body(self, false) }
    if transposed.isRowMajor { return body(transposed, true) }
    return withRowMajor { body($0, false) }
  }

  /// Calls `body` with a row-major matrix of the same elements and shape, a copy if need be.
  @inlinable
  func withRowMajor<Result>(_ body: (UnsafeStridedMatrix) -> Result) -> Result {
    if isRowMajor { return body(self) }
    let scratch = AlignedStorage<Scalar>(uninitializedCount: rows * columns)
    defer { withExtendedLifetime(scratch) {} }
    let copy = UnsafeMutableStridedMatrix(
      pointer: scratch.pointer, rows: rows, columns: columns, rowStride: columns, columnStride: 1)
    copy.update(from: self)
    return body(copy.reading)
  }

  /// Whether an element of one is an element of the other, as far as that can be told cheaply:
  /// exactly when both have the same strides (blocks of one matrix), else by the first element.
  @inlinable
  func overlaps(_ other: UnsafeStridedMatrix) -> Bool {
    guard rows > 0 && columns > 0 && other.rows > 0 && other.columns > 0 else { return false }
    if pointer == other.pointer { return true }
    let end = pointer + (rows - 1) * rowStride + (columns - 1) * columnStride
    let otherEnd =
      other.pointer + (other.rows - 1) * other.rowStride
      + (other.columns - 1) * other.columnStride
    if end < other.pointer || otherEnd < pointer { return false }
    if rowStride == other.rowStride && isRowMajor && other.isRowMajor && rows > 1 {
      // Where the other's first element stands in the grid of rows that this one is part of.
      let distance = other.pointer - pointer
      let column = ((distance % rowStride) + rowStride) % rowStride
      let row = (distance - column) / rowStride
      func rowsMeet(_ first: Int) -> Bool { first < rows && first + other.rows > 0 }
      return (column < columns && rowsMeet(row))
        || (column + other.columns > rowStride && rowsMeet(row + 1))
    }
    if columnStride == other.columnStride && transposed.isRowMajor
      && other.transposed.isRowMajor && columns > 1
    {
      return transposed.overlaps(other.transposed)
    }
    return false
  }
}

extension UnsafeMutableStridedMatrix {
  /// Calls `body` with a row-major matrix to write to and whether that is the transpose of this
  /// one. Where neither rows nor columns are neighbours, works on a copy and writes it back.
  @inlinable
  func withBLASForm(_ body: (UnsafeMutableStridedMatrix, Bool) -> Void) {
    if reading.isRowMajor { return body(self, false) }
    if reading.transposed.isRowMajor { return body(transposed, true) }
    let scratch = AlignedStorage<Scalar>(uninitializedCount: rows * columns)
    defer { withExtendedLifetime(scratch) {} }
    let copy = UnsafeMutableStridedMatrix(
      pointer: scratch.pointer, rows: rows, columns: columns, rowStride: columns, columnStride: 1)
    copy.update(from: reading)
    body(copy, false)
    update(from: copy.reading)
  }

  @inlinable
  var leading: Int { reading.leading }
}

/// Text for messages: `[3, 4]`.
@usableFromInline
func shape(_ m: UnsafeStridedMatrix<some LinAlgScalar>) -> String { "[\(m.rows), \(m.columns)]" }

@usableFromInline
func shape(_ m: UnsafeMutableStridedMatrix<some LinAlgScalar>) -> String { shape(m.reading) }
