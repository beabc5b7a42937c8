import LinAlg

extension GRU {
  /// Split as in the pass forward.
  public func backwardWeights(_ strategy: ProductStrategy) -> LayerWeights<Scalar> {
    weights(.backward, strategy)
  }

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
  public func backwardStep(_ step: BackwardStep<Scalar>, _ weights: LayerWeights<Scalar>) {
    let H = hiddenSize
    let d = parameters.addresses(in: step.dParameters, gates: 3)
    switch variant {
    case .resetAfter:
      Scalar.gruResetAfterBackward(
        step, hiddenSize: H, dBias: d.b, dRecurrentBias: d.b + 3 * H)
    case .resetBefore:
      Scalar.gruResetBeforeBackwardCandidate(step, hiddenSize: H, dBias: d.b)
      weights.secondU?.backward(
        rows: step.batch, dGates: step.gates + 2 * H, ldg: 4 * H, accumulate: false,
        dx: step.scratch, ldx: H)
      Scalar.gruResetBeforeBackwardReset(
        step, hiddenSize: H, dProduct: step.scratch, dBias: d.b)
    }
    weights.U.backward(
      rows: step.batch, dGates: step.gates, ldg: 4 * H, accumulate: true, dx: step.dHidden,
      ldx: H)
  }

  /// The weight and input gradients over many steps at once. `W` sees dr′ dz′ dn′; `U` sees dr′ dz′
  /// with `h[t−1]`, and for the candidate dq with `h[t−1]` or dn′ with `m`.
  public func accumulateGradients(
    _ span: GradientSpan<Scalar>, _ weights: LayerWeights<Scalar>
  ) {
    let (D, H, width) = (inputSize, hiddenSize, 4 * hiddenSize)
    let d = parameters.addresses(in: span.dParameters, gates: 3)
    span.accumulateInputWeights(
      column: 0, m: weights.W.m, inputSize: D, gateWidth: width, into: d.W)
    span.accumulateRecurrentWeights(m: weights.U.m, hiddenSize: H, gateWidth: width, into: d.U)
    weights.W.backward(
      rows: span.rows, dGates: span.dGates, ldg: width, accumulate: false, dx: span.dx, ldx: D)
    if let candidate = weights.secondW {
      span.accumulateInputWeights(
        column: 3 * H, m: H, inputSize: D, gateWidth: width, into: d.W + 2 * H * D)
      candidate.backward(
        rows: span.rows, dGates: span.dGates + 3 * H, ldg: width, accumulate: true, dx: span.dx,
        ldx: D)
    }
    if weights.secondU != nil {
      span.accumulate(
        rows: span.rows, dGates: span.dGates + 2 * H, m: H, gateWidth: width,
        operand: span.dGates + 3 * H, k: H, ld: width, into: d.U + 2 * H * H)
    }
  }
}
