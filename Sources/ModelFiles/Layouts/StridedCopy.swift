import LinAlg

/// Copies a rectangle of numbers, whose rows and columns lie in strides at either side.
///
/// Counts are of elements. The bytes of whole rows are moved where columns follow each other at both sides;
/// elsewhere the rectangle is walked in squares, so that what one side has far apart is used again before the
/// caches have lost it.
struct StridedCopy {
  var rows: Int
  var columns: Int
  /// Of the side that is read: its first element, and how far its next row and column are.
  var source: (first: Int, row: Int, column: Int)
  /// Of the side that is written.
  var target: (first: Int, row: Int, column: Int)

  /// - Precondition: all places lie within both sides.
  func callAsFunction<Element: BitwiseCopyable>(
    from elements: UnsafeBufferPointer<Element>, to results: UnsafeMutableBufferPointer<Element>
  ) {
    guard rows > 0, columns > 0 else { return }
    check(elements.count, source)
    check(results.count, target)
    guard let elements = elements.baseAddress, let results = results.baseAddress else { return }
    if source.column == 1 && target.column == 1 {
      for row in 0..<rows {
        (results + target.first + row * target.row).update(
          from: elements + source.first + row * source.row, count: columns)
      }
      return
    }
    let (from, to) = (UnsafeRawPointer(elements), UnsafeMutableRawPointer(results))
    switch MemoryLayout<Element>.stride {
    case 4:
      walk(
        from.assumingMemoryBound(to: UInt32.self), to.assumingMemoryBound(to: UInt32.self))
    case 8:
      walk(
        from.assumingMemoryBound(to: UInt64.self), to.assumingMemoryBound(to: UInt64.self))
    default: walk(elements, results)
    }
  }

  @inline(__always)
  private func walk<Word>(_ from: UnsafePointer<Word>, _ to: UnsafeMutablePointer<Word>) {
    let side = 32
    for top in stride(from: 0, to: rows, by: side) {
      for left in stride(from: 0, to: columns, by: side) {
        for row in top..<min(top + side, rows) {
          let (here, there) = (source.first + row * source.row, target.first + row * target.row)
          for column in left..<min(left + side, columns) {
            to[there + column * target.column] = from[here + column * source.column]
          }
        }
      }
    }
  }

  private func check(_ count: Int, _ side: (first: Int, row: Int, column: Int)) {
    let last = side.first + (rows - 1) * side.row + (columns - 1) * side.column
    require(
      side.first >= 0 && side.row >= 0 && side.column >= 0 && last < count,
      "\(rows) × \(columns) numbers from \(side.first) in strides \(side.row), \(side.column) of \(count)"
    )
  }
}
