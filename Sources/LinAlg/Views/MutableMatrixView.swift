/// A rectangle of a matrix's elements that can be written to in place.
///
/// It exists while an access lasts and cannot be copied, so it can neither outlive its matrix nor be
/// written through while somebody reads: Swift's law of exclusivity covers blocks as it covers whole
/// matrices. The matrix's storage is copied when the access begins if another value shares it, and
/// never otherwise.
/// ```swift
/// BLAS.gemm(a, b, into: &m[rows: 0..<4, columns: 8...])
/// m.withMutableView { view in
///   view[rows: 1..<3, columns: 1..<3].fill(0)
/// }
/// ```
public struct MutableMatrixView<Scalar: LinAlgScalar>: ~Copyable {
  /// The place of the elements in memory.
  @usableFromInline let elements: UnsafeMutableStridedMatrix<Scalar>

  /// The number of rows.
  public var rows: Int { elements.rows }
  /// The number of columns.
  public var columns: Int { elements.columns }
  /// The number of elements.
  public var count: Int { rows * columns }
  /// Elements of storage between `(i, j)` and `(i + 1, j)`.
  public var rowStride: Int { elements.rowStride }
  /// Elements of storage between `(i, j)` and `(i, j + 1)`.
  public var columnStride: Int { elements.columnStride }

  /// A view of elements that stay valid, and that nobody else reads or writes, while it exists.
  @inlinable
  public init(unsafeElements elements: UnsafeMutableStridedMatrix<Scalar>) {
    self.elements = elements
  }

  /// The element in row `i` and column `j`.
  @inlinable
  public subscript(i: Int, j: Int) -> Scalar {
    get {
      checkIndex(i, j)
      return elements[i, j]
    }
    set {
      checkIndex(i, j)
      elements[i, j] = newValue
    }
  }

  @inlinable
  func checkIndex(_ i: Int, _ j: Int) {
    precondition(
      i >= 0 && i < rows && j >= 0 && j < columns,
      "MutableMatrixView: index [\(i), \(j)] outside shape [\(rows), \(columns)]")
  }

  /// Traps unless this is still the view that an access began with: one that was swapped for it would
  /// outlive an access of its own.
  @inlinable
  func checkPlace(_ place: UnsafeMutableStridedMatrix<Scalar>) {
    if elements.pointer != place.pointer || elements.rows != place.rows
      || elements.columns != place.columns || elements.rowStride != place.rowStride
      || elements.columnStride != place.columnStride
    {
      elements.failPlace(place)
    }
  }

  /// Sets every element to `value`.
  @inlinable
  public mutating func fill(_ value: Scalar) {
    let e = elements.reading.isRowMajor ? elements : elements.transposed
    for i in 0..<e.rows {
      for j in 0..<e.columns { e[i, j] = value }
    }
  }

  /// Overwrites the elements with those of `source`.
  ///
  /// - Precondition: the shapes are equal.
  public mutating func update(from source: borrowing some MatrixOperand<Scalar> & ~Copyable) {
    let rows = source.rows
    let columns = source.columns
    require(
      rows == self.rows && columns == self.columns,
      "update: shape [\(rows), \(columns)] into shape [\(self.rows), \(self.columns)]")
    let elements = self.elements
    source.withUnsafeElements { elements.update(from: $0) }
  }

  /// The block where the given rows and columns cross, to be written to.
  @inlinable
  public subscript(
    rows rowRange: some RangeExpression<Int>, columns columnRange: some RangeExpression<Int>
  ) -> MutableMatrixView {
    _read {
      yield MutableMatrixView(unsafeElements: elements.block(rowRange, columnRange))
    }
    _modify {
      let place = elements.block(rowRange, columnRange)
      var block = MutableMatrixView(unsafeElements: place)
      defer { block.checkPlace(place) }
      yield &block
    }
  }

  /// Rows and columns exchanged.
  @inlinable
  public var transposed: MutableMatrixView {
    _read {
      yield MutableMatrixView(unsafeElements: elements.transposed)
    }
    _modify {
      let place = elements.transposed
      var view = MutableMatrixView(unsafeElements: place)
      defer { view.checkPlace(place) }
      yield &view
    }
  }

