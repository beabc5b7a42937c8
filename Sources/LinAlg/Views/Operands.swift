// Operations are written once over these protocols, so that whole matrices, views of them, vectors
// and plain arrays are all operands. They are noncopyable so that a mutable view can take part.

/// Something that holds a matrix: ``Matrix``, ``MatrixView`` or ``MutableMatrixView``.
public protocol MatrixOperand<Scalar>: ~Copyable {
  /// The type of the elements.
  associatedtype Scalar: LinAlgScalar
  /// The number of rows.
  var rows: Int { get }
  /// The number of columns.
  var columns: Int { get }
  /// Calls `body` with the place of the elements in memory.
  func withUnsafeElements<Result, Failure: Error>(
    _ body: (UnsafeStridedMatrix<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

/// A matrix that an operation can write its result into: ``Matrix`` or ``MutableMatrixView``.
public protocol MutableMatrixOperand<Scalar>: MatrixOperand, ~Copyable {
  /// Calls `body` with the place of the elements in memory, for writing.
  mutating func withUnsafeMutableElements<Result, Failure: Error>(
    _ body: (UnsafeMutableStridedMatrix<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

/// Something that holds a vector: ``Vector``, ``VectorView``, ``MutableVectorView`` or an array.
public protocol VectorOperand<Scalar>: ~Copyable {
  /// The type of the elements.
  associatedtype Scalar: LinAlgScalar
  /// The number of elements.
  var count: Int { get }
  /// Calls `body` with the place of the elements in memory.
  func withUnsafeElements<Result, Failure: Error>(
    _ body: (UnsafeStridedVector<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

/// A vector that an operation can write its result into: ``Vector``, ``MutableVectorView`` or an
/// array.
public protocol MutableVectorOperand<Scalar>: VectorOperand, ~Copyable {
  /// Calls `body` with the place of the elements in memory, for writing.
  mutating func withUnsafeMutableElements<Result, Failure: Error>(
    _ body: (UnsafeMutableStridedVector<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

extension Matrix: MutableMatrixOperand {
  /// Calls `body` with the place of the elements in memory.
  @inlinable
  public func withUnsafeElements<Result, Failure: Error>(
    _ body: (UnsafeStridedMatrix<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(
      UnsafeStridedMatrix(
        pointer: storage.pointer, rows: rows, columns: columns, rowStride: columns,
        columnStride: 1))
  }

  /// Calls `body` with the place of the elements in memory, for writing; copies them before if
  /// another value shares them.
  @inlinable
  public mutating func withUnsafeMutableElements<Result, Failure: Error>(
    _ body: (UnsafeMutableStridedMatrix<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try body(
      UnsafeMutableStridedMatrix(
        pointer: storage.pointer, rows: rows, columns: columns, rowStride: columns,
        columnStride: 1))
  }
}

extension Array: VectorOperand, MutableVectorOperand where Element: LinAlgScalar {
  /// The type of the elements.
  public typealias Scalar = Element

  /// Calls `body` with the place of the elements in memory.
  @inlinable
  public func withUnsafeElements<Result, Failure: Error>(
    _ body: (UnsafeStridedVector<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeBufferPointer { buffer throws(Failure) in
      try body(
        UnsafeStridedVector(
          pointer: buffer.baseAddress ?? UnsafePointer(emptyAddress()),
          count: buffer.count, stride: 1))
    }
  }

  /// Calls `body` with the place of the elements in memory, for writing.
  @inlinable
  public mutating func withUnsafeMutableElements<Result, Failure: Error>(
    _ body: (UnsafeMutableStridedVector<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeMutableBufferPointer { buffer throws(Failure) in
      try body(
        UnsafeMutableStridedVector(
          pointer: buffer.baseAddress ?? emptyAddress(), count: buffer.count, stride: 1))
    }
  }
}

/// An aligned address that stands for no elements, where BLAS wants one that is not null.
@inlinable
func emptyAddress<Scalar>(_: Scalar.Type = Scalar.self) -> UnsafeMutablePointer<Scalar> {
  guard let address = UnsafeMutablePointer<Scalar>(bitPattern: MemoryLayout<Scalar>.alignment)
  else { preconditionFailure("An alignment is never zero") }
  return address
}
