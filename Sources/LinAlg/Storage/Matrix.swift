/// A dense matrix in row-major order, contiguous and aligned to a cache line.
///
/// A value type: a copy shares its storage until one of the two is written to.
public struct Matrix<Scalar: LinAlgScalar>: Sendable {
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  @usableFromInline var storage: AlignedStorage<Scalar>

  /// The number of elements.
  public var count: Int { rows * columns }

  /// A matrix whose elements are not set yet; fill it with ``withUnsafeMutableBufferPointer(_:)``.
  public init(uninitializedRows rows: Int, columns: Int) {
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    require(
      rows >= 0 && columns >= 0 && !overflow, "Matrix: impossible shape [\(rows), \(columns)]")
    self.rows = rows
    self.columns = columns
    self.storage = AlignedStorage(uninitializedCount: count)
  }

  /// A `[rows, columns]` matrix with every element equal to `value`.
  public init(repeating value: Scalar, rows: Int, columns: Int) {
    self.init(uninitializedRows: rows, columns: columns)
    storage.pointer.initialize(repeating: value, count: count)
  }

  /// The `[rows, columns]` matrix of zeros.
  public static func zeros(rows: Int, columns: Int) -> Matrix {
    Matrix(repeating: 0, rows: rows, columns: columns)
  }

  /// A `[rows, columns]` matrix from its elements in row-major order.
  ///
  /// - Precondition: there are `rows * columns` elements.
  public init(rows: Int, columns: Int, elements: some Collection<Scalar>) {
    self.init(uninitializedRows: rows, columns: columns)
    require(
      elements.count == count,
      "Matrix: \(elements.count) elements given for shape [\(rows), \(columns)]")
    _ = UnsafeMutableBufferPointer(start: storage.pointer, count: count)
      .initialize(fromContentsOf: elements)
  }

  /// The element in row `i` and column `j`.
  ///
  /// A write looks whether another value shares the storage, each time: many of them belong into
  /// ``withUnsafeMutableBufferPointer(_:)``, which looks once.
  @inlinable
  public subscript(i: Int, j: Int) -> Scalar {
    get {
      checkIndex(i, j)
      defer { withExtendedLifetime(storage) {} }
      return storage.pointer[i * columns + j]
    }
    set {
      checkIndex(i, j)
      makeUnique()
      storage.pointer[i * columns + j] = newValue
    }
    _modify {
      checkIndex(i, j)
      makeUnique()
      yield &storage.pointer[i * columns + j]
    }
  }

  /// All elements in row-major order, as an array.
  public var elements: [Scalar] { withUnsafeBufferPointer { Array($0) } }

  @inlinable
  func checkIndex(_ i: Int, _ j: Int) {
    guard i >= 0 && i < rows && j >= 0 && j < columns else {
      failMatrixIndex(i, j, rows, columns)
    }
  }

  /// Copies the storage if another value shares it.
  @inlinable
  mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
  }

  /// Calls `body` with the elements in row-major order.
  @inlinable
  public func withUnsafeBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: storage.pointer, count: count))
  }

  /// Calls `body` with the elements in row-major order, for writing.
  @inlinable
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeMutableBufferPointer(start: storage.pointer, count: count))
  }
}

/// Apart from the accesses, so that they carry no text.
@inline(never)
@usableFromInline
func failMatrixIndex(_ i: Int, _ j: Int, _ rows: Int, _ columns: Int) -> Never {
  failRequirement("Matrix: index [\(i), \(j)] outside shape [\(rows), \(columns)]")
}