  /// Row `i`, to be written to.
  @inlinable
  public subscript(row i: Int) -> MutableVectorView<Scalar> {
    _read {
      yield MutableVectorView(unsafeElements: elements.row(i))
    }
    _modify {
      let place = elements.row(i)
      var row = MutableVectorView(unsafeElements: place)
      defer { row.checkPlace(place) }
      yield &row
    }
  }

  /// Column `j`, to be written to.
  @inlinable
  public subscript(column j: Int) -> MutableVectorView<Scalar> {
    _read {
      yield MutableVectorView(unsafeElements: elements.column(j))
    }
    _modify {
      let place = elements.column(j)
      var column = MutableVectorView(unsafeElements: place)
      defer { column.checkPlace(place) }
      yield &column
    }
  }

  /// Calls `body` with the rows above `row` and those from it on, which do not overlap: one can be
  /// read while the other is written to.
  @inlinable
  public mutating func withSplit<Result, Failure: Error>(
    atRow row: Int,
    _ body: (inout MutableMatrixView, inout MutableMatrixView) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let above = elements.block(..<row, 0..<columns)
    let below = elements.block(row..., 0..<columns)
    var upper = MutableMatrixView(unsafeElements: above)
    var lower = MutableMatrixView(unsafeElements: below)
    defer {
      upper.checkPlace(above)
      lower.checkPlace(below)
    }
    return try body(&upper, &lower)
  }

  /// Calls `body` with the columns before `column` and those from it on, which do not overlap.
  @inlinable
  public mutating func withSplit<Result, Failure: Error>(
    atColumn column: Int,
    _ body: (inout MutableMatrixView, inout MutableMatrixView) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let before = elements.block(0..<rows, ..<column)
    let behind = elements.block(0..<rows, column...)
    var left = MutableMatrixView(unsafeElements: before)
    var right = MutableMatrixView(unsafeElements: behind)
    defer {
      left.checkPlace(before)
      right.checkPlace(behind)
    }
    return try body(&left, &right)
  }
}

extension UnsafeMutableStridedMatrix {
  /// Not inlined into the many accesses that check.
  @usableFromInline
  @inline(never)
  func failPlace(_ place: UnsafeMutableStridedMatrix) -> Never {
    failRequirement(
      """
      MutableMatrixView: an access to shape [\(place.rows), \(place.columns)] ends with another view, \
      of shape [\(rows), \(columns)], in its place
      """)
  }

  @inlinable
  func block(
    _ rowRange: some RangeExpression<Int>, _ columnRange: some RangeExpression<Int>
  ) -> UnsafeMutableStridedMatrix {
    let (r, c) = blockRanges(rowRange, columnRange, rows, columns)
    return UnsafeMutableStridedMatrix(
      pointer: pointer + (r.lowerBound * rowStride + c.lowerBound * columnStride),
      rows: r.count, columns: c.count, rowStride: rowStride, columnStride: columnStride)
  }

  @inlinable
  func row(_ i: Int) -> UnsafeMutableStridedVector<Scalar> {
    require(i >= 0 && i < rows, "Matrix: row \(i) of shape [\(rows), \(columns)]")
    return UnsafeMutableStridedVector(
      pointer: pointer + i * rowStride, count: columns, stride: columnStride)
  }

  @inlinable
  func column(_ j: Int) -> UnsafeMutableStridedVector<Scalar> {
    require(j >= 0 && j < columns, "Matrix: column \(j) of shape [\(rows), \(columns)]")
    return UnsafeMutableStridedVector(
      pointer: pointer + j * columnStride, count: rows, stride: rowStride)
  }
}

extension MutableMatrixView: MutableMatrixOperand {
  /// Calls `body` with the place of the elements in memory.
  @inlinable
  public func withUnsafeElements<Result, Failure: Error>(
    _ body: (UnsafeStridedMatrix<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(elements.reading)
  }

  /// Calls `body` with the place of the elements in memory, for writing.
  @inlinable
  public mutating func withUnsafeMutableElements<Result, Failure: Error>(
    _ body: (UnsafeMutableStridedMatrix<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(elements)
  }
}
