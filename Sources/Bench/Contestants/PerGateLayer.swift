import LinAlg

/// What the per-gate contestants share: their buffers and their products.
///
/// This is what a straightforward port to BLAS does. At each step every gate has two products of its
/// own, `x[t]·W_gᵀ` and `h·U_gᵀ`, then a bias, an activation, and further passes over memory for the
/// state; the backward pass has four products for each gate and step. All buffers are made once.
class PerGateLayer {
  let workload: Workload
  /// How many steps the step buffers hold: all when a backward pass may read them, else one.
  let storedSteps: Int
  let W, U, b: AlignedStorage<Float>
  let recurrentBias: AlignedStorage<Float>
  let initialHidden, initialCell: AlignedStorage<Float>
  let outputs: AlignedStorage<Float>
  let dx, dW, dU, db, dHidden: AlignedStorage<Float>

  var T: Int { workload.shape.T }
  var N: Int { workload.shape.N }
  var D: Int { workload.shape.D }
  var H: Int { workload.shape.H }
  /// The elements of one `[N, H]` buffer.
  var NH: Int { N * H }

  init(_ workload: Workload) {
    self.workload = workload
    let (T, N, D, H) = (
      workload.shape.T, workload.shape.N, workload.shape.D, workload.shape.H
    )
    let G = workload.cell.gates
    storedSteps = workload.mode == .inference ? 1 : T
    W = AlignedStorage(workload.W)
    U = AlignedStorage(workload.U)
    b = AlignedStorage(workload.b)
    recurrentBias = AlignedStorage(workload.recurrentBias)
    initialHidden = AlignedStorage(workload.initialHidden)
    initialCell = AlignedStorage(workload.initialCell)
    outputs = AlignedStorage(repeating: 0, count: T * N * H)
    let gradient = workload.mode.includesBackward ? 1 : 0
    dx = AlignedStorage(repeating: 0, count: gradient * T * N * D)
    dW = AlignedStorage(repeating: 0, count: gradient * G * H * D)
    dU = AlignedStorage(repeating: 0, count: gradient * G * H * H)
    db = AlignedStorage(repeating: 0, count: gradient * G * H)
    dHidden = AlignedStorage(repeating: 0, count: gradient * N * H)
  }

  /// A buffer of `[N, H]` for each stored step.
  func stepBuffer() -> AlignedStorage<Float> {
    AlignedStorage(repeating: 0, count: storedSteps * NH)
  }

  /// A buffer of `[N, H]`.
  func buffer() -> AlignedStorage<Float> { AlignedStorage(repeating: 0, count: NH) }

  /// Where step `t` of a step buffer begins.
  func at(_ t: Int) -> Int { storedSteps == 1 ? 0 : t * NH }

  /// `x[t]`, `[N, D]`.
  func input(_ t: Int) -> UnsafePointer<Float> { UnsafePointer(workload.x.pointer + t * N * D) }

  /// `h[t−1]`, `[N, H]`.
  func previousHidden(_ t: Int) -> UnsafePointer<Float> {
    UnsafePointer(t == 0 ? initialHidden.pointer : outputs.pointer + (t - 1) * NH)
  }

  /// `y ← x[t]·W_gᵀ`.
  func inputProduct(gate: Int, step t: Int, to y: UnsafeMutablePointer<Float>) {
    Float.gemm(
      .none, .transpose, m: N, n: H, k: D, alpha: 1, a: input(t), lda: D,
      b: W.pointer + gate * H * D, ldb: D, beta: 0, c: y, ldc: H)
  }

  /// `y ← h·U_gᵀ + β·y`.
  func recurrentProduct(
    gate: Int, _ h: UnsafePointer<Float>, beta: Float, to y: UnsafeMutablePointer<Float>
  ) {
    Float.gemm(
      .none, .transpose, m: N, n: H, k: H, alpha: 1, a: h, lda: H,
      b: U.pointer + gate * H * H, ldb: H, beta: beta, c: y, ldc: H)
  }

  /// `y ← x[t]·W_gᵀ + h[t−1]·U_gᵀ + b_g`.
  func preactivation(gate: Int, step t: Int, to y: UnsafeMutablePointer<Float>) {
    inputProduct(gate: gate, step: t, to: y)
    recurrentProduct(gate: gate, previousHidden(t), beta: 1, to: y)
    Pass.addBias(b.pointer + gate * H, to: y, rows: N, count: H)
  }

  /// `dx[t] += d·W_g`, `dW_g += dᵀ·x[t]`, `db_g += Σₙ d`, for the gradient `d` on the pre-activation
  /// of gate `gate`, `[N, H]`; the `first` gate of a step overwrites `dx[t]`.
  func backwardInput(gate: Int, step t: Int, first: Bool, _ d: UnsafePointer<Float>) {
    Float.gemm(
      .none, .none, m: N, n: D, k: H, alpha: 1, a: d, lda: H,
      b: W.pointer + gate * H * D, ldb: D, beta: first ? 0 : 1,
      c: dx.pointer + t * N * D, ldc: D)
    Float.gemm(
      .transpose, .none, m: H, n: D, k: N, alpha: 1, a: d, lda: H, b: input(t), ldb: D,
      beta: 1, c: dW.pointer + gate * H * D, ldc: D)
    Pass.addRowSum(d, rows: N, to: db.pointer + gate * H, count: H)
  }

  /// `dh += d·U_g`, `dU_g += dᵀ·h[t−1]`.
  func backwardRecurrent(
    gate: Int, step t: Int, _ d: UnsafePointer<Float>, toHidden dh: UnsafeMutablePointer<Float>
  ) {
    Float.gemm(
      .none, .none, m: N, n: H, k: H, alpha: 1, a: d, lda: H,
      b: U.pointer + gate * H * H, ldb: H, beta: 1, c: dh, ldc: H)
    Float.gemm(
      .transpose, .none, m: H, n: H, k: N, alpha: 1, a: d, lda: H, b: previousHidden(t), ldb: H,
      beta: 1, c: dU.pointer + gate * H * H, ldc: H)
  }

  /// Sets the accumulated gradients to zero, as each training step must.
  func clearGradients() {
    dW.clear()
    dU.clear()
    db.clear()
    dHidden.clear()
  }

  /// The gradient of the loss on the output of step `t`, `[N, H]`.
  func outputGradient(_ t: Int) -> UnsafePointer<Float> {
    UnsafePointer(workload.dOutputs.pointer + t * NH)
  }

  /// The tensors that every cell has.
  func commonResults() -> Results {
    var results = Results(steps: T, batch: N)
    results.set(.outputs, outputs.elements)
    results.set(.finalHidden, outputs.elements[((T - 1) * NH)...])
    if workload.mode.includesBackward {
      results.set(.dx, dx.elements)
      results.set(.dW, dW.elements)
      results.set(.dU, dU.elements)
      results.set(.db, db.elements)
      results.set(.dInitialHidden, dHidden.elements)
    }
    return results
  }
}

extension AlignedStorage where Scalar == Float {
  /// All elements, for reading.
  var elements: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: pointer, count: count) }

  /// Sets all elements to zero.
  fileprivate func clear() { pointer.update(repeating: 0, count: count) }
}
