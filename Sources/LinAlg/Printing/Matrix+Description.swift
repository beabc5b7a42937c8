// What a matrix looks like in a debugger or a failed test: its shape, then its elements in aligned
// columns, the middle left out where there are more than a screen holds.
// ```
// Matrix<Float> [1000, 3]
// [[ 0.25 -1.5    3.0]
//  [ 0.5   0.125 10.0]
//  …
// ```

extension Matrix: CustomStringConvertible {
  /// The shape and the elements, the middle left out of large matrices.
  public var description: String { describe(Self.self, view) }
}

extension MatrixView: CustomStringConvertible {
  /// The shape and the elements, the middle left out of large matrices.
  public var description: String { describe(Self.self, self) }
}

extension Vector: CustomStringConvertible {
  /// The count and the elements, the middle left out of long vectors.
  public var description: String { describe(Self.self, view) }
}

extension VectorView: CustomStringConvertible {
  /// The count and the elements, the middle left out of long vectors.
  public var description: String { describe(Self.self, self) }
}

private func describe<Scalar>(_ type: Any.Type, _ matrix: MatrixView<Scalar>) -> String {
  let heading = "\(type) [\(matrix.rows), \(matrix.columns)]"
  guard matrix.count > 0 else { return heading }
  return heading + "\n[" + table(matrix).joined(separator: "\n ") + "]"
}

private func describe<Scalar>(_ type: Any.Type, _ vector: VectorView<Scalar>) -> String {
  let heading = "\(type) [\(vector.count)]"
  guard vector.count > 0 else { return heading }
  return heading + "\n" + table(vector.asRow).joined()
}

/// The positions that are shown of `count`; `nil` stands for those left out.
private func shownPositions(_ count: Int) -> [Int?] {
  let limit = 10
  let edge = 4
  if count <= limit { return Array(0..<count) }
  return Array(0..<edge) + [nil] + Array(count - edge..<count)
}

/// The rows of the table, each in brackets.
private func table<Scalar>(_ matrix: MatrixView<Scalar>) -> [String] {
  let rows = shownPositions(matrix.rows)
  let columns = shownPositions(matrix.columns)
  let shown = rows.compactMap { $0 }.flatMap { i in
    columns.compactMap { $0 }.map { j in matrix[i, j] }
  }
  let format = NumberFormat(shown)
  let cells = rows.map { i in
    columns.map { j in
      switch (i, j) {
      case (let i?, let j?): format.text(matrix[i, j])
      case (nil, nil): "⋱"
      case (nil, _): "⋮"
      case (_, nil): "…"
      }
    }
  }
  let widths = columns.indices.map { j in cells.map { $0[j].count }.max() ?? 0 }
  return cells.map { row in
    let padded = Swift.zip(row, widths).map { cell, width in
      String(repeating: " ", count: width - cell.count) + cell
    }
    return "[" + padded.joined(separator: "  ") + "]"
  }
}

/// One way to write all the numbers of a table: at most four digits after the point, no more than
/// they need, and powers of ten only where fixed notation would be long or show nothing.
private struct NumberFormat<Scalar: LinAlgScalar> {
  private static var precision: Int { 4 }
  private let isScientific: Bool
  private let fractionDigits: Int

  init(_ values: [Scalar]) {
    let finite = values.filter(\.isFinite)
    let magnitudes = finite.lazy.map(\.magnitude).filter { $0 > 0 }
    let scientific =
      (magnitudes.max() ?? 1) >= Scalar(1e8) || (magnitudes.min() ?? 1) < Scalar(1e-4)
    isScientific = scientific
    fractionDigits =
      finite.map { value in
        let digits = DecimalDigits(value)
        return scientific
          ? digits.rounded(toSignificantDigits: Self.precision + 1).digits.count - 1
          : digits.rounded(toFractionDigits: Self.precision).fractionDigits
      }.reduce(1, max)
  }

  func text(_ value: Scalar) -> String {
    guard value.isFinite else { return "\(value)" }
    let digits = DecimalDigits(value)
    return isScientific
      ? digits.rounded(toSignificantDigits: fractionDigits + 1)
        .scientific(fractionDigits: fractionDigits)
      : digits.rounded(toFractionDigits: fractionDigits).fixed(fractionDigits: fractionDigits)
  }
}
