/// A LAPACK option letter.
func lapackJob(_ letter: Unicode.Scalar) -> CChar { CChar(letter.value) }

extension Transpose {
  var lapack: CChar { lapackJob(self == .none ? "N" : "T") }
}

extension Triangle {
  var lapack: CChar { lapackJob(self == .upper ? "U" : "L") }
}

extension SingularVectors {
  var lapack: CChar {
    switch self {
    case .none: lapackJob("N")
    case .thin: lapackJob("S")
    case .full: lapackJob("A")
    }
  }
}

/// Returns a positive `info` as what the matrix caused, and traps on a negative one: a refused
/// argument is an error in this module, and workspace that cannot be had is an allocation failure.
func failure(_ info: Int, _ routine: StaticString) -> Int? {
  if info < 0 {
    // LAPACK_WORK_MEMORY_ERROR and LAPACK_TRANSPOSE_MEMORY_ERROR
    failRequirement(
      info == -1010 || info == -1011
        ? "LAPACK: no memory for the workspace of \(routine)"
        : "LAPACK: \(routine) refused its argument \(-info)")
  }
  return info == 0 ? nil : info
}

/// Throws where an element of `matrix` is NaN or infinite: LAPACK's loops need not end on those.
func checkFinite(
  _ matrix: borrowing some MatrixOperand & ~Copyable, _ operand: LinAlgError.Operand
) throws(LinAlgError) {
  if let place = matrix.firstNonFinite() {
    throw .nonFinite(operand, row: place.row, column: place.column)
  }
}

func requireSquare(_ rows: Int, _ columns: Int, _ operation: StaticString) {
  require(rows == columns, "\(operation): the matrix must be square, not [\(rows), \(columns)]")
}

func requireRightHandSide(
  _ rows: Int, _ columns: Int, for matrixRows: Int, _ matrixColumns: Int,
  _ operation: StaticString
) {
  require(
    rows == matrixRows,
    """
    \(operation): a right-hand side [\(rows), \(columns)] for a matrix \
    [\(matrixRows), \(matrixColumns)]
    """)
}

extension Matrix {
  /// The symmetric matrix whose `triangle` is that of `a`, built from whole rows.
  init(symmetric a: borrowing some MatrixOperand<Scalar> & ~Copyable, _ triangle: Triangle) {
    self.init(uninitializedRows: a.rows, columns: a.columns)
    let result = strided
    let isUpper = triangle == .upper
    a.withUnsafeElements { a in
      result.update(from: a.transposed)
      let scratch = a.isRowMajor ? nil : Matrix(a)
      let source = scratch.map { UnsafePointer($0.storage.pointer) } ?? a.pointer
      let leading = scratch?.columns ?? a.rowStride
      for i in 0..<a.rows {
        let first = isUpper ? i : 0
        let count = isUpper ? a.columns - i : i + 1
        (result.pointer + i * result.rowStride + first)
          .update(from: source + i * leading + first, count: count)
      }
      withExtendedLifetime(scratch) {}
    }
  }

  /// A matrix with the elements of `a`.
  init(_ a: UnsafeStridedMatrix<Scalar>) {
    self.init(uninitializedRows: a.rows, columns: a.columns)
    strided.update(from: a)
  }

  /// The triangle of the leading part of this matrix that has the given shape, zeros elsewhere.
  func triangular(_ triangle: Triangle, rows: Int, columns: Int) -> Matrix {
    var result = Matrix.zeros(rows: rows, columns: columns)
    let source = storage.pointer
    let stride = self.columns
    result.withUnsafeMutableBufferPointer { buffer in
      for i in 0..<Swift.min(rows, self.rows) {
        let range =
          triangle == .upper ? Swift.min(i, columns)..<columns : 0..<Swift.min(i + 1, columns)
        guard let row = buffer.baseAddress, !range.isEmpty else { continue }
        (row + i * columns + range.lowerBound)
          .update(from: source + i * stride + range.lowerBound, count: range.count)
      }
    }
    return result
  }
}
