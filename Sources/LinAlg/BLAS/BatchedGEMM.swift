extension BLAS {
  /// `Cᵢ ← α·op(Aᵢ)·op(Bᵢ) + β·Cᵢ` for a batch of products whose operands are stacked row-wise.
  ///
  /// Each operand holds `batch` matrices of equal shape one below the other: product `i` takes the
  /// `i`-th of `batch` equal blocks of rows. Data of shape `[batch, rows, columns]` is such a stack.
  /// The products run one after the other, each as one call of OpenBLAS.
  ///
  /// - Precondition: the rows of every operand are a multiple of `batch`, and the blocks' shapes fit.
  @inlinable
  public static func gemm<S: LinAlgScalar>(
    batch: Int, transA: Transpose = .none, transB: Transpose = .none, alpha: S = 1,
    _ a: borrowing some MatrixOperand<S> & ~Copyable,
    _ b: borrowing some MatrixOperand<S> & ~Copyable,
    beta: S = 0, into c: inout some MutableMatrixOperand<S> & ~Copyable
  ) {
    a.withUnsafeElements { a in
      b.withUnsafeElements { b in
        c.withUnsafeMutableElements { c in
          batchedElements(batch, transA, transB, alpha, a, b, beta, c)
        }
      }
    }
  }

  @inlinable
  static func batchedElements<S: LinAlgScalar>(
    _ batch: Int, _ transA: Transpose, _ transB: Transpose, _ alpha: S,
    _ a: UnsafeStridedMatrix<S>, _ b: UnsafeStridedMatrix<S>,
    _ beta: S, _ c: UnsafeMutableStridedMatrix<S>
  ) {
    require(
      batch >= 0 && [a.rows, b.rows, c.rows].allSatisfy { batch == 0 ? $0 == 0 : $0 % batch == 0 },
      "BLAS.gemm: a batch of \(batch) with stacks \(shape(a)), \(shape(b)) and \(shape(c))")
    for i in 0..<batch {
      func block(_ m: UnsafeStridedMatrix<S>) -> UnsafeStridedMatrix<S> {
        UnsafeStridedMatrix(
          pointer: m.pointer + i * (m.rows / batch) * m.rowStride, rows: m.rows / batch,
          columns: m.columns, rowStride: m.rowStride, columnStride: m.columnStride)
      }
      let ai = block(a)
      let bi = block(b)
      let ci = UnsafeMutableStridedMatrix(
        pointer: c.pointer + i * (c.rows / batch) * c.rowStride, rows: c.rows / batch,
        columns: c.columns, rowStride: c.rowStride, columnStride: c.columnStride)
      gemmElements(
        alpha, transA == .none ? ai : ai.transposed, transB == .none ? bi : bi.transposed, beta, ci)
    }
  }
}
