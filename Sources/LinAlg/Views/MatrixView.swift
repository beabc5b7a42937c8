/// A rectangle of another matrix's elements, for reading, without a copy.
///
/// A view is a value: it shares and retains the storage, and because the matrix it came from copies
/// its storage before it writes to it while a view exists, a view never changes. Let a view go
/// before writing to its matrix and that copy is not made.
///
/// Rows and columns each have a stride, so that blocks, every n-th row and the transpose are views.
/// BLAS and LAPACK operations take a view of which either stride is 1 as it is; other views are
/// copied to contiguous scratch first.
public struct MatrixView<Scalar: LinAlgScalar>: Sendable {
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// Elements of storage between `(i, j)` and `(i + 1, j)`.
  public let rowStride: Int
  /// Elements of storage between `(i, j)` and `(i, j + 1)`.
  public let columnStride: Int
  @usableFromInline let storage: AlignedStorage<Scalar>
  @usableFromInline let offset: Int

  /// The number of elements.
  public var count: Int { rows * columns }

  /// A view of elements in `storage`, the first at `offset`.
  ///
  /// The storage must not be written to while the view exists, except after a uniqueness check.
  ///
  /// - Precondition: sizes and `offset` are not negative, strides are positive, and every element
  ///   lies in the storage.
  @inlinable
  package init(
    storage: AlignedStorage<Scalar>, offset: Int = 0, rows: Int, columns: Int,
    rowStride: Int, columnStride: Int = 1
  ) {
    require(
      rows >= 0 && columns >= 0 && offset >= 0, "MatrixView: shape [\(rows), \(columns)]")
    if rows > 0 && columns > 0 {
      require(
        (rowStride > 0 || rows == 1) && (columnStride > 0 || columns == 1),
        "MatrixView: strides [\(rowStride), \(columnStride)] are not positive")
      require(
        offset + (rows - 1) * rowStride + (columns - 1) * columnStride < storage.count,
        """
        MatrixView: shape [\(rows), \(columns)] with strides [\(rowStride), \(columnStride)] \
        from \(offset) leaves a storage of \(storage.count) elements
        """)
    }
    self.storage = storage
    self.offset = offset
    self.rows = rows
    self.columns = columns
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  /// The element in row `i` and column `j`.
  @inlinable
  public subscript(i: Int, j: Int) -> Scalar {
    precondition(
      i >= 0 && i < rows && j >= 0 && j < columns,
      "MatrixView: index [\(i), \(j)] outside shape [\(rows), \(columns)]")
    return storage.pointer[offset + i * rowStride + j * columnStride]
  }

  /// The view itself, which makes generic code over matrices and views simpler.
  @inlinable
  public var view: MatrixView { self }

  /// Rows and columns exchanged, without a copy.
  @inlinable
  public var transposed: MatrixView {
    MatrixView(
      storage: storage, offset: offset, rows: columns, columns: rows,
      rowStride: columnStride, columnStride: rowStride)
  }

  /// Row `i`.
  @inlinable
  public func row(_ i: Int) -> VectorView<Scalar> {
    require(i >= 0 && i < rows, "MatrixView: row \(i) of shape [\(rows), \(columns)]")
    return VectorView(
      storage: storage, offset: offset + i * rowStride, count: columns, stride: columnStride)
  }

  /// Column `j`.
  @inlinable
  public func column(_ j: Int) -> VectorView<Scalar> {
    require(j >= 0 && j < columns, "MatrixView: column \(j) of shape [\(rows), \(columns)]")
    return VectorView(
      storage: storage, offset: offset + j * columnStride, count: rows, stride: rowStride)
  }

  /// The elements `(i, i)`.
  @inlinable
  public var diagonal: VectorView<Scalar> {
    VectorView(
      storage: storage, offset: offset, count: Swift.min(rows, columns),
      stride: rowStride + columnStride)
  }

  /// The block where the given rows and columns cross: `v[rows: 1..<3, columns: ..<4]`.
  @inlinable
  public subscript(
    rows rowRange: some RangeExpression<Int>, columns columnRange: some RangeExpression<Int>
  ) -> MatrixView {
    let (r, c) = blockRanges(rowRange, columnRange, rows, columns)
    return MatrixView(
      storage: storage, offset: offset + r.lowerBound * rowStride + c.lowerBound * columnStride,
      rows: r.count, columns: c.count, rowStride: rowStride, columnStride: columnStride)
  }

  /// The given rows, all columns.
  @inlinable
  public subscript(rows rowRange: some RangeExpression<Int>) -> MatrixView {
    self[rows: rowRange, columns: 0..<columns]
  }

  /// The given columns, all rows.
  @inlinable
  public subscript(columns columnRange: some RangeExpression<Int>) -> MatrixView {
    self[rows: 0..<rows, columns: columnRange]
  }

  /// Every `rowStep`-th row and `columnStep`-th column, from the first.
  ///
  /// - Precondition: both steps are positive.
  @inlinable
  public func stepping(rows rowStep: Int = 1, columns columnStep: Int = 1) -> MatrixView {
    require(
      rowStep > 0 && columnStep > 0, "MatrixView: steps [\(rowStep), \(columnStep)]")
    return MatrixView(
      storage: storage, offset: offset,
      rows: (rows + rowStep - 1) / rowStep, columns: (columns + columnStep - 1) / columnStep,
      rowStride: rowStride * rowStep, columnStride: columnStride * columnStep)
  }
}

/// The ranges of a block, checked against the shape they are taken from.
@inlinable
func blockRanges(
  _ rowRange: some RangeExpression<Int>, _ columnRange: some RangeExpression<Int>,
  _ rows: Int, _ columns: Int
) -> (Range<Int>, Range<Int>) {
  let r = rowRange.relative(to: 0..<rows)
  let c = columnRange.relative(to: 0..<columns)
  require(
    r.lowerBound >= 0 && r.upperBound <= rows && c.lowerBound >= 0 && c.upperBound <= columns,
    "Matrix: block [\(r), \(c)] outside shape [\(rows), \(columns)]")
  return (r, c)
}

extension MatrixView: MatrixOperand {
  /// Calls `body` with the place of the elements in memory.
  @inlinable
  public func withUnsafeElements<Result, Failure: Error>(
    _ body: (UnsafeStridedMatrix<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(
      UnsafeStridedMatrix(
        pointer: storage.pointer + offset, rows: rows, columns: columns,
        rowStride: rowStride, columnStride: columnStride))
  }
}
