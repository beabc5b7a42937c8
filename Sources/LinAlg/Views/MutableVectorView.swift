/// Some of another value's elements at equal distances that can be written to in place: a row or a
/// column of a matrix, or a part of a vector.
///
/// It exists while an access lasts and cannot be copied; see ``MutableMatrixView``.
public struct MutableVectorView<Scalar: LinAlgScalar>: ~Copyable {
  /// The place of the elements in memory.
  @usableFromInline let elements: UnsafeMutableStridedVector<Scalar>

  /// The number of elements.
  public var count: Int { elements.count }
  /// Elements of storage between one element and the next.
  public var stride: Int { elements.stride }

  /// A view of elements that stay valid, and that nobody else reads or writes, while it exists.
  @inlinable
  public init(unsafeElements elements: UnsafeMutableStridedVector<Scalar>) {
    self.elements = elements
  }

  /// The element at `i`.
  @inlinable
  public subscript(i: Int) -> Scalar {
    get {
      precondition(i >= 0 && i < count, "MutableVectorView: index \(i) of \(count) elements")
      return elements[i]
    }
    set {
      precondition(i >= 0 && i < count, "MutableVectorView: index \(i) of \(count) elements")
      elements[i] = newValue
    }
  }

  /// The elements in `range`, to be written to.
  @inlinable
  public subscript(elements range: some RangeExpression<Int>) -> MutableVectorView {
    _read {
      yield MutableVectorView(unsafeElements: elements.part(range))
    }
    _modify {
      let place = elements.part(range)
      var part = MutableVectorView(unsafeElements: place)
      defer { part.checkPlace(place) }
      yield &part
    }
  }

  /// As of ``MutableMatrixView``.
  @inlinable
  func checkPlace(_ place: UnsafeMutableStridedVector<Scalar>) {
    if elements.pointer != place.pointer || elements.count != place.count
      || elements.stride != place.stride
    {
      elements.failPlace(place)
    }
  }

  /// Sets every element to `value`.
  @inlinable
  public mutating func fill(_ value: Scalar) {
    for i in 0..<count { elements[i] = value }
  }
}

extension UnsafeMutableStridedVector {
  @usableFromInline
  @inline(never)
  func failPlace(_ place: UnsafeMutableStridedVector) -> Never {
    failRequirement(
      """
      MutableVectorView: an access to \(place.count) elements ends with another view, of \(count), in \
      its place
      """)
  }

  @inlinable
  func part(_ range: some RangeExpression<Int>) -> UnsafeMutableStridedVector {
    let r = elementRange(range, count)
    return UnsafeMutableStridedVector(
      pointer: pointer + r.lowerBound * stride, count: r.count, stride: stride)
  }
}

extension MutableVectorView: MutableVectorOperand {
  /// Calls `body` with the place of the elements in memory.
  @inlinable
  public func withUnsafeElements<Result, Failure: Error>(
    _ body: (UnsafeStridedVector<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(elements.reading)
  }

  /// Calls `body` with the place of the elements in memory, for writing.
  @inlinable
  public mutating func withUnsafeMutableElements<Result, Failure: Error>(
    _ body: (UnsafeMutableStridedVector<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(elements)
  }
}
