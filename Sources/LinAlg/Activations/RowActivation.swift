/// A function that is applied to every row of a matrix: softmax and its logarithm.
///
/// Rows are shifted by their maximum first, so that nothing overflows. In single precision every
/// element is within 4 ULP of the exact value however long the row is. An element `-∞` is masked
/// out: its softmax is 0 and its logarithm `-∞`. A row that holds a NaN, a `+∞` or nothing but `-∞`
/// becomes NaN throughout. Rows without elements stay as they are.
///
/// ```swift
/// let p = RowActivation.softmax(scores)        // [N, classes]; rows sum to 1
/// RowActivation.logSoftmax.apply(to: &scores)  // in place
/// ```
public enum RowActivation: String, Hashable, Sendable, Codable, CaseIterable {
  /// `y = e^(x - max x) / Σ e^(x - max x)`; the derivative is `dx = y ∘ (dy - Σ dy∘y)`.
  case softmax
  /// `y = x - max x - log Σ e^(x - max x)`; the derivative is `dx = dy - e^y·Σ dy`.
  case logSoftmax
}

extension RowActivation {
  /// The function's values for the rows of `x`, a new matrix of the same shape.
  public func callAsFunction<S: LinAlgScalar>(
    _ x: borrowing some MatrixOperand<S> & ~Copyable
  ) -> Matrix<S> {
    var y = Matrix(x)
    apply(to: &y)
    return y
  }

  /// Replaces every row of `x` by the function's values for it. Allocates nothing where the elements
  /// of a row are neighbours in memory.
  public func apply<S: LinAlgScalar>(to x: inout some MutableMatrixOperand<S> & ~Copyable) {
    x.withUnsafeMutableElements { x in
      guard x.rows > 0 && x.columns > 0 else { return }
      x.withRowMajor { x in
        if x.reading.isContiguous {
          S.apply(self, x.pointer, into: x.pointer, rows: x.rows, columns: x.columns)
        } else {
          for i in 0..<x.rows {
            let row = x.pointer + i * x.rowStride
            S.apply(self, row, into: row, rows: 1, columns: x.columns)
          }
        }
      }
    }
  }

  /// Replaces `d`, the gradient of the output `y`, by that of the input.
  ///
  /// - Precondition: the shapes are equal.
  public func applyDerivative<S: LinAlgScalar>(
    fromOutput y: borrowing some MatrixOperand<S> & ~Copyable,
    to d: inout some MutableMatrixOperand<S> & ~Copyable
  ) {
    y.withUnsafeElements { y in
      d.withUnsafeMutableElements { d in
        checkShapes("RowActivation.applyDerivative", y, d)
        guard y.rows > 0 && y.columns > 0 else { return }
        y.withRowMajor { y in
          d.withRowMajor { d in
            for i in 0..<y.rows {
              let row = d.pointer + i * d.rowStride
              S.applyDerivative(
                self, output: y.pointer + i * y.rowStride, row, into: row, rows: 1,
                columns: y.columns)
            }
          }
        }
      }
    }
  }
}

extension Matrix {
  fileprivate init(copyOf source: UnsafeStridedMatrix<Scalar>) {
    self.init(uninitializedRows: source.rows, columns: source.columns)
    withUnsafeMutableElements { $0.update(from: source) }
  }
}

extension UnsafeMutableStridedMatrix {
  /// Calls `body` with the same elements where those of a row are neighbours, if need be in a copy
  /// that is copied back.
  func withRowMajor(_ body: (UnsafeMutableStridedMatrix) -> Void) {
    if reading.isRowMajor { return body(self) }
    var copy = Matrix(copyOf: reading)
    copy.withUnsafeMutableElements(body)
    copy.withUnsafeElements { update(from: $0) }
  }
}

func checkShapes<S>(
  _ operation: StaticString, _ a: UnsafeStridedMatrix<S>, _ b: UnsafeMutableStridedMatrix<S>
) {
  require(
    a.rows == b.rows && a.columns == b.columns,
    "\(operation): shapes [\(a.rows), \(a.columns)] and [\(b.rows), \(b.columns)] differ")
}
