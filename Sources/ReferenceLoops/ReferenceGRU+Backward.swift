import RealModule

extension ReferenceGRU {
  /// The gradients of a loss with respect to everything that a forward pass read.
  public struct Gradients {
    /// The gradient on the inputs, `[T, N, D]`; zero at padded steps.
    public var dx: [Scalar]
    /// The gradient on the input weights, `[3H, D]`.
    public var dW: [Scalar]
    /// The gradient on the recurrent weights, `[3H, H]`.
    public var dU: [Scalar]
    /// The gradient on the biases, `[3H]`.
    public var db: [Scalar]
    /// The gradient on the candidate's recurrent bias, `[H]`; empty for `.resetBefore`.
    public var dRecurrentBias: [Scalar]
    /// The gradient on the hidden state before the first step, `[N, H]`.
    public var dInitialHidden: [Scalar]

    @inlinable
    init(
      dx: [Scalar], dW: [Scalar], dU: [Scalar], db: [Scalar], dRecurrentBias: [Scalar],
      dInitialHidden: [Scalar]
    ) {
      self.dx = dx
      self.dW = dW
      self.dU = dU
      self.db = db
      self.dRecurrentBias = dRecurrentBias
      self.dInitialHidden = dInitialHidden
    }
  }

  /// Carries a loss's gradients back through a forward pass, last step first.
  ///
  /// With `a` the sums before the activations and `q = Uₙ·h[t−1] + recurrentBias`,
  /// ```
  /// dn = dh∘(1−z)     dz = dh∘(h[t−1] − n)     dh[t−1] = dh∘z + …
  /// daₙ = dn∘(1−n²)   da_z = dz∘z∘(1−z)        da_r = dr∘r∘(1−r)
  /// .resetAfter:   dr = daₙ∘q      dq = daₙ∘r      dUₙ += dq·h[t−1]ᵀ      dh[t−1] += Uₙᵀ·dq
  /// .resetBefore:  dv = Uₙᵀ·daₙ    dr = dv∘h[t−1]   dUₙ += daₙ·(r∘h[t−1])ᵀ   dh[t−1] += dv∘r
  /// dW += da·x[t]ᵀ     dU_rz += da_rz·h[t−1]ᵀ     db += da     dRecurrentBias += dq
  /// dx[t] = Wᵀ·da      dh[t−1] += U_rzᵀ·da_rz + dOutputs[t−1]
  /// ```
  ///
  /// - Parameters:
  ///   - trace: what ``forward(_:steps:batch:initialHidden:lengths:)`` returned, with these weights.
  ///   - dOutputs: the gradient on the outputs, `[T, N, H]`; `nil` means zeros. Padded steps are
  ///     not read, because their outputs depend on nothing.
  ///   - dFinalHidden: the gradient on the final state, `[N, H]`; `nil` means zeros.
  /// - Precondition: every array has the shape stated above.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  @inlinable
  public func backward(
    _ trace: Trace, dOutputs: [Scalar]? = nil, dFinalHidden: [Scalar]? = nil
  ) -> Gradients {
    let (T, N, D, H) = (trace.steps, trace.batch, inputSize, hiddenSize)
    checkShapes()
    checkCount("the trace's x", trace.x.count, "[T, N, D]", T, N, D)
    checkCount("the trace's gates", trace.gates.count, "[T, N, 3H]", T, N, 3 * H)
    let dOutputs = dOutputs ?? [Scalar](repeating: 0, count: T * N * H)
    var dHidden = dFinalHidden ?? [Scalar](repeating: 0, count: N * H)
    checkCount("dOutputs", dOutputs.count, "[T, N, H]", T, N, H)
    checkCount("dFinalHidden", dHidden.count, "[N, H]", N, H)

    let (x, gates, outputs, products) =
      (trace.x, trace.gates, trace.outputs, trace.candidateProducts)
    var dx = [Scalar](repeating: 0, count: T * N * D)
    var dW = [Scalar](repeating: 0, count: 3 * H * D)
    var dU = [Scalar](repeating: 0, count: 3 * H * H)
    var db = [Scalar](repeating: 0, count: 3 * H)
    var dRecurrentBias = [Scalar](repeating: 0, count: variant == .resetAfter ? H : 0)
    var da = [Scalar](repeating: 0, count: 3 * H)
    var dProduct = [Scalar](repeating: 0, count: H)
    var resetHidden = [Scalar](repeating: 0, count: H)
    var dResetHidden = [Scalar](repeating: 0, count: H)
    let candidateWeights = 2 * H * H

    for t in stride(from: T - 1, through: 0, by: -1) {
      for n in 0..<N {
        if let lengths = trace.lengths, t >= lengths[n] { continue }
        let row = t * N + n
        let gate = row * 3 * H
        let (previous, previousRow) = t == 0 ? (trace.initialHidden, n) : (outputs, row - N)

        for u in 0..<H {
          let z = gates[gate + H + u]
          let candidate = gates[gate + 2 * H + u]
          let dh = dHidden[n * H + u] + dOutputs[row * H + u]
          da[H + u] = dh * (previous[previousRow * H + u] - candidate) * z * (1 - z)
          da[2 * H + u] = dh * (1 - z) * (1 - candidate * candidate)
          dHidden[n * H + u] = dh * z
        }

        switch variant {
        case .resetAfter:
          for u in 0..<H {
            let r = gates[gate + u]
            da[u] = da[2 * H + u] * products[row * H + u] * r * (1 - r)
            dProduct[u] = da[2 * H + u] * r
            dRecurrentBias[u] += dProduct[u]
          }
          addOuterProduct(
            dProduct, at: 0, rows: H, previous, at: previousRow * H, columns: H,
            to: &dU, from: candidateWeights)
          addTransposedProduct(
            U, from: candidateWeights, rows: H, columns: H,
            dProduct, at: 0, to: &dHidden, at: n * H)
        case .resetBefore:
          for u in 0..<H {
            resetHidden[u] = gates[gate + u] * previous[previousRow * H + u]
            dResetHidden[u] = 0
          }
          addOuterProduct(
            da, at: 2 * H, rows: H, resetHidden, at: 0, columns: H, to: &dU, from: candidateWeights)
          addTransposedProduct(
            U, from: candidateWeights, rows: H, columns: H, da, at: 2 * H, to: &dResetHidden, at: 0)
          for u in 0..<H {
            let r = gates[gate + u]
            da[u] = dResetHidden[u] * previous[previousRow * H + u] * r * (1 - r)
            dHidden[n * H + u] += dResetHidden[u] * r
          }
        }
        for j in 0..<3 * H { db[j] += da[j] }

        addOuterProduct(da, at: 0, rows: 3 * H, x, at: row * D, columns: D, to: &dW)
        addOuterProduct(da, at: 0, rows: 2 * H, previous, at: previousRow * H, columns: H, to: &dU)
        addTransposedProduct(W, rows: 3 * H, columns: D, da, at: 0, to: &dx, at: row * D)
        addTransposedProduct(U, rows: 2 * H, columns: H, da, at: 0, to: &dHidden, at: n * H)
      }
    }
    return Gradients(
      dx: dx, dW: dW, dU: dU, db: db, dRecurrentBias: dRecurrentBias, dInitialHidden: dHidden)
  }
}

extension ReferenceGRU.Gradients: Sendable where Scalar: Sendable {}
