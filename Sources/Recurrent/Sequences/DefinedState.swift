import LinAlg

/// The states of a ``DefinedLayer``: `h`, the first, `[N, P]`, and the others behind it, `[N, H]` each;
/// `P` is `H` unless the layer's output is projected.
public struct DefinedState<Scalar: LinAlgScalar>: RecurrentState {
  /// The first state, which is the output, `[N, P]`.
  public var hidden: Matrix<Scalar>
  /// The other states side by side, `[N, (S − 1)·H]` for `S` states.
  public private(set) var others: Matrix<Scalar>
  /// `H`.
  public private(set) var unitSize: Int

  /// A state from its parts in the order of the definition.
  ///
  /// - Precondition: there is at least one; all but the first have the same shape `[N, H]`.
  public init(_ parts: [Matrix<Scalar>]) {
    require(!parts.isEmpty, "DefinedState: no parts")
    hidden = parts[0]
    unitSize = parts.count > 1 ? parts[1].columns : hidden.columns
    others = .zeros(rows: hidden.rows, columns: (parts.count - 1) * unitSize)
    for (i, part) in parts.enumerated().dropFirst() { self[i] = part }
  }

  /// How many states there are.
  public var count: Int { unitSize == 0 ? 1 : 1 + others.columns / unitSize }

  /// A state by its place in the definition. Reading copies it, assigning replaces it.
  ///
  /// - Precondition: there is such a state; a matrix assigned has the state's shape.
  public subscript(place: Int) -> Matrix<Scalar> {
    get {
      checkPlace(place)
      guard place > 0 else { return hidden }
      let (N, H) = (hidden.rows, unitSize)
      let result = Matrix<Scalar>(uninitializedRows: N, columns: H)
      Self.copy(
        rows: N, columns: H, others.basePointer + (place - 1) * H, others.columns,
        to: result.basePointer, H)
      withExtendedLifetime(others) {}
      return result
    }
    set {
      checkPlace(place)
      let columns = place == 0 ? hidden.columns : unitSize
      require(
        newValue.rows == hidden.rows && newValue.columns == columns,
        """
        state \(place) has shape [\(hidden.rows), \(columns)], \
        assigned [\(newValue.rows), \(newValue.columns)]
        """)
      guard place > 0 else { return hidden = newValue }
      let (N, H) = (hidden.rows, unitSize)
      makeUnique()
      Self.copy(
        rows: N, columns: H, newValue.basePointer, H,
        to: others.basePointer + (place - 1) * H, others.columns)
      withExtendedLifetime(newValue) {}
    }
  }

  private func checkPlace(_ place: Int) {
    require(place >= 0 && place < count, "state \(place) of \(count)")
    require(
      others.rows == hidden.rows,
      """
      the first state has shape [\(hidden.rows), \(hidden.columns)], the others are of \
      \(others.rows) sequences
      """)
  }

  private static func copy(
    rows: Int, columns: Int, _ from: UnsafePointer<Scalar>, _ ldFrom: Int,
    to: UnsafeMutablePointer<Scalar>, _ ldTo: Int
  ) {
    for n in 0..<rows { (to + n * ldTo).update(from: from + n * ldFrom, count: columns) }
  }

  /// The state of no sequences.
  public init() { self.init([.zeros(rows: 0, columns: 0)]) }

  /// Makes all parts unshared with unspecified contents.
  public mutating func renew(batch: Int, hiddenSize: Int, cellSize: Int, unitSize: Int) {
    self.unitSize = unitSize
    hidden.renew(rows: batch, columns: hiddenSize)
    others.renew(rows: batch, columns: cellSize)
  }

  /// Two: `h`, and all other states side by side.
  public var partCount: Int { 2 }

  /// `h`, or the other states.
  public func part(_ index: Int) -> Matrix<Scalar> {
    checkPart(index)
    return index == 0 ? hidden : others
  }

  /// Calls `body` with `h` or with the other states.
  public mutating func withMutablePart<Result, Failure: Error>(
    _ index: Int, _ body: (inout Matrix<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    checkPart(index)
    return index == 0 ? try body(&hidden) : try body(&others)
  }
}
