/// Why a factorisation or a solution does not exist or could not be computed.
///
/// These are properties of the numbers, not of the program; a wrong shape traps instead. Positions
/// count from 0.
public enum LinAlgError: Error, Sendable, Hashable {
  /// The argument of an operation that an error is about.
  public enum Operand: String, Sendable, Hashable {
    /// The matrix that is factored or inverted.
    case matrix
    /// What a system is solved for.
    case rightHandSide = "right-hand side"
  }

  /// The matrix has no inverse: after elimination the diagonal element at `pivot` is exactly 0.
  case singular(pivot: Int)

  /// The symmetric matrix is not positive definite: the determinant of its leading
  /// `leadingMinor × leadingMinor` block is not positive, where all smaller ones are.
  case notPositiveDefinite(leadingMinor: Int)

  /// The columns (or rows, whichever are fewer) are linearly dependent: the triangular factor's
  /// diagonal element at `diagonal` is exactly 0. Ask for the minimum-norm solution instead.
  case rankDeficient(diagonal: Int)

  /// The iteration for eigenvalues or singular values ended before all had converged.
  ///
  /// `unconverged` is LAPACK's count of what is left: off-diagonal elements of the reduced form, or
  /// eigenvalues.
  case notConverged(unconverged: Int)

  /// An element is NaN or infinite; the first one in row-major order.
  case nonFinite(Operand, row: Int, column: Int)
}

extension LinAlgError: CustomStringConvertible {
  /// The cause in one line.
  public var description: String {
    switch self {
    case .singular(let pivot):
      "the matrix is singular: pivot \(pivot) is exactly zero"
    case .notPositiveDefinite(let minor):
      "the matrix is not positive definite: its leading minor of order \(minor) is not positive"
    case .rankDeficient(let diagonal):
      "the matrix has not full rank: diagonal element \(diagonal) of its factor is exactly zero"
    case .notConverged(let count):
      "the iteration did not converge: \(count) elements are left"
    case .nonFinite(let operand, let row, let column):
      "the \(operand.rawValue) has a NaN or infinite element at [\(row), \(column)]"
    }
  }
}
