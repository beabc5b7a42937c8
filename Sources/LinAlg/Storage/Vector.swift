/// A dense vector, contiguous and aligned to a cache line.
///
/// A value type and a collection: a copy shares its storage until one of the two is written to.
/// Plain arrays are vector operands too; this type is for results and for what must be aligned.
public struct Vector<Scalar: LinAlgScalar>: Sendable {
  /// The number of elements.
  public let count: Int
  @usableFromInline var storage: AlignedStorage<Scalar>

  /// A vector whose elements are not set yet; fill it with
  /// ``withUnsafeMutableBufferPointer(_:)``.
  public init(uninitializedCount count: Int) {
    self.count = count
    self.storage = AlignedStorage(uninitializedCount: count)
  }

  /// A vector with every element equal to `value`.
  public init(repeating value: Scalar, count: Int) {
    self.count = count
    self.storage = AlignedStorage(repeating: value, count: count)
  }

  /// A vector of all elements of `storage`, which it shares.
  init(storage: AlignedStorage<Scalar>) {
    self.count = storage.count
    self.storage = storage
  }

  /// The vector of `count` zeros.
  public static func zeros(_ count: Int) -> Vector { Vector(repeating: 0, count: count) }

  /// A vector with the given elements.
  public init(_ elements: some Collection<Scalar>) {
    self.init(uninitializedCount: elements.count)
    _ = UnsafeMutableBufferPointer(start: storage.pointer, count: count)
      .initialize(fromContentsOf: elements)
  }

  /// A vector with the elements of any vector operand.
  @inlinable
  public init(copying elements: borrowing some VectorOperand<Scalar> & ~Copyable) {
    self.init(uninitializedCount: elements.count)
    BLAS.copy(elements, into: &self)
  }

  /// The whole vector as a view.
  @inlinable
  public var view: VectorView<Scalar> { VectorView(storage: storage, count: count) }

  /// Copies the storage if another value shares it.
  @usableFromInline
  mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
  }

  /// Calls `body` with the elements in order.
  @inlinable
  public func withUnsafeBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: storage.pointer, count: count))
  }

  /// Calls `body` with the elements in order, for writing.
  @inlinable
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeMutableBufferPointer(start: storage.pointer, count: count))
  }
}

extension Vector: RandomAccessCollection, MutableCollection, ExpressibleByArrayLiteral {
  /// A vector of the literal's elements.
  public init(arrayLiteral elements: Scalar...) { self.init(elements) }

  /// Always 0.
  @inlinable
  public var startIndex: Int { 0 }

  /// The number of elements.
  @inlinable
  public var endIndex: Int { count }

  /// The element at `i`.
  @inlinable
  public subscript(i: Int) -> Scalar {
    get {
      precondition(i >= 0 && i < count, "Vector: index \(i) of \(count) elements")
      return storage.pointer[i]
    }
    set {
      precondition(i >= 0 && i < count, "Vector: index \(i) of \(count) elements")
      makeUnique()
      storage.pointer[i] = newValue
    }
  }

  /// The elements in `range` as a view, to be read without a copy or replaced.
  @inlinable
  public subscript(elements range: some RangeExpression<Int>) -> VectorView<Scalar> {
    get { view[elements: range] }
    set {
      withUnsafeMutableElements { elements in
        var part = MutableVectorView(unsafeElements: elements.part(range))
        part.update(from: newValue)
      }
    }
  }

  /// The elements in `range`, to be written to in place.
  @inlinable
  @_disfavoredOverload
  public subscript(elements range: some RangeExpression<Int>) -> MutableVectorView<Scalar> {
    _read {
      yield MutableVectorView(
        unsafeElements: UnsafeMutableStridedVector(
          pointer: storage.pointer, count: count, stride: 1
        ).part(range))
    }
    _modify {
      makeUnique()
      let place = UnsafeMutableStridedVector(
        pointer: storage.pointer, count: count, stride: 1
      ).part(range)
      var part = MutableVectorView(unsafeElements: place)
      defer { part.checkPlace(place) }
      yield &part
    }
  }
}

extension Vector: MutableVectorOperand {
  /// Calls `body` with the place of the elements in memory.
  @inlinable
  public func withUnsafeElements<Result, Failure: Error>(
    _ body: (UnsafeStridedVector<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try view.withUnsafeElements(body)
  }

  /// Calls `body` with the place of the elements in memory, for writing; copies them before if
  /// another value shares them.
  @inlinable
  public mutating func withUnsafeMutableElements<Result, Failure: Error>(
    _ body: (UnsafeMutableStridedVector<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try body(
      UnsafeMutableStridedVector(pointer: storage.pointer, count: count, stride: 1))
  }
}
