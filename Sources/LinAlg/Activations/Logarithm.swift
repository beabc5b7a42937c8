// The natural logarithm of every element. It is no `Activation`, because its derivative 1/x is not
// to be had from its output without loss.

extension MatrixOperand where Self: ~Copyable {
  /// The natural logarithms, a new matrix: `-∞` for zeros, NaN for negative numbers.
  public borrowing func log() -> Matrix<Scalar> {
    var y = Matrix(self)
    y.withUnsafeMutableElements {
      Scalar.log($0.pointer, into: $0.pointer, count: $0.rows * $0.columns)
    }
    return y
  }
}

extension VectorOperand where Self: ~Copyable {
  /// The natural logarithms, a new vector: `-∞` for zeros, NaN for negative numbers.
  public borrowing func log() -> Vector<Scalar> {
    var y = Vector(copyOf: self)
    y.withUnsafeMutableElements { Scalar.log($0.pointer, into: $0.pointer, count: $0.count) }
    return y
  }
}
