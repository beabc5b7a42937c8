import ModelFiles

/// How far numbers may lie apart and still count as the same: `|a − b| ≤ absolute + relative · |b|`.
struct Tolerance: Equatable {
  var absolute = 0.0
  var relative = 0.0
}

/// Where and how much two arrays differ.
struct ArrayDifference: Equatable {
  /// How many elements differ by more than is allowed.
  var differing = 0
  /// The largest distance of two numbers that are not both NaN or equally infinite; infinite where one of
  /// them alone is no finite number.
  var largest = 0.0
  /// Where that is, in row-major order, and the two numbers; nil where all are the same.
  var place: Int?
  var values: (Double, Double) = (0, 0)

  static func == (a: ArrayDifference, b: ArrayDifference) -> Bool {
    (a.differing, a.largest, a.place) == (b.differing, b.largest, b.place)
  }

  /// Compares two arrays of one shape, piece by piece.
  ///
  /// NaN is the same as NaN, and −0 as 0. Whole numbers are compared as such where both are.
  ///
  /// - Throws: where a file can no longer be read, or whole numbers are too large to be compared.
  init(_ a: Tensor, _ b: Tensor, _ tolerance: Tolerance) throws(ModelFileError) {
    if a.elementType == b.elementType && !a.elementType.isFloatingPoint,
      try a.bytes() == b.bytes()
    {
      return
    }
    if !a.elementType.isFloatingPoint && !b.elementType.isFloatingPoint {
      let (x, y) = (try a.integers(), try b.integers())
      for i in x.indices where x[i] != y[i] {
        let (difference, overflow) = x[i].subtractingReportingOverflow(y[i])
        let distance = overflow ? abs(Double(x[i]) - Double(y[i])) : Double(difference.magnitude)
        note(i, Double(x[i]), Double(y[i]), distance, tolerance)
      }
      return
    }
    let piece = 1 << 14
    var first = 0
    while first < a.count {
      let range = first..<min(first + piece, a.count)
      let (x, y) = (
        try a.values(in: range, as: Double.self), try b.values(in: range, as: Double.self)
      )
      for i in x.indices where x[i] != y[i] && !(x[i].isNaN && y[i].isNaN) {
        let distance = abs(x[i] - y[i])
        note(first + i, x[i], y[i], distance.isNaN ? .infinity : distance, tolerance)
      }
      first = range.upperBound
    }
  }

  private mutating func note(
    _ i: Int, _ x: Double, _ y: Double, _ distance: Double, _ tolerance: Tolerance
  ) {
    if place == nil || distance > largest { (largest, place, values) = (distance, i, (x, y)) }
    // Not finite: nothing but itself is near to it.
    let allowed = y.isFinite ? tolerance.absolute + tolerance.relative * abs(y) : 0
    if !(distance.isFinite && distance <= allowed) { differing += 1 }
  }
}
