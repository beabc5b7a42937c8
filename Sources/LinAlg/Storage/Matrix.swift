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
  @inlinable
  public subscript(i: Int, j: Int) -> Scalar {
    get {
      checkIndex(i, j)
      return storage.pointer[i * columns + j]
    }
    set {
      checkIndex(i, j)
      makeUnique()
      storage.pointer[i * columns + j] = newValue
    }
  }

  @inlinable
  func checkIndex(_ i: Int, _ j: Int) {
    precondition(
      i >= 0 && i < rows && j >= 0 && j < columns,
      "Matrix: index [\(i), \(j)] outside shape [\(rows), \(columns)]")
  }

  /// Copies the storage if another value shares it.
  @usableFromInline
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
