infix operator ∘ : MultiplicationPrecedence
infix operator ∘= : AssignmentPrecedence

// Element by element. Results are new matrices; the assigning forms work in place.

extension MatrixOperand where Self: ~Copyable {
  /// The matrix of `transform(element)`.
  @inlinable
  public borrowing func map<T: LinAlgScalar, Failure: Error>(
    _ transform: (Scalar) throws(Failure) -> T
  ) throws(Failure) -> Matrix<T> {
    try withUnsafeElements { a throws(Failure) in
      try Matrix<T>(rows: a.rows, columns: a.columns) { i, j throws(Failure) in
        try transform(a[i, j])
      }
    }
  }

  /// The matrix of `combine(element, other's element)`.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public borrowing func map<Failure: Error>(
    with other: borrowing some MatrixOperand<Scalar> & ~Copyable,
    _ combine: (Scalar, Scalar) throws(Failure) -> Scalar
  ) throws(Failure) -> Matrix<Scalar> {
    try withUnsafeElements { a throws(Failure) in
      try other.withUnsafeElements { b throws(Failure) in
        require(
          a.rows == b.rows && a.columns == b.columns,
          "Matrix: shapes [\(a.rows), \(a.columns)] and [\(b.rows), \(b.columns)] differ")
        return try Matrix(rows: a.rows, columns: a.columns) { i, j throws(Failure) in
          try combine(a[i, j], b[i, j])
        }
      }
    }
  }
}

extension MatrixOperand {
  /// The sum, element by element.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public static func + (a: Self, b: some MatrixOperand<Scalar>) -> Matrix<Scalar> {
    a.map(with: b) { $0 + $1 }
  }

  /// The difference, element by element.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public static func - (a: Self, b: some MatrixOperand<Scalar>) -> Matrix<Scalar> {
    a.map(with: b) { $0 - $1 }
  }

  /// The Hadamard product: the product element by element.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public static func ∘ (a: Self, b: some MatrixOperand<Scalar>) -> Matrix<Scalar> {
    a.map(with: b) { $0 * $1 }
  }

  /// Every element negated.
  @inlinable
  public static prefix func - (a: Self) -> Matrix<Scalar> { a.map { -$0 } }

  /// Every element times `scalar`.
  @inlinable
  public static func * (scalar: Scalar, a: Self) -> Matrix<Scalar> { a.map { scalar * $0 } }

  /// Every element times `scalar`.
  @inlinable
  public static func * (a: Self, scalar: Scalar) -> Matrix<Scalar> { a.map { $0 * scalar } }

  /// Every element divided by `scalar`.
  @inlinable
  public static func / (a: Self, scalar: Scalar) -> Matrix<Scalar> { a.map { $0 / scalar } }

  /// The matrix product `A·B`; for the product element by element see `∘`.
  ///
  /// - Precondition: `A` is `[m, k]` and `B` is `[k, n]`.
  @inlinable
  public static func * (a: Self, b: some MatrixOperand<Scalar>) -> Matrix<Scalar> {
    var result = Matrix<Scalar>(uninitializedRows: a.rows, columns: b.columns)
    BLAS.gemm(a, b, into: &result)
    return result
  }

  /// The product `A·x`.
  ///
  /// - Precondition: `A` is `[m, n]` and `x` has `n` elements.
  @inlinable
  public static func * (a: Self, x: some VectorOperand<Scalar>) -> Vector<Scalar> {
    var result = Vector<Scalar>(uninitializedCount: a.rows)
    BLAS.gemv(a, x, into: &result)
    return result
  }
}

extension MutableMatrixOperand where Self: ~Copyable {
  /// Overwrites every element with `transform(element)`.
  @inlinable
  public mutating func update<Failure: Error>(
    _ transform: (Scalar) throws(Failure) -> Scalar
  ) throws(Failure) {
    try withUnsafeMutableElements { a throws(Failure) in
      for i in 0..<a.rows {
        for j in 0..<a.columns { a[i, j] = try transform(a[i, j]) }
      }
    }
  }

  /// Overwrites every element with `combine(element, other's element)`.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public mutating func update<Failure: Error>(
    with other: borrowing some MatrixOperand<Scalar> & ~Copyable,
    _ combine: (Scalar, Scalar) throws(Failure) -> Scalar
  ) throws(Failure) {
    try other.withUnsafeElements { b throws(Failure) in
      try withUnsafeMutableElements { a throws(Failure) in
        require(
          a.rows == b.rows && a.columns == b.columns,
          "Matrix: shapes [\(a.rows), \(a.columns)] and [\(b.rows), \(b.columns)] differ")
        for i in 0..<a.rows {
          for j in 0..<a.columns { a[i, j] = try combine(a[i, j], b[i, j]) }
        }
      }
    }
  }

  /// Adds `b`, element by element.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public static func += (
    a: inout Self, b: borrowing some MatrixOperand<Scalar> & ~Copyable
  ) {
    a.update(with: b) { $0 + $1 }
  }

  /// Subtracts `b`, element by element.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public static func -= (
    a: inout Self, b: borrowing some MatrixOperand<Scalar> & ~Copyable
  ) {
    a.update(with: b) { $0 - $1 }
  }

  /// Multiplies by `b`, element by element.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public static func ∘= (
    a: inout Self, b: borrowing some MatrixOperand<Scalar> & ~Copyable
  ) {
    a.update(with: b) { $0 * $1 }
  }

  /// Multiplies every element by `scalar`.
  @inlinable
  public static func *= (a: inout Self, scalar: Scalar) { a.update { $0 * scalar } }

  /// Divides every element by `scalar`.
  @inlinable
  public static func /= (a: inout Self, scalar: Scalar) { a.update { $0 / scalar } }
}
