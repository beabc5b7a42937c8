import LinAlg

/// How an operand lies in memory.
enum Layout: CaseIterable {
  /// Contiguous rows.
  case rowMajor
  /// Contiguous columns: the transpose of a contiguous matrix.
  case columnMajor
  /// A block in the middle of a larger matrix.
  case block
  /// The transpose of such a block.
  case transposedBlock
  /// Neither rows nor columns are neighbours.
  case scattered
}

/// The stretch of a larger buffer that a `[rows, columns]` operand of some layout takes up.
struct Placement {
  var offset: Int
  var rowStride: Int
  var columnStride: Int
  var capacity: Int

  init(_ layout: Layout, rows: Int, columns: Int) {
    switch layout {
    case .rowMajor:
      (offset, rowStride, columnStride) = (0, columns, 1)
    case .columnMajor:
      (offset, rowStride, columnStride) = (0, 1, rows)
    case .block:
      (offset, rowStride, columnStride) = (2 * (columns + 5) + 3, columns + 5, 1)
    case .transposedBlock:
      (offset, rowStride, columnStride) = (2 * (rows + 3) + 1, 1, rows + 3)
    case .scattered:
      (offset, rowStride, columnStride) = (1, 3 * columns + 2, 3)
    }
    // Strides of an empty or thin operand need not be positive; those of a view do.
    rowStride = max(rowStride, 1)
    columnStride = max(columnStride, 1)
    capacity = offset + max(rows, 1) * rowStride + max(columns, 1) * columnStride + 7
  }
}

/// A value that no test computes: it stands in the gaps around operands.
func filler<S: LinAlgScalar>() -> S { S(-123456.75) }

extension Matrix {
  /// A view of the same elements in another layout, with filler between them.
  func placed(_ layout: Layout) -> MatrixView<Scalar> {
    let p = Placement(layout, rows: rows, columns: columns)
    let storage = AlignedStorage<Scalar>(repeating: filler(), count: p.capacity)
    for i in 0..<rows {
      for j in 0..<columns {
        storage.pointer[p.offset + i * p.rowStride + j * p.columnStride] = self[i, j]
      }
    }
    return MatrixView(
      storage: storage, offset: p.offset, rows: rows, columns: columns, rowStride: p.rowStride,
      columnStride: p.columnStride)
  }

  /// Lets `body` write to the elements in another layout, takes them back, and says whether the gaps
  /// were left alone.
  mutating func writing(
    _ layout: Layout, _ body: (inout MutableMatrixView<Scalar>) -> Void
  ) -> Bool {
    let p = Placement(layout, rows: rows, columns: columns)
    let view = placed(layout)
    let storage = AlignedStorage<Scalar>(repeating: filler(), count: p.capacity)
    var mutable = MutableMatrixView(
      unsafeElements: UnsafeMutableStridedMatrix(
        pointer: storage.pointer + p.offset, rows: rows, columns: columns,
        rowStride: p.rowStride, columnStride: p.columnStride))
    for i in 0..<rows {
      for j in 0..<columns { mutable[i, j] = view[i, j] }
    }
    body(&mutable)
    for i in 0..<rows {
      for j in 0..<columns {
        self[i, j] = mutable[i, j]
        mutable[i, j] = filler()
      }
    }
    return (0..<p.capacity).allSatisfy { storage.pointer[$0] == filler() }
  }
}

extension Vector {
  /// A view of the same elements at a distance from each other.
  func placed(stride: Int) -> VectorView<Scalar> {
    let storage = AlignedStorage<Scalar>(repeating: filler(), count: count * stride + 5)
    for i in 0..<count { storage.pointer[2 + i * stride] = self[i] }
    return VectorView(storage: storage, offset: 2, count: count, stride: stride)
  }

  /// Lets `body` write to the elements at a distance from each other, takes them back, and says
  /// whether the gaps were left alone.
  mutating func writing(
    stride: Int, _ body: (inout MutableVectorView<Scalar>) -> Void
  ) -> Bool {
    let storage = AlignedStorage<Scalar>(repeating: filler(), count: count * stride + 5)
    var mutable = MutableVectorView(
      unsafeElements: UnsafeMutableStridedVector(
        pointer: storage.pointer + 2, count: count, stride: stride))
    for i in 0..<count { mutable[i] = self[i] }
    body(&mutable)
    for i in 0..<count {
      self[i] = mutable[i]
      mutable[i] = filler()
    }
    return (0..<storage.count).allSatisfy { storage.pointer[$0] == filler() }
  }
}
