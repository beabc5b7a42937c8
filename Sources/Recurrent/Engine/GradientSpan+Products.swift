import LinAlg

/// Consecutive steps whose gate gradients are complete.
struct GradientSpan<Scalar> {
  /// How many rows: `N` for each step, or as many as run.
  var rows: Int
  /// The gradients of the pre-activations, `[rows, blocks·H]`.
  var dGates: UnsafePointer<Scalar>
  /// The inputs of these steps, `[rows, D]`.
  var x: UnsafePointer<Scalar>
  /// Receives the gradients of the inputs, `[rows, D]`.
  var dx: UnsafeMutablePointer<Scalar>
  /// The first rows, whose `h[t−1]` is the initial state (`initialHidden`, nil for zeros); 0 or `N`.
  var initialRows: Int
  /// `h[t−1]` of the first ``initialRows`` rows, or nil for zeros.
  var initialHidden: UnsafePointer<Scalar>?
  /// `h[t−1]` of the other rows, consecutive.
  var previousHidden: UnsafePointer<Scalar>
  /// `c[t−1]` of the first ``initialRows`` rows, or nil for zeros and for cells without one.
  var initialCell: UnsafePointer<Scalar>?
  /// `c[t−1]` of the other rows, consecutive, for cells that have one.
  var previousCell: UnsafePointer<Scalar>?
  /// The gradients of all parameters, laid out as the parameters are; accumulated.
  var dParameters: UnsafeMutablePointer<Scalar>
  /// This member's memory for packing operands, or nil where OpenBLAS computes the products.
  let scratch: UnsafeMutablePointer<Scalar>?
  let member: TeamMember
  /// Where the rows stand among the `N` of each step, where some of these have ended.
  var places: PlacesInSpan?
}

/// The places of rows among all rows of consecutive steps.
struct PlacesInSpan {
  /// Nil where the rows are the first of all.
  let places: UnsafePointer<Int>?
  /// The place of the first row of the first step.
  let first: Int
  /// All rows of these steps.
  let count: Int
}

// Each member of a call computes some rows of dW and dU, some elements of db and some rows of dx: a sum
// over the span's rows is one chain in any division, so the result does not depend on it.
extension GradientSpan where Scalar: RecurrentScalar {
  /// `db += Σ dgates` for the gate columns `column ..< column + m`.
  func accumulateBias(
    column: Int, m: Int, gateWidth: Int, into db: UnsafeMutablePointer<Scalar>
  ) {
    let mine = member.share(of: m, inMultiplesOf: Self.columnBlock)
    let start = dGates + column + mine.lowerBound
    if let places {
      Scalar.addColumnSums(
        rows: rows, at: places, columns: mine.count, of: start, ld: gateWidth,
        to: db + mine.lowerBound)
    } else {
      Scalar.addColumnSums(
        rows: rows, columns: mine.count, of: start, ld: gateWidth, to: db + mine.lowerBound)
    }
  }

  /// `dWeights [m, k] += dgatesᵀ·operand`, for `dgates [rows, m]`, the `operand [rows, k]` and the weights
  /// of a run: wherever these are, if the products are packed.
  func accumulate(
    _ run: ProductRun, rows: Int, dGates: UnsafePointer<Scalar>, gateWidth: Int,
    operand: UnsafePointer<Scalar>, ld: Int
  ) {
    let k = run.k
    let mine = member.share(of: run.columns, inMultiplesOf: Self.columnBlock)
    let weights = run.weights.from(mine.lowerBound, count: mine.count, k: k)
    let d = dGates + mine.lowerBound
    if let scratch, let format = Scalar.packFormat {
      format.addWeightGradient(
        m: mine.count, k: k, rows: rows, dGates: d, ldg: gateWidth, x: operand, ldx: ld,
        to: dParameters + weights.start, split: weights.split, rest: dParameters + weights.rest,
        scratch: scratch)
    } else {
      Scalar.gemm(
        .transpose, .none, m: mine.count, n: k, k: rows, alpha: 1, a: d, lda: gateWidth,
        b: operand, ldb: ld, beta: 1, c: dParameters + weights.start, ldc: k)
    }
  }

  /// Gate columns that one member keeps together: a cache line of biases, and whole register tiles.
  private static var columnBlock: Int { 48 }

  /// How many scalars of scratch memory each member needs for the largest product.
  static func scratchCount(rows: Int, gateWidth: Int, features: Int) -> Int {
    Scalar.packFormat?.weightGradientScratch(m: gateWidth, k: features, rows: rows) ?? 0
  }
}
