/// Some of another value's elements at equal distances, for reading, without a copy: a row, a
/// column or the diagonal of a matrix, or a part of a vector.
///
/// A view is a value: it shares and retains the storage and never changes; see ``MatrixView``.
public struct VectorView<Scalar: LinAlgScalar>: Sendable {
  /// The number of elements.
  public let count: Int
  /// Elements of storage between one element and the next.
  public let stride: Int
  @usableFromInline let storage: AlignedStorage<Scalar>
  @usableFromInline let offset: Int

  /// A view of elements in `storage`, the first at `offset`.
  ///
  /// The storage must not be written to while the view exists, except after a uniqueness check.
  ///
  /// - Precondition: `count` and `offset` are not negative, `stride` is positive, and every element
  ///   lies in the storage.
  @inlinable
  package init(storage: AlignedStorage<Scalar>, offset: Int = 0, count: Int, stride: Int = 1) {
    require(count >= 0 && offset >= 0, "VectorView: \(count) elements from \(offset)")
    if count > 0 {
      require(stride > 0 || count == 1, "VectorView: stride \(stride) is not positive")
      require(
        offset + (count - 1) * stride < storage.count,
        """
        VectorView: \(count) elements with stride \(stride) from \(offset) leave a storage of \
        \(storage.count) elements
        """)
    }
    self.storage = storage
    self.offset = offset
    self.count = count
    self.stride = stride > 0 ? stride : 1
  }

  /// The elements in `range` as a view of their own, without a copy.
  @inlinable
  public subscript(elements range: some RangeExpression<Int>) -> VectorView {
    let r = elementRange(range, count)
    return VectorView(
      storage: storage, offset: offset + r.lowerBound * stride, count: r.count, stride: stride)
  }

  /// The elements as a matrix of one column, `[count, 1]`.
  @inlinable
  public var asColumn: MatrixView<Scalar> {
    MatrixView(
      storage: storage, offset: offset, rows: count, columns: 1, rowStride: stride,
      columnStride: 1)
  }

  /// The elements as a matrix of one row, `[1, count]`.
  @inlinable
  public var asRow: MatrixView<Scalar> { asColumn.transposed }

  /// The elements as a row-major matrix `[rows, columns]`.
  ///
  /// - Precondition: the elements are `rows * columns` neighbours in storage.
  @inlinable
  public func reshaped(rows: Int, columns: Int) -> MatrixView<Scalar> {
    require(
      count == rows * columns && (stride == 1 || count <= 1),
      "VectorView: \(count) elements with stride \(stride) as a matrix [\(rows), \(columns)]")
    return MatrixView(
      storage: storage, offset: offset, rows: rows, columns: columns, rowStride: columns)
  }
}

/// The range of a part of a vector, checked against its count.
@inlinable
func elementRange(_ range: some RangeExpression<Int>, _ count: Int) -> Range<Int> {
  let r = range.relative(to: 0..<count)
  require(
    r.lowerBound >= 0 && r.upperBound <= count, "Vector: range \(r) of \(count) elements")
  return r
}

extension VectorView: RandomAccessCollection {
  /// Always 0.
  @inlinable
  public var startIndex: Int { 0 }

  /// The number of elements.
  @inlinable
  public var endIndex: Int { count }

  /// The element at `i`.
  @inlinable
  public subscript(i: Int) -> Scalar {
    precondition(i >= 0 && i < count, "VectorView: index \(i) of \(count) elements")
    return storage.pointer[offset + i * stride]
  }
}

extension VectorView: VectorOperand {
  /// Calls `body` with the place of the elements in memory.
  @inlinable
  public func withUnsafeElements<Result, Failure: Error>(
    _ body: (UnsafeStridedVector<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(
      UnsafeStridedVector(pointer: storage.pointer + offset, count: count, stride: stride))
  }
}
