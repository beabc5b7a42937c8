extension Matrix {
  /// Makes this a `[rows, columns]` matrix that nobody else holds, with unspecified contents.
  ///
  /// The storage is kept when it is large enough and unshared, so that a buffer which is handed out
  /// and dropped again by its receiver costs no allocation the next time.
  package mutating func renew(rows: Int, columns: Int) {
    if isKnownUniquelyReferenced(&storage), self.rows == rows, self.columns == columns { return }
    self = Matrix(uninitializedRows: rows, columns: columns)
  }

  /// The first element. Valid while a copy of this value is alive; writing needs unshared storage.
  package var basePointer: UnsafeMutablePointer<Scalar> { storage.pointer }
}
