import LinAlg

// Element by element, with the operators of `Matrix`. Results are new batches; the assigning forms work
// in place.
extension SequenceBatch {
  /// The batch of `transform(element)`.
  @inlinable
  public func map<T: LinAlgScalar, Failure: Error>(
    _ transform: (Scalar) throws(Failure) -> T
  ) throws(Failure) -> SequenceBatch<T> {
    var result = SequenceBatch<T>(
      uninitializedSteps: steps, batch: batch, features: features)
    try withUnsafeBufferPointer { a throws(Failure) in
      try result.withUnsafeMutableBufferPointer { c throws(Failure) in
        for i in 0..<a.count { c[i] = try transform(a[i]) }
      }
    }
    return result
  }

  /// The batch of `combine(element, other's element)`.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public func map<Failure: Error>(
    with other: SequenceBatch, _ combine: (Scalar, Scalar) throws(Failure) -> Scalar
  ) throws(Failure) -> SequenceBatch {
    requireShape(of: other)
    var result = SequenceBatch(uninitializedSteps: steps, batch: batch, features: features)
    try withUnsafeBufferPointer { a throws(Failure) in
      try other.withUnsafeBufferPointer { b throws(Failure) in
        try result.withUnsafeMutableBufferPointer { c throws(Failure) in
          for i in 0..<a.count { c[i] = try combine(a[i], b[i]) }
        }
      }
    }
    return result
  }

  /// Overwrites every element with `transform(element)`.
  @inlinable
  public mutating func update<Failure: Error>(
    _ transform: (Scalar) throws(Failure) -> Scalar
  ) throws(Failure) {
    try withUnsafeMutableBufferPointer { a throws(Failure) in
      for i in 0..<a.count { a[i] = try transform(a[i]) }
    }
  }

  /// Overwrites every element with `combine(element, other's element)`.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public mutating func update<Failure: Error>(
    with other: SequenceBatch, _ combine: (Scalar, Scalar) throws(Failure) -> Scalar
  ) throws(Failure) {
    requireShape(of: other)
    try other.withUnsafeBufferPointer { b throws(Failure) in
      try withUnsafeMutableBufferPointer { a throws(Failure) in
        for i in 0..<a.count { a[i] = try combine(a[i], b[i]) }
      }
    }
  }

  @usableFromInline
  func requireShape(of other: SequenceBatch) {
    require(hasShape(of: other), "SequenceBatch: shapes \(shape) and \(other.shape) differ")
  }
}

extension SequenceBatch {
  /// The sum, element by element.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public static func + (a: SequenceBatch, b: SequenceBatch) -> SequenceBatch {
    a.map(with: b) { $0 + $1 }
  }

  /// The difference, element by element.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public static func - (a: SequenceBatch, b: SequenceBatch) -> SequenceBatch {
    a.map(with: b) { $0 - $1 }
  }

  /// The Hadamard product: the product, element by element.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public static func ∘ (a: SequenceBatch, b: SequenceBatch) -> SequenceBatch {
    a.map(with: b) { $0 * $1 }
  }

  /// Every element negated.
  @inlinable
  public static prefix func - (a: SequenceBatch) -> SequenceBatch { a.map { -$0 } }

  /// Every element times `scalar`.
  @inlinable
  public static func * (scalar: Scalar, a: SequenceBatch) -> SequenceBatch {
    a.map { scalar * $0 }
  }

  /// Every element times `scalar`.
  @inlinable
  public static func * (a: SequenceBatch, scalar: Scalar) -> SequenceBatch {
    a.map { $0 * scalar }
  }

  /// Every element divided by `scalar`.
  @inlinable
  public static func / (a: SequenceBatch, scalar: Scalar) -> SequenceBatch {
    a.map { $0 / scalar }
  }

  /// Adds `b`, element by element.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public static func += (a: inout SequenceBatch, b: SequenceBatch) {
    a.update(with: b) { $0 + $1 }
  }

  /// Subtracts `b`, element by element.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public static func -= (a: inout SequenceBatch, b: SequenceBatch) {
    a.update(with: b) { $0 - $1 }
  }

  /// Multiplies by `b`, element by element.
  ///
  /// - Precondition: the shapes are equal.
  @inlinable
  public static func ∘= (a: inout SequenceBatch, b: SequenceBatch) {
    a.update(with: b) { $0 * $1 }
  }

  /// Multiplies every element by `scalar`.
  @inlinable
  public static func *= (a: inout SequenceBatch, scalar: Scalar) { a.update { $0 * scalar } }

  /// Divides every element by `scalar`.
  @inlinable
  public static func /= (a: inout SequenceBatch, scalar: Scalar) { a.update { $0 / scalar } }
}
