// What an operation sees of its operands, whatever type holds them: an address, a shape, strides.

/// The elements of a matrix in memory, for reading, valid inside the closure that receives it.
///
/// Element `(i, j)` is at `pointer + i·rowStride + j·columnStride`.
public struct UnsafeStridedMatrix<Scalar: LinAlgScalar> {
  /// The element `(0, 0)`; must not be dereferenced when the matrix is empty.
  public let pointer: UnsafePointer<Scalar>
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// Elements between `(i, j)` and `(i + 1, j)`.
  public let rowStride: Int
  /// Elements between `(i, j)` and `(i, j + 1)`.
  public let columnStride: Int

  /// The matrix that these five values describe.
  @inlinable
  public init(
    pointer: UnsafePointer<Scalar>, rows: Int, columns: Int, rowStride: Int, columnStride: Int
  ) {
    self.pointer = pointer
    self.rows = rows
    self.columns = columns
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  /// The element in row `i` and column `j`; not checked.
  @inlinable
  public subscript(i: Int, j: Int) -> Scalar { pointer[i * rowStride + j * columnStride] }

  /// The same elements with rows and columns exchanged.
  @inlinable
  public var transposed: UnsafeStridedMatrix {
    UnsafeStridedMatrix(
      pointer: pointer, rows: columns, columns: rows,
      rowStride: columnStride, columnStride: rowStride)
  }

  /// Whether the elements of a row are neighbours and rows do not overlap: BLAS's row-major form.
  @inlinable
  var isRowMajor: Bool {
    (columnStride == 1 || columns <= 1) && (rowStride >= max(columns, 1) || rows <= 1)
  }

  /// Whether the elements stand one after the other in row-major order, without a gap.
  @inlinable
  var isContiguous: Bool { isRowMajor && (rowStride == columns || rows <= 1) }

  /// BLAS's leading dimension of an operand that ``isRowMajor``: at least 1 and `columns`.
  @inlinable
  var leading: Int { rows <= 1 ? max(columns, 1) : rowStride }
}

/// The elements of a matrix in memory, for writing, valid inside the closure that receives it.
///
/// Element `(i, j)` is at `pointer + i·rowStride + j·columnStride`.
public struct UnsafeMutableStridedMatrix<Scalar: LinAlgScalar> {
  /// The element `(0, 0)`; must not be dereferenced when the matrix is empty.
  public let pointer: UnsafeMutablePointer<Scalar>
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// Elements between `(i, j)` and `(i + 1, j)`.
  public let rowStride: Int
  /// Elements between `(i, j)` and `(i, j + 1)`.
  public let columnStride: Int

  /// The matrix that these five values describe.
  @inlinable
  public init(
    pointer: UnsafeMutablePointer<Scalar>, rows: Int, columns: Int,
    rowStride: Int, columnStride: Int
  ) {
    self.pointer = pointer
    self.rows = rows
    self.columns = columns
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  /// The element in row `i` and column `j`; not checked.
  @inlinable
  public subscript(i: Int, j: Int) -> Scalar {
    get { pointer[i * rowStride + j * columnStride] }
    nonmutating set { pointer[i * rowStride + j * columnStride] = newValue }
  }

  /// The same elements with rows and columns exchanged.
  @inlinable
  public var transposed: UnsafeMutableStridedMatrix {
    UnsafeMutableStridedMatrix(
      pointer: pointer, rows: columns, columns: rows,
      rowStride: columnStride, columnStride: rowStride)
  }

  /// The same elements, for reading.
  @inlinable
  public var reading: UnsafeStridedMatrix<Scalar> {
    UnsafeStridedMatrix(
      pointer: pointer, rows: rows, columns: columns,
      rowStride: rowStride, columnStride: columnStride)
  }

  /// Overwrites the elements with those of `source`, which has the same shape and does not overlap.
  @usableFromInline
  func update(from source: UnsafeStridedMatrix<Scalar>) {
    guard rows > 0 && columns > 0 else { return }
    if reading.isContiguous && source.isContiguous {
      pointer.update(from: source.pointer, count: rows * columns)
    } else if reading.isRowMajor && source.isRowMajor {
      for i in 0..<rows {
        (pointer + i * rowStride).update(
          from: source.pointer + i * source.rowStride, count: columns)
      }
    } else if reading.transposed.isRowMajor && source.transposed.isRowMajor {
      transposed.update(from: source.transposed)
    } else if reading.isRowMajor && source.transposed.isRowMajor {
      Scalar.omatcopy(
        .transpose, rows: source.columns, columns: source.rows, alpha: 1,
        a: source.pointer, lda: source.transposed.leading, b: pointer, ldb: reading.leading)
    } else if reading.transposed.isRowMajor && source.isRowMajor {
      transposed.update(from: source.transposed)
    } else {
      // BLAS's strided copy keeps this one indirect call per row where it is not specialised.
      for i in 0..<rows {
        Scalar.copy(
          n: columns, x: source.pointer + i * source.rowStride, incx: source.columnStride,
          y: pointer + i * rowStride, incy: columnStride)
      }
    }
  }
}

/// The elements of a vector in memory, for reading, valid inside the closure that receives it.
public struct UnsafeStridedVector<Scalar: LinAlgScalar> {
  /// The first element; must not be dereferenced when the vector is empty.
  public let pointer: UnsafePointer<Scalar>
  /// The number of elements.
  public let count: Int
  /// Elements of memory between one element and the next; positive.
  public let stride: Int

  /// The vector that these three values describe.
  @inlinable
  public init(pointer: UnsafePointer<Scalar>, count: Int, stride: Int) {
    self.pointer = pointer
    self.count = count
    self.stride = stride
  }

  /// The element at `i`; not checked.
  @inlinable
  public subscript(i: Int) -> Scalar { pointer[i * stride] }
}

/// The elements of a vector in memory, for writing, valid inside the closure that receives it.
public struct UnsafeMutableStridedVector<Scalar: LinAlgScalar> {
  /// The first element; must not be dereferenced when the vector is empty.
  public let pointer: UnsafeMutablePointer<Scalar>
  /// The number of elements.
  public let count: Int
  /// Elements of memory between one element and the next; positive.
  public let stride: Int

  /// The vector that these three values describe.
  @inlinable
  public init(pointer: UnsafeMutablePointer<Scalar>, count: Int, stride: Int) {
    self.pointer = pointer
    self.count = count
    self.stride = stride
  }

  /// The element at `i`; not checked.
  @inlinable
  public subscript(i: Int) -> Scalar {
    get { pointer[i * stride] }
    nonmutating set { pointer[i * stride] = newValue }
  }

  /// The same elements, for reading.
  @inlinable
  public var reading: UnsafeStridedVector<Scalar> {
    UnsafeStridedVector(pointer: pointer, count: count, stride: stride)
  }
}
