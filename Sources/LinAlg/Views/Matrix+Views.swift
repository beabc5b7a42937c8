extension Matrix {
  /// The whole matrix as a view.
  @inlinable
  public var view: MatrixView<Scalar> {
    MatrixView(storage: storage, rows: rows, columns: columns, rowStride: columns)
  }

  /// A matrix with the elements of `view`: the copy that turns a view into a matrix of its own.
  @inlinable
  public init(_ view: borrowing some MatrixOperand<Scalar> & ~Copyable) {
    self.init(uninitializedRows: view.rows, columns: view.columns)
    let target = UnsafeMutableStridedMatrix(
      pointer: storage.pointer, rows: rows, columns: columns, rowStride: columns, columnStride: 1)
    view.withUnsafeElements { target.update(from: $0) }
  }

  /// Rows and columns exchanged, without a copy.
  @inlinable
  public var transposed: MatrixView<Scalar> { view.transposed }

  /// Row `i`.
  @inlinable
  public func row(_ i: Int) -> VectorView<Scalar> { view.row(i) }

  /// Column `j`.
  @inlinable
  public func column(_ j: Int) -> VectorView<Scalar> { view.column(j) }

  /// The elements `(i, i)`.
  @inlinable
  public var diagonal: VectorView<Scalar> { view.diagonal }

  /// The elements in row-major order as a vector.
  @inlinable
  public var flattened: VectorView<Scalar> { VectorView(storage: storage, count: count) }

  /// Every `rowStep`-th row and `columnStep`-th column, from the first, without a copy.
  ///
  /// - Precondition: both steps are positive.
  @inlinable
  public func stepping(rows rowStep: Int = 1, columns columnStep: Int = 1) -> MatrixView<Scalar> {
    view.stepping(rows: rowStep, columns: columnStep)
  }

  /// Calls `body` with a view through which the matrix can be written to in place.
  @inlinable
  public mutating func withMutableView<Result, Failure: Error>(
    _ body: (inout MutableMatrixView<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeMutableElements { elements throws(Failure) in
      var view = MutableMatrixView(unsafeElements: elements)
      defer { view.checkPlace(elements) }
      return try body(&view)
    }
  }

  /// The block where the given rows and columns cross, to be read or replaced.
  ///
  /// ```swift
  /// let block = m[rows: 1..<3, columns: ..<4]
  /// m[rows: 0..<2, columns: ..<4] = block
  /// ```
  /// - Precondition: the ranges lie in the shape; a replacement has the shape of the block.
  @inlinable
  public subscript(
    rows rowRange: some RangeExpression<Int>, columns columnRange: some RangeExpression<Int>
  ) -> MatrixView<Scalar> {
    get { view[rows: rowRange, columns: columnRange] }
    set {
      withUnsafeMutableElements { elements in
        var block = MutableMatrixView(unsafeElements: elements.block(rowRange, columnRange))
        block.update(from: newValue)
      }
    }
  }

  /// The given rows, all columns, to be read or replaced.
  @inlinable
  public subscript(rows rowRange: some RangeExpression<Int>) -> MatrixView<Scalar> {
    get { self[rows: rowRange, columns: 0..<columns] }
    set { self[rows: rowRange, columns: 0..<columns] = newValue }
  }

  /// The given columns, all rows, to be read or replaced.
  @inlinable
  public subscript(columns columnRange: some RangeExpression<Int>) -> MatrixView<Scalar> {
    get { self[rows: 0..<rows, columns: columnRange] }
    set { self[rows: 0..<rows, columns: columnRange] = newValue }
  }

  /// Row `i`, to be read or replaced.
  @inlinable
  public subscript(row i: Int) -> VectorView<Scalar> {
    get { view.row(i) }
    set {
      withUnsafeMutableElements { elements in
        var row = MutableVectorView(unsafeElements: elements.row(i))
        row.update(from: newValue)
      }
    }
  }

  /// Column `j`, to be read or replaced.
  @inlinable
  public subscript(column j: Int) -> VectorView<Scalar> {
    get { view.column(j) }
    set {
      withUnsafeMutableElements { elements in
        var column = MutableVectorView(unsafeElements: elements.column(j))
        column.update(from: newValue)
      }
    }
  }
}

// Where an operation wants something to write into, the same subscripts give a place instead of a
// value: `BLAS.gemm(a, b, into: &m[rows: ..<4, columns: 2...])`.
extension Matrix {
  /// The block where the given rows and columns cross, to be written to in place.
  @inlinable
  @_disfavoredOverload
  public subscript(
    rows rowRange: some RangeExpression<Int>, columns columnRange: some RangeExpression<Int>
  ) -> MutableMatrixView<Scalar> {
    _read {
      yield MutableMatrixView(unsafeElements: strided.block(rowRange, columnRange))
    }
    _modify {
      makeUnique()
      let place = strided.block(rowRange, columnRange)
      var block = MutableMatrixView(unsafeElements: place)
      defer { block.checkPlace(place) }
      yield &block
    }
  }

  /// The given rows, all columns, to be written to in place.
  @inlinable
  @_disfavoredOverload
  public subscript(rows rowRange: some RangeExpression<Int>) -> MutableMatrixView<Scalar> {
    _read {
      yield MutableMatrixView(unsafeElements: strided.block(rowRange, 0..<columns))
    }
    _modify {
      makeUnique()
      let place = strided.block(rowRange, 0..<columns)
      var block = MutableMatrixView(unsafeElements: place)
      defer { block.checkPlace(place) }
      yield &block
    }
  }

  /// The given columns, all rows, to be written to in place.
  @inlinable
  @_disfavoredOverload
  public subscript(columns columnRange: some RangeExpression<Int>) -> MutableMatrixView<Scalar> {
    _read {
      yield MutableMatrixView(unsafeElements: strided.block(0..<rows, columnRange))
    }
    _modify {
      makeUnique()
      let place = strided.block(0..<rows, columnRange)
      var block = MutableMatrixView(unsafeElements: place)
      defer { block.checkPlace(place) }
      yield &block
    }
  }

  /// Row `i`, to be written to in place.
  @inlinable
  @_disfavoredOverload
  public subscript(row i: Int) -> MutableVectorView<Scalar> {
    _read {
      yield MutableVectorView(unsafeElements: strided.row(i))
    }
    _modify {
      makeUnique()
      let place = strided.row(i)
      var row = MutableVectorView(unsafeElements: place)
      defer { row.checkPlace(place) }
      yield &row
    }
  }

  /// Column `j`, to be written to in place.
  @inlinable
  @_disfavoredOverload
  public subscript(column j: Int) -> MutableVectorView<Scalar> {
    _read {
      yield MutableVectorView(unsafeElements: strided.column(j))
    }
    _modify {
      makeUnique()
      let place = strided.column(j)
      var column = MutableVectorView(unsafeElements: place)
      defer { column.checkPlace(place) }
      yield &column
    }
  }

  /// The place of the elements; to be written to only after ``makeUnique()``.
  @inlinable
  var strided: UnsafeMutableStridedMatrix<Scalar> {
    UnsafeMutableStridedMatrix(
      pointer: storage.pointer, rows: rows, columns: columns, rowStride: columns, columnStride: 1)
  }
}
