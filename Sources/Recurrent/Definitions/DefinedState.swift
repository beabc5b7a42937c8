import LinAlg

/// The states of a ``DefinedLayer``: `h`, the first, and the others behind it.
public struct DefinedState<Scalar: LinAlgScalar>: RecurrentState {
  /// The first state, which is the output, `[N, H]`.
  public var hidden: Matrix<Scalar>
  /// The other states side by side, `[N, (S − 1)·H]` for `S` states.
  public private(set) var others: Matrix<Scalar>

  /// A state from its parts in the order of the definition.
  ///
  /// - Precondition: there is at least one, and all have the same shape `[N, H]`.
  public init(_ parts: [Matrix<Scalar>]) {
    require(!parts.isEmpty, "DefinedState: no parts")
    hidden = parts[0]
    others = .zeros(rows: hidden.rows, columns: (parts.count - 1) * hidden.columns)
    for (i, part) in parts.enumerated().dropFirst() { self[i] = part }
  }

  /// True: there may be more than `h`.
  public static var hasCell: Bool { true }
  /// The scalars of the states behind the first.
  public var cellSize: Int { others.columns }
  /// How many states there are.
  public var count: Int { hidden.columns == 0 ? 1 : 1 + others.columns / hidden.columns }

  /// A state by its place in the definition, `[N, H]`. Reading copies it, assigning replaces it.
  ///
  /// - Precondition: there is such a state; a matrix assigned has the shape of ``hidden``.
  public subscript(place: Int) -> Matrix<Scalar> {
    get {
      checkPlace(place)
      guard place > 0 else { return hidden }
      let (N, H) = (hidden.rows, hidden.columns)
      let result = Matrix<Scalar>(uninitializedRows: N, columns: H)
      Self.copy(
        rows: N, columns: H, others.basePointer + (place - 1) * H, others.columns,
        to: result.basePointer, H)
      withExtendedLifetime(others) {}
      return result
    }
    set {
      checkPlace(place)
      require(
        newValue.rows == hidden.rows && newValue.columns == hidden.columns,
        """
        state \(place) has shape [\(hidden.rows), \(hidden.columns)], \
        assigned [\(newValue.rows), \(newValue.columns)]
        """)
      guard place > 0 else { return hidden = newValue }
      let (N, H) = (hidden.rows, hidden.columns)
      makeUnique()
      Self.copy(
        rows: N, columns: H, newValue.basePointer, H,
        to: others.basePointer + (place - 1) * H, others.columns)
      withExtendedLifetime(newValue) {}
    }
  }

  private func checkPlace(_ place: Int) {
    require(place >= 0 && place < count, "state \(place) of \(count)")
  }

  private static func copy(
    rows: Int, columns: Int, _ from: UnsafePointer<Scalar>, _ ldFrom: Int,
    to: UnsafeMutablePointer<Scalar>, _ ldTo: Int
  ) {
    for n in 0..<rows { (to + n * ldTo).update(from: from + n * ldFrom, count: columns) }
  }

  /// The state of zeros.
  public init(zerosForBatch batch: Int, hiddenSize: Int, cellSize: Int) {
    hidden = .zeros(rows: batch, columns: hiddenSize)
    others = .zeros(rows: batch, columns: cellSize)
  }

  /// The addresses of `h` and of what is behind it.
  public var pointers: StatePointers<Scalar> {
    StatePointers(hidden: hidden.basePointer, cell: others.basePointer)
  }

  /// Makes all parts unshared with unspecified contents.
  public mutating func renew(batch: Int, hiddenSize: Int, cellSize: Int) {
    hidden.renew(rows: batch, columns: hiddenSize)
    others.renew(rows: batch, columns: cellSize)
  }

  /// Copies the parts that another value shares.
  public mutating func makeUnique() {
    hidden.withUnsafeMutableBufferPointer { _ in }
    others.withUnsafeMutableBufferPointer { _ in }
  }
}
