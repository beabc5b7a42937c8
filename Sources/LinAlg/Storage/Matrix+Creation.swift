extension Matrix: ExpressibleByArrayLiteral {
  /// A matrix from its rows: `[[1, 2, 3], [4, 5, 6]]` has the shape `[2, 3]`.
  ///
  /// - Precondition: the rows have equal lengths.
  public init(arrayLiteral rows: [Scalar]...) { self.init(rows: rows) }

  /// A matrix from its rows; no rows make the shape `[0, 0]`.
  ///
  /// - Precondition: the rows have equal lengths.
  public init(rows rowArrays: [[Scalar]]) {
    let width = rowArrays.first?.count ?? 0
    self.init(uninitializedRows: rowArrays.count, columns: width)
    for (i, row) in rowArrays.enumerated() {
      require(
        row.count == width,
        "Matrix: row \(i) has \(row.count) elements where row 0 has \(width)")
      _ = UnsafeMutableBufferPointer(start: storage.pointer + i * width, count: width)
        .initialize(fromContentsOf: row)
    }
  }

  /// A `[rows, columns]` matrix whose element in row `i` and column `j` is `element(i, j)`.
  @inlinable
  public init<Failure: Error>(
    rows: Int, columns: Int, _ element: (_ i: Int, _ j: Int) throws(Failure) -> Scalar
  ) throws(Failure) {
    self.init(uninitializedRows: rows, columns: columns)
    for i in 0..<rows {
      for j in 0..<columns { storage.pointer[i * columns + j] = try element(i, j) }
    }
  }

  /// The identity matrix `[order, order]`.
  public static func identity(_ order: Int) -> Matrix {
    .diagonal(repeatElement(1, count: order))
  }

  /// The square matrix with the given elements on its diagonal and zeros elsewhere.
  public static func diagonal(_ elements: some Collection<Scalar>) -> Matrix {
    var result = Matrix.zeros(rows: elements.count, columns: elements.count)
    result.withUnsafeMutableBufferPointer { buffer in
      for (i, element) in elements.enumerated() { buffer[i * (elements.count + 1)] = element }
    }
    return result
  }

  /// The rows as arrays.
  public var rowArrays: [[Scalar]] { (0..<rows).map { Array(row($0)) } }

  /// The same elements in row-major order as a matrix of another shape, sharing the storage.
  ///
  /// - Precondition: `rows * columns == count`.
  public func reshaped(rows: Int, columns: Int) -> Matrix {
    require(
      rows >= 0 && columns >= 0 && rows * columns == count,
      "Matrix: shape [\(self.rows), \(self.columns)] reshaped to [\(rows), \(columns)]")
    return Matrix(storage: storage, rows: rows, columns: columns)
  }

  @usableFromInline
  init(storage: AlignedStorage<Scalar>, rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    self.storage = storage
  }
}
