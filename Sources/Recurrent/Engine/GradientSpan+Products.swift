import LinAlg

extension GradientSpan where Scalar: RecurrentScalar {
  /// `dW += dgatesᵀ·x` for the gate columns `column ..< column + m`.
  func accumulateInputWeights(
    column: Int, m: Int, inputSize: Int, gateWidth: Int, into dW: UnsafeMutablePointer<Scalar>
  ) {
    accumulate(
      rows: rows, dGates: dGates + column, m: m, gateWidth: gateWidth, operand: x, k: inputSize,
      ld: inputSize, into: dW)
  }

  /// `dU += dgatesᵀ·h[t−1]` for the gate columns `0 ..< m`.
  func accumulateRecurrentWeights(
    m: Int, hiddenSize: Int, gateWidth: Int, into dU: UnsafeMutablePointer<Scalar>
  ) {
    if let initialHidden, initialRows > 0 {
      accumulate(
        rows: initialRows, dGates: dGates, m: m, gateWidth: gateWidth, operand: initialHidden,
        k: hiddenSize, ld: hiddenSize, into: dU)
    }
    accumulate(
      rows: rows - initialRows, dGates: dGates + initialRows * gateWidth, m: m,
      gateWidth: gateWidth, operand: previousHidden, k: hiddenSize, ld: hiddenSize, into: dU)
  }

  /// `dWeights [m, k] += dgatesᵀ·operand`, for `dgates [rows, m]` and `operand [rows, k]`.
  func accumulate(
    rows: Int, dGates: UnsafePointer<Scalar>, m: Int, gateWidth: Int,
    operand: UnsafePointer<Scalar>, k: Int, ld: Int, into dWeights: UnsafeMutablePointer<Scalar>
  ) {
    Scalar.gemm(
      .transpose, .none, m: m, n: k, k: rows, alpha: 1, a: dGates, lda: gateWidth, b: operand,
      ldb: ld, beta: 1, c: dWeights, ldc: k)
  }
}
