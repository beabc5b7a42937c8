import LinAlg

extension GRU {
  /// One step back in time. With `d = ∂L/∂h[t]` and primes for pre-activations:
  /// ```
  /// dn′ = d∘(1 − z)∘(1 − n²)      dz′ = d∘(h[t−1] − n)∘z(1 − z)
  ///
  /// reset after:   dq = dn′∘r       dr′ = dn′∘q∘r(1 − r)
  ///                dh ← d∘z + [dr′ dz′ dq]·U
  /// reset before:  dm = dn′·Uₙ      dr′ = dm∘h[t−1]∘r(1 − r)
  ///                dh ← d∘z + dm∘r + [dr′ dz′]·[Uᵣ U_z]
  /// ```
  /// The gradients overwrite the saved gates; the bias gradients are summed in the same pass.
  public func backwardStep(_ step: BackwardStep<Scalar>) {
    let (address, H) = (addresses, hiddenSize)
    let d = parameters.addresses(in: step.dParameters, gates: 3)
    switch variant {
    case .resetAfter:
      Scalar.gruResetAfterBackward(
        step, hiddenSize: H, dBias: d.b, dRecurrentBias: d.b + 3 * H)
      StepProduct.backward(
        batch: step.batch, m: 3 * H, k: H, dGates: step.gates, ldg: 4 * H, U: address.U, beta: 1,
        dh: step.dHidden, ldh: H)
    case .resetBefore:
      Scalar.gruResetBeforeBackwardCandidate(step, hiddenSize: H, dBias: d.b)
      StepProduct.backward(
        batch: step.batch, m: H, k: H, dGates: step.gates + 2 * H, ldg: 4 * H,
        U: address.U + 2 * H * H, beta: 0, dh: step.scratch, ldh: H)
      Scalar.gruResetBeforeBackwardReset(
        step, hiddenSize: H, dProduct: step.scratch, dBias: d.b)
      StepProduct.backward(
        batch: step.batch, m: 2 * H, k: H, dGates: step.gates, ldg: 4 * H, U: address.U, beta: 1,
        dh: step.dHidden, ldh: H)
    }
  }

  /// The weight and input gradients over many steps at once. `W` sees dr′ dz′ dn′; `U` sees dr′ dz′
  /// with `h[t−1]`, and for the candidate dq with `h[t−1]` or dn′ with `m`.
  public func accumulateGradients(_ span: GradientSpan<Scalar>) {
    let (address, H) = (addresses, hiddenSize)
    let d = parameters.addresses(in: span.dParameters, gates: 3)
    switch variant {
    case .resetAfter:
      let candidate = 2 * H * inputSize
      accumulateInputProduct(span, m: 2 * H, column: 0, W: address.W, dW: d.W, beta: 0)
      accumulateInputProduct(
        span, m: H, column: 3 * H, W: address.W + candidate, dW: d.W + candidate, beta: 1)
      span.accumulateRecurrentWeights(m: 3 * H, hiddenSize: H, gateWidth: 4 * H, into: d.U)
    case .resetBefore:
      accumulateInputProduct(span, m: 3 * H, column: 0, W: address.W, dW: d.W, beta: 0)
      span.accumulateRecurrentWeights(m: 2 * H, hiddenSize: H, gateWidth: 4 * H, into: d.U)
      SpanProduct.accumulateWeights(
        rows: span.rows, m: H, k: H, dGates: span.dGates + 2 * H, ldg: 4 * H,
        x: span.dGates + 3 * H, ldx: 4 * H, dW: d.U + 2 * H * H)
    }
  }

  /// `dW += dgatesᵀ·x` and `dx = dgates·W + beta·dx` for `m` gate columns from `column` on.
  private func accumulateInputProduct(
    _ span: GradientSpan<Scalar>, m: Int, column: Int, W: UnsafePointer<Scalar>,
    dW: UnsafeMutablePointer<Scalar>, beta: Scalar
  ) {
    let width = 4 * hiddenSize
    SpanProduct.accumulateWeights(
      rows: span.rows, m: m, k: inputSize, dGates: span.dGates + column, ldg: width, x: span.x,
      ldx: inputSize, dW: dW)
    SpanProduct.inputGradient(
      rows: span.rows, m: m, k: inputSize, dGates: span.dGates + column, ldg: width, W: W,
      beta: beta, dx: span.dx)
  }
}
