// The function itself: of one number, of spans, and of everything that holds a vector or a matrix.

extension Activation {
  /// The function's value at `x`.
  public func callAsFunction<S: LinAlgScalar>(_ x: S) -> S {
    var y = x
    withUnsafeMutablePointer(to: &y) { S.apply(self, $0, into: $0, count: 1) }
    return y
  }

  /// The function's values, a new matrix of the same shape.
  public func callAsFunction<S: LinAlgScalar>(
    _ x: borrowing some MatrixOperand<S> & ~Copyable
  ) -> Matrix<S> {
    var y = Matrix(x)
    apply(to: &y)
    return y
  }

  /// The function's values, a new vector of the same length.
  public func callAsFunction<S: LinAlgScalar>(
    _ x: borrowing some VectorOperand<S> & ~Copyable
  ) -> Vector<S> {
    var y = Vector(copyOf: x)
    apply(to: &y)
    return y
  }

  /// Replaces every element by the function's value for it. Allocates nothing.
  public func apply<S: LinAlgScalar>(to x: inout some MutableMatrixOperand<S> & ~Copyable) {
    x.withUnsafeMutableElements { x in
      forEachRun(of: x.reading, x) { _, x, count in
        S.apply(self, x, into: x, count: count)
      }
    }
  }

  /// Replaces every element by the function's value for it. Allocates nothing.
  public func apply<S: LinAlgScalar>(to x: inout some MutableVectorOperand<S> & ~Copyable) {
    x.withUnsafeMutableElements { x in
      forEachRun(of: x.reading.asColumn, x.asColumn) { _, x, count in
        S.apply(self, x, into: x, count: count)
      }
    }
  }

  /// Sets `y[i]` to the function's value for `x[i]`. The two may be the same memory.
  ///
  /// - Precondition: the counts are equal.
  public func apply<S: LinAlgScalar>(
    _ x: UnsafeBufferPointer<S>, into y: UnsafeMutableBufferPointer<S>
  ) {
    require(
      x.count == y.count, "Activation.apply: \(x.count) inputs and \(y.count) outputs")
    guard let from = x.baseAddress, let to = y.baseAddress else { return }
    S.apply(self, from, into: to, count: x.count)
  }
}

extension Vector {
  init(copyOf source: borrowing some VectorOperand<Scalar> & ~Copyable) {
    self.init(uninitializedCount: source.count)
    source.withUnsafeElements { source in
      withUnsafeMutableElements { $0.asColumn.update(from: source.asColumn) }
    }
  }
}

extension UnsafeStridedVector {
  /// The same elements as a matrix of one column.
  var asColumn: UnsafeStridedMatrix<Scalar> {
    UnsafeStridedMatrix(
      pointer: pointer, rows: count, columns: 1, rowStride: stride, columnStride: 1)
  }
}

extension UnsafeMutableStridedVector {
  /// The same elements as a matrix of one column.
  var asColumn: UnsafeMutableStridedMatrix<Scalar> {
    UnsafeMutableStridedMatrix(
      pointer: pointer, rows: count, columns: 1, rowStride: stride, columnStride: 1)
  }
}

/// Calls `body` for runs of neighbours that cover both matrices, which have the same shape: all
/// elements at once, rows, columns, or single elements, whatever the strides allow.
func forEachRun<S>(
  of a: UnsafeStridedMatrix<S>, _ b: UnsafeMutableStridedMatrix<S>,
  _ body: (UnsafePointer<S>, UnsafeMutablePointer<S>, Int) -> Void
) {
  guard b.rows > 0 && b.columns > 0 else { return }
  if a.isContiguous && b.reading.isContiguous {
    body(a.pointer, b.pointer, b.rows * b.columns)
  } else if a.isRowMajor && b.reading.isRowMajor && (b.columns > 1 || b.rows == 1) {
    for i in 0..<b.rows {
      body(a.pointer + i * a.rowStride, b.pointer + i * b.rowStride, b.columns)
    }
  } else if a.transposed.isRowMajor && b.transposed.reading.isRowMajor {
    forEachRun(of: a.transposed, b.transposed, body)
  } else {
    for i in 0..<b.rows {
      for j in 0..<b.columns {
        body(
          a.pointer + i * a.rowStride + j * a.columnStride,
          b.pointer + i * b.rowStride + j * b.columnStride, 1)
      }
    }
  }
}
