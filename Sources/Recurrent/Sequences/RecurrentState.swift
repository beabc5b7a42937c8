import LinAlg

/// What a recurrent layer carries from one step to the next, for a batch of `N` sequences.
public protocol RecurrentState<Scalar>: CarriedState {
  /// The hidden state `h`, `[N, H]`.
  var hidden: Matrix<Scalar> { get set }

  /// The state of no sequences.
  init()

  /// For the engine: makes `h` a `[batch, hiddenSize]` matrix and what is beyond it one of `[batch, cellSize]`, which
  /// nobody else holds, contents unspecified, keeping storage where it can; each state beyond `h` has
  /// `unitSize` scalars for each sequence.
  mutating func renew(batch: Int, hiddenSize: Int, cellSize: Int, unitSize: Int)
}

/// The addresses of a state's parts.
package struct StatePointers<Scalar> {
  /// `h`, `[N, H]`.
  package var hidden: UnsafeMutablePointer<Scalar>
  /// What is beyond it, `[N, cellSize]`, for cells that have more.
  package var cell: UnsafeMutablePointer<Scalar>?
}

/// The state of cells that have only a hidden state: the GRU and the simple RNN.
public struct HiddenState<Scalar: LinAlgScalar>: RecurrentState {
  /// `h`, `[N, H]`.
  public var hidden: Matrix<Scalar>

  /// A state from its hidden part, `[N, H]`.
  public init(hidden: Matrix<Scalar>) { self.hidden = hidden }

  /// The state of no sequences.
  public init() { hidden = .zeros(rows: 0, columns: 0) }

  /// One.
  public var partCount: Int { 1 }

  /// `h`.
  public func part(_ index: Int) -> Matrix<Scalar> {
    checkPart(index)
    return hidden
  }

  /// Calls `body` with `h`.
  public mutating func withMutablePart<Result, Failure: Error>(
    _ index: Int, _ body: (inout Matrix<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    checkPart(index)
    return try body(&hidden)
  }
}

/// The state of an LSTM: hidden and cell state.
public struct LSTMState<Scalar: LinAlgScalar>: RecurrentState {
  /// `h`, `[N, H]`, or `[N, P]` where the layer projects it.
  public var hidden: Matrix<Scalar>
  /// `c`, `[N, H]`.
  public var cell: Matrix<Scalar>

  /// A state from its parts.
  ///
  /// - Precondition: both are of the same `N` sequences.
  public init(hidden: Matrix<Scalar>, cell: Matrix<Scalar>) {
    require(
      hidden.rows == cell.rows,
      """
      LSTMState: hidden [\(hidden.rows), \(hidden.columns)] and cell \
      [\(cell.rows), \(cell.columns)] differ in the number of sequences
      """)
    self.hidden = hidden
    self.cell = cell
  }

  /// The state of no sequences.
  public init() {
    hidden = .zeros(rows: 0, columns: 0)
    cell = hidden
  }

  /// Two.
  public var partCount: Int { 2 }

  /// `h` or `c`.
  public func part(_ index: Int) -> Matrix<Scalar> {
    checkPart(index)
    return index == 0 ? hidden : cell
  }

  /// Calls `body` with `h` or `c`.
  public mutating func withMutablePart<Result, Failure: Error>(
    _ index: Int, _ body: (inout Matrix<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    checkPart(index)
    return index == 0 ? try body(&hidden) : try body(&cell)
  }
}

extension RecurrentState {
  /// Makes all parts unshared matrices with unspecified contents.
  public mutating func renew(batch: Int, hiddenSize: Int, cellSize: Int, unitSize: Int) {
    for i in 0..<partCount {
      withMutablePart(i) { $0.renew(rows: batch, columns: i == 0 ? hiddenSize : cellSize) }
    }
  }

  /// `hidden` or `cell`.
  public func partName(_ index: Int) -> String { index == 0 ? "hidden" : "cell" }

  func checkPart(_ index: Int) {
    require(
      index >= 0 && index < partCount, "a state of \(partCount) parts, asked for number \(index)")
  }

  /// The elements of `h`, `[N, H]`, and, for cells that have more, of that, `[N, cellSize]`.
  ///
  /// Valid while a copy of this value is alive; writing needs unshared parts.
  package var pointers: StatePointers<Scalar> {
    StatePointers(
      hidden: part(0).basePointer, cell: partCount > 1 ? part(1).basePointer : nil)
  }

  /// Traps unless `h` is `[batch, hiddenSize]` and what is beyond it `[batch, cellSize]`.
  func checkShape(batch: Int, hiddenSize: Int, cellSize: Int, _ what: StaticString) {
    let hidden = part(0)
    require(
      hidden.rows == batch && hidden.columns == hiddenSize,
      """
      \(what) has shape [\(hidden.rows), \(hidden.columns)], \
      expected [N, H] = [\(batch), \(hiddenSize)]
      """)
    guard partCount > 1 else { return }
    let cell = part(1)
    require(
      cell.rows == batch && cell.columns == cellSize,
      """
      \(what) has shape [\(cell.rows), \(cell.columns)] beyond h, \
      expected [\(batch), \(cellSize)]
      """)
  }

  /// Replaces the contents by those of `source`, or by zeros where it is nil. Allocates only when the
  /// current storage is shared or of another shape.
  package mutating func assign(
    _ source: Self?, batch: Int, hiddenSize: Int, cellSize: Int, unitSize: Int
  ) {
    renew(batch: batch, hiddenSize: hiddenSize, cellSize: cellSize, unitSize: unitSize)
    let (count, cellCount) = (batch * hiddenSize, batch * cellSize)
    let to = pointers
    if let from = source?.pointers {
      to.hidden.update(from: from.hidden, count: count)
      if let cell = to.cell, let fromCell = from.cell {
        cell.update(from: fromCell, count: cellCount)
      }
    } else {
      to.hidden.update(repeating: 0, count: count)
      to.cell?.update(repeating: 0, count: cellCount)
    }
  }
}
