extension MatrixOperand where Self: ~Copyable {
  /// Folds the elements in row-major order into `initial`.
  @inlinable
  public borrowing func reduce<Result, Failure: Error>(
    into initial: Result, _ update: (inout Result, Scalar) throws(Failure) -> Void
  ) throws(Failure) -> Result {
    try withUnsafeElements { a throws(Failure) in
      var result = initial
      for i in 0..<a.rows {
        for j in 0..<a.columns { try update(&result, a[i, j]) }
      }
      return result
    }
  }

  /// The sum of the elements, rows first; 0 for no elements.
  @inlinable
  public borrowing func sum() -> Scalar { rowSums().reduce(0, +) }

  /// The mean of the elements; NaN for no elements.
  @inlinable
  public borrowing func mean() -> Scalar { sum() / Scalar(rows * columns) }

  /// The sum of each row, `[rows]`.
  @inlinable
  public borrowing func rowSums() -> Vector<Scalar> {
    withUnsafeElements { a in
      var sums = Vector<Scalar>.zeros(a.rows)
      sums.withUnsafeMutableBufferPointer { sums in
        for i in 0..<a.rows {
          for j in 0..<a.columns { sums[i] += a[i, j] }
        }
      }
      return sums
    }
  }

  /// The sum of each column, `[columns]`.
  @inlinable
  public borrowing func columnSums() -> Vector<Scalar> {
    withUnsafeElements { a in
      var sums = Vector<Scalar>.zeros(a.columns)
      sums.withUnsafeMutableBufferPointer { sums in
        for i in 0..<a.rows {
          for j in 0..<a.columns { sums[j] += a[i, j] }
        }
      }
      return sums
    }
  }

  /// The largest element, NaN if any element is, `nil` for no elements.
  @inlinable
  public borrowing func max() -> Scalar? {
    reduce(into: Scalar?.none) { best, x in
      guard let current = best else { return best = x }
      if !(current >= x) && !current.isNaN { best = x }
    }
  }

  /// The smallest element, NaN if any element is, `nil` for no elements.
  @inlinable
  public borrowing func min() -> Scalar? {
    reduce(into: Scalar?.none) { best, x in
      guard let current = best else { return best = x }
      if !(current <= x) && !current.isNaN { best = x }
    }
  }

  /// The sum of the elements `(i, i)`.
  @inlinable
  public borrowing func trace() -> Scalar {
    withUnsafeElements { a in
      var sum: Scalar = 0
      for i in 0..<Swift.min(a.rows, a.columns) { sum += a[i, i] }
      return sum
    }
  }

  /// `√Σ aᵢⱼ²`, which does not overflow where the result does not.
  public borrowing func frobeniusNorm() -> Scalar {
    withUnsafeElements { a in
      a.withBLASForm { stored, _ in
        if stored.isContiguous {
          return Scalar.nrm2(n: stored.rows * stored.columns, x: stored.pointer, incx: 1)
        }
        var norm: Scalar = 0
        for i in 0..<stored.rows {
          let row = Scalar.nrm2(
            n: stored.columns, x: stored.pointer + i * stored.rowStride, incx: 1)
          norm = Scalar.hypot(norm, row)
        }
        return norm
      }
    }
  }

  /// The largest sum of magnitudes in a column; 0 for no elements, NaN if any element is.
  public borrowing func oneNorm() -> Scalar {
    withUnsafeElements { largestRowSum($0.transposed) }
  }

  /// The largest sum of magnitudes in a row; 0 for no elements, NaN if any element is.
  public borrowing func infinityNorm() -> Scalar {
    withUnsafeElements { largestRowSum($0) }
  }

  /// The first place in row-major order whose element is NaN or infinite, `nil` if there is none.
  public borrowing func firstNonFinite() -> (row: Int, column: Int)? {
    withUnsafeElements { a in
      // One call per row decides in the usual case; a sum may also overflow by itself.
      let inOrder = a.columnStride <= a.rowStride ? a : a.transposed
      let isFinite = (0..<inOrder.rows).allSatisfy { i in
        Scalar.asum(
          n: inOrder.columns, x: inOrder.pointer + i * inOrder.rowStride,
          incx: inOrder.columnStride
        ).isFinite
      }
      if isFinite { return nil }
      for i in 0..<a.rows {
        for j in 0..<a.columns where !a[i, j].isFinite { return (i, j) }
      }
      return nil
    }
  }
}

func largestRowSum<Scalar: LinAlgScalar>(_ a: UnsafeStridedMatrix<Scalar>) -> Scalar {
  var largest: Scalar = 0
  for i in 0..<a.rows where a.columns > 0 {
    let sum = Scalar.asum(n: a.columns, x: a.pointer + i * a.rowStride, incx: a.columnStride)
    if !(sum <= largest) { largest = sum }
    if sum.isNaN { break }
  }
  return largest
}
