import LinAlg

/// How the products of a single step are computed: the choice is made at run time, by shape.
///
/// A matrix product of OpenBLAS repacks the recurrent weights on every call, which only pays when
/// many rows share it; a matrix–vector product reads them once per row and packs nothing.
public enum StepStrategy: Sendable, Hashable {
  /// One matrix product for the whole batch.
  case matrixProduct
  /// One matrix–vector product for each sequence.
  case vectorProducts

  /// The faster of the two for a batch of `batch` sequences; the measurement that set the threshold
  /// is in `Benchmarks/NOTES.md`.
  public static func chosen(batch: Int) -> StepStrategy {
    batch <= largestVectorBatch ? .vectorProducts : .matrixProduct
  }

  static var largestVectorBatch: Int { 2 }
}

/// The two products of a step, for a weight matrix `[rows, H]` whose rows belong to gates.
enum StepProduct<Scalar: RecurrentScalar> {
  /// `gates += h·Uᵀ`, for `[N, k]` rows of `h` and `U: [m, k]`.
  ///
  /// - Parameters:
  ///   - ldh: scalars between two rows of `h`.
  ///   - ldg: scalars between two rows of `gates`.
  static func forward(
    batch: Int, m: Int, k: Int, h: UnsafePointer<Scalar>, ldh: Int, U: UnsafePointer<Scalar>,
    gates: UnsafeMutablePointer<Scalar>, ldg: Int
  ) {
    switch StepStrategy.chosen(batch: batch) {
    case .matrixProduct:
      Scalar.gemm(
        .none, .transpose, m: batch, n: m, k: k, alpha: 1, a: h, lda: ldh, b: U, ldb: k,
        beta: 1, c: gates, ldc: ldg)
    case .vectorProducts:
      for n in 0..<batch {
        Scalar.gemv(
          .none, m: m, n: k, alpha: 1, a: U, lda: k, x: h + n * ldh, incx: 1,
          beta: 1, y: gates + n * ldg, incy: 1)
      }
    }
  }

  /// `dh = dgates·U + beta·dh`, for `dgates: [N, m]` and `U: [m, k]`.
  static func backward(
    batch: Int, m: Int, k: Int, dGates: UnsafePointer<Scalar>, ldg: Int, U: UnsafePointer<Scalar>,
    beta: Scalar, dh: UnsafeMutablePointer<Scalar>, ldh: Int
  ) {
    switch StepStrategy.chosen(batch: batch) {
    case .matrixProduct:
      Scalar.gemm(
        .none, .none, m: batch, n: k, k: m, alpha: 1, a: dGates, lda: ldg, b: U, ldb: k,
        beta: beta, c: dh, ldc: ldh)
    case .vectorProducts:
      for n in 0..<batch {
        Scalar.gemv(
          .transpose, m: m, n: k, alpha: 1, a: U, lda: k, x: dGates + n * ldg, incx: 1,
          beta: beta, y: dh + n * ldh, incy: 1)
      }
    }
  }
}

/// The products that serve many steps at once.
enum SpanProduct<Scalar: RecurrentScalar> {
  /// `gates = x·Wᵀ`, for `x: [rows, k]` and `W: [m, k]`.
  static func project(
    rows: Int, m: Int, k: Int, x: UnsafePointer<Scalar>, W: UnsafePointer<Scalar>,
    gates: UnsafeMutablePointer<Scalar>, ldg: Int
  ) {
    Scalar.gemm(
      .none, .transpose, m: rows, n: m, k: k, alpha: 1, a: x, lda: k, b: W, ldb: k,
      beta: 0, c: gates, ldc: ldg)
  }

  /// `dW += dgatesᵀ·x`, for `dgates: [rows, m]`, `x: [rows, k]` and `dW: [m, k]`.
  static func accumulateWeights(
    rows: Int, m: Int, k: Int, dGates: UnsafePointer<Scalar>, ldg: Int, x: UnsafePointer<Scalar>,
    ldx: Int, dW: UnsafeMutablePointer<Scalar>
  ) {
    Scalar.gemm(
      .transpose, .none, m: m, n: k, k: rows, alpha: 1, a: dGates, lda: ldg, b: x, ldb: ldx,
      beta: 1, c: dW, ldc: k)
  }

  /// `dx = dgates·W + beta·dx`, for `dgates: [rows, m]` and `W: [m, k]`.
  static func inputGradient(
    rows: Int, m: Int, k: Int, dGates: UnsafePointer<Scalar>, ldg: Int, W: UnsafePointer<Scalar>,
    beta: Scalar, dx: UnsafeMutablePointer<Scalar>
  ) {
    Scalar.gemm(
      .none, .none, m: rows, n: k, k: m, alpha: 1, a: dGates, lda: ldg, b: W, ldb: k,
      beta: beta, c: dx, ldc: k)
  }
}

extension GradientSpan where Scalar: RecurrentScalar {
  /// `dU += dgatesᵀ·h[t−1]` over all steps of the span.
  ///
  /// - Parameters:
  ///   - m: the gate columns that `U` feeds, starting with the first.
  ///   - gateWidth: scalars between two rows of the gates.
  func accumulateRecurrentWeights(
    m: Int, hiddenSize: Int, gateWidth: Int, into dU: UnsafeMutablePointer<Scalar>
  ) {
    if let initialHidden, initialRows > 0 {
      SpanProduct.accumulateWeights(
        rows: initialRows, m: m, k: hiddenSize, dGates: dGates, ldg: gateWidth, x: initialHidden,
        ldx: hiddenSize, dW: dU)
    }
    SpanProduct.accumulateWeights(
      rows: rows - initialRows, m: m, k: hiddenSize, dGates: dGates + initialRows * gateWidth,
      ldg: gateWidth, x: previousHidden, ldx: hiddenSize, dW: dU)
  }
}
