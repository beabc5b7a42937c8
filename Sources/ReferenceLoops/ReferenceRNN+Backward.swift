import RealModule

extension ReferenceRNN {
  /// The gradients of a loss with respect to everything that a forward pass read.
  public struct Gradients {
    /// The gradient on the inputs, `[T, N, D]`; zero at padded steps.
    public var dx: [Scalar]
    /// The gradient on the input weights, `[H, D]`.
    public var dW: [Scalar]
    /// The gradient on the recurrent weights, `[H, H]`.
    public var dU: [Scalar]
    /// The gradient on the biases, `[H]`.
    public var db: [Scalar]
    /// The gradient on the state before the first step, `[N, H]`.
    public var dInitialHidden: [Scalar]

    @inlinable
    init(dx: [Scalar], dW: [Scalar], dU: [Scalar], db: [Scalar], dInitialHidden: [Scalar]) {
      self.dx = dx
      self.dW = dW
      self.dU = dU
      self.db = db
      self.dInitialHidden = dInitialHidden
    }
  }

  /// Carries a loss's gradients back through a forward pass, last step first.
  ///
  /// With `a = W·x[t] + U·h[t−1] + b`,
  /// ```
  /// da = dh∘act′(a)                  tanh′ = 1 − h²     relu′ = [h > 0]
  /// dW += da·x[t]ᵀ     dU += da·h[t−1]ᵀ     db += da
  /// dx[t] = Wᵀ·da      dh[t−1] = Uᵀ·da + dOutputs[t−1]
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
    checkCount("the trace's outputs", trace.outputs.count, "[T, N, H]", T, N, H)
    let dOutputs = dOutputs ?? [Scalar](repeating: 0, count: T * N * H)
    checkCount("dOutputs", dOutputs.count, "[T, N, H]", T, N, H)
    var dHidden = dFinalHidden ?? [Scalar](repeating: 0, count: N * H)
    checkCount("dFinalHidden", dHidden.count, "[N, H]", N, H)

    let (x, outputs, initialHidden) = (trace.x, trace.outputs, trace.initialHidden)
    var dx = [Scalar](repeating: 0, count: T * N * D)
    var dW = [Scalar](repeating: 0, count: H * D)
    var dU = [Scalar](repeating: 0, count: H * H)
    var db = [Scalar](repeating: 0, count: H)
    var da = [Scalar](repeating: 0, count: H)

    for t in stride(from: T - 1, through: 0, by: -1) {
      for n in 0..<N {
        if let lengths = trace.lengths, t >= lengths[n] { continue }
        let row = t * N + n
        let (previous, previousRow) = t == 0 ? (initialHidden, n) : (outputs, row - N)

        for u in 0..<H {
          let h = outputs[row * H + u]
          let dh = dHidden[n * H + u] + dOutputs[row * H + u]
          switch activation {
          case .tanh: da[u] = dh * (1 - h * h)
          case .relu: da[u] = h > 0 ? dh : 0
          }
          db[u] += da[u]
          dHidden[n * H + u] = 0
        }

        addOuterProduct(da, at: 0, rows: H, x, at: row * D, columns: D, to: &dW)
        addOuterProduct(da, at: 0, rows: H, previous, at: previousRow * H, columns: H, to: &dU)
        addTransposedProduct(W, rows: H, columns: D, da, at: 0, to: &dx, at: row * D)
        addTransposedProduct(U, rows: H, columns: H, da, at: 0, to: &dHidden, at: n * H)
      }
    }
    return Gradients(dx: dx, dW: dW, dU: dU, db: db, dInitialHidden: dHidden)
  }
}

extension ReferenceRNN.Gradients: Sendable where Scalar: Sendable {}
