// Element by element, for vectors alone: for arrays, `+` joins.

extension Vector {
  /// The vector of `combine(element, other's element)`.
  ///
  /// - Precondition: the counts are equal.
  @inlinable
  public func map<Failure: Error>(
    with other: Vector, _ combine: (Scalar, Scalar) throws(Failure) -> Scalar
  ) throws(Failure) -> Vector {
    require(
      count == other.count, "Vector: \(count) elements with \(other.count) elements")
    let result = Vector(uninitializedCount: count)
    for i in 0..<count {
      result.storage.pointer[i] = try combine(storage.pointer[i], other.storage.pointer[i])
    }
    return result
  }

  /// The sum, element by element.
  ///
  /// - Precondition: the counts are equal.
  @inlinable
  public static func + (a: Vector, b: Vector) -> Vector { a.map(with: b) { $0 + $1 } }

  /// The difference, element by element.
  ///
  /// - Precondition: the counts are equal.
  @inlinable
  public static func - (a: Vector, b: Vector) -> Vector { a.map(with: b) { $0 - $1 } }

  /// The Hadamard product: the product element by element.
  ///
  /// - Precondition: the counts are equal.
  @inlinable
  public static func ∘ (a: Vector, b: Vector) -> Vector { a.map(with: b) { $0 * $1 } }

  /// Every element negated.
  @inlinable
  public static prefix func - (a: Vector) -> Vector { a.map(with: a) { x, _ in -x } }

  /// Every element times `scalar`.
  @inlinable
  public static func * (scalar: Scalar, a: Vector) -> Vector {
    a.map(with: a) { x, _ in scalar * x }
  }

  /// Every element divided by `scalar`.
  @inlinable
  public static func / (a: Vector, scalar: Scalar) -> Vector {
    a.map(with: a) { x, _ in x / scalar }
  }
}

extension VectorOperand where Self: ~Copyable {
  /// The inner product `Σ xᵢ·yᵢ`.
  ///
  /// - Precondition: the counts are equal.
  @inlinable
  public borrowing func dot(_ other: borrowing some VectorOperand<Scalar> & ~Copyable) -> Scalar {
    BLAS.dot(self, other)
  }

  /// The Euclidean norm `√Σ xᵢ²`, which does not overflow where the result does not.
  @inlinable
  public borrowing func norm() -> Scalar { BLAS.nrm2(self) }
}
