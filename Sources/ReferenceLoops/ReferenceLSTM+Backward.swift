import RealModule

extension ReferenceLSTM {
  /// The gradients of a loss with respect to everything that a forward pass read.
  public struct Gradients {
    /// The gradient on the inputs, `[T, N, D]`; zero at padded steps.
    public var dx: [Scalar]
    /// The gradient on the input weights, `[4H, D]`.
    public var dW: [Scalar]
    /// The gradient on the recurrent weights, `[4H, H]`.
    public var dU: [Scalar]
    /// The gradient on the biases, `[4H]`.
    public var db: [Scalar]
    /// The gradient on the hidden state before the first step, `[N, H]`.
    public var dInitialHidden: [Scalar]
    /// The gradient on the cell state before the first step, `[N, H]`.
    public var dInitialCell: [Scalar]

    @inlinable
    init(
      dx: [Scalar], dW: [Scalar], dU: [Scalar], db: [Scalar],
      dInitialHidden: [Scalar], dInitialCell: [Scalar]
    ) {
      self.dx = dx
      self.dW = dW
      self.dU = dU
      self.db = db
      self.dInitialHidden = dInitialHidden
      self.dInitialCell = dInitialCell
    }
  }

  /// Carries a loss's gradients back through a forward pass, last step first.
  ///
  /// With `a` the sums before the activations,
  /// ```
  /// do = dh∘tanh(c[t])                      dc += dh∘o∘(1 − tanh²(c[t]))
  /// di = dc∘g     df = dc∘c[t−1]     dg = dc∘i     dc[t−1] = dc∘f
  /// da = [di∘i∘(1−i)   df∘f∘(1−f)   dg∘(1−g²)   do∘o∘(1−o)]
  /// dW += da·x[t]ᵀ     dU += da·h[t−1]ᵀ     db += da
  /// dx[t] = Wᵀ·da      dh[t−1] = Uᵀ·da + dOutputs[t−1]
  /// ```
  ///
  /// - Parameters:
  ///   - trace: what ``forward(_:steps:batch:initialHidden:initialCell:lengths:)`` returned, with
  ///     these weights.
  ///   - dOutputs: the gradient on the outputs, `[T, N, H]`; `nil` means zeros. Padded steps are
  ///     not read, because their outputs depend on nothing.
  ///   - dFinalHidden: the gradient on the final hidden state, `[N, H]`; `nil` means zeros.
  ///   - dFinalCell: the gradient on the final cell state, `[N, H]`; `nil` means zeros.
  /// - Precondition: every array has the shape stated above.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  @inlinable
  public func backward(
    _ trace: Trace,
    dOutputs: [Scalar]? = nil, dFinalHidden: [Scalar]? = nil, dFinalCell: [Scalar]? = nil
  ) -> Gradients {
    let (T, N, D, H) = (trace.steps, trace.batch, inputSize, hiddenSize)
    checkShapes()
    checkCount("the trace's x", trace.x.count, "[T, N, D]", T, N, D)
    checkCount("the trace's gates", trace.gates.count, "[T, N, 4H]", T, N, 4 * H)
    let dOutputs = dOutputs ?? [Scalar](repeating: 0, count: T * N * H)
    var dHidden = dFinalHidden ?? [Scalar](repeating: 0, count: N * H)
    var dCell = dFinalCell ?? [Scalar](repeating: 0, count: N * H)
    checkCount("dOutputs", dOutputs.count, "[T, N, H]", T, N, H)
    checkCount("dFinalHidden", dHidden.count, "[N, H]", N, H)
    checkCount("dFinalCell", dCell.count, "[N, H]", N, H)

    let (x, gates, cells, outputs) = (trace.x, trace.gates, trace.cells, trace.outputs)
    var dx = [Scalar](repeating: 0, count: T * N * D)
    var dW = [Scalar](repeating: 0, count: 4 * H * D)
    var dU = [Scalar](repeating: 0, count: 4 * H * H)
    var db = [Scalar](repeating: 0, count: 4 * H)
    var da = [Scalar](repeating: 0, count: 4 * H)

    for t in stride(from: T - 1, through: 0, by: -1) {
      for n in 0..<N {
        if let lengths = trace.lengths, t >= lengths[n] { continue }
        let row = t * N + n
        let gate = row * 4 * H
        let (previousHidden, previousCell, previousRow) =
          t == 0 ? (trace.initialHidden, trace.initialCell, n) : (outputs, cells, row - N)

        for u in 0..<H {
          let i = gates[gate + u]
          let f = gates[gate + H + u]
          let g = gates[gate + 2 * H + u]
          let o = gates[gate + 3 * H + u]
          let tanhC = Scalar.tanh(cells[row * H + u])
          let dh = dHidden[n * H + u] + dOutputs[row * H + u]
          let dc = dCell[n * H + u] + dh * o * (1 - tanhC * tanhC)

          da[u] = dc * g * i * (1 - i)
          da[H + u] = dc * previousCell[previousRow * H + u] * f * (1 - f)
          da[2 * H + u] = dc * i * (1 - g * g)
          da[3 * H + u] = dh * tanhC * o * (1 - o)
          dCell[n * H + u] = dc * f
          dHidden[n * H + u] = 0
        }
        for j in 0..<4 * H { db[j] += da[j] }

        addOuterProduct(da, at: 0, rows: 4 * H, x, at: row * D, columns: D, to: &dW)
        addOuterProduct(
          da, at: 0, rows: 4 * H, previousHidden, at: previousRow * H, columns: H, to: &dU)
        addTransposedProduct(W, rows: 4 * H, columns: D, da, at: 0, to: &dx, at: row * D)
        addTransposedProduct(U, rows: 4 * H, columns: H, da, at: 0, to: &dHidden, at: n * H)
      }
    }
    return Gradients(
      dx: dx, dW: dW, dU: dU, db: db, dInitialHidden: dHidden, dInitialCell: dCell)
  }
}

extension ReferenceLSTM.Gradients: Sendable where Scalar: Sendable {}
