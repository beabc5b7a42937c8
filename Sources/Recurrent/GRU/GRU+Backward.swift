import LinAlg

extension GRU {
  /// Split as in the pass forward.
  public func backwardWeights(
    _ strategy: ProductStrategy, threads: Int
  ) -> LayerWeights<Scalar> {
    weights(.backward, strategy, threads: threads)
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
  /// The gradients overwrite the saved gates.
  public func backwardStep(_ step: BackwardStep<Scalar>, _ weights: LayerWeights<Scalar>) {
    let H = hiddenSize
    switch variant {
    case .resetAfter:
      Scalar.gruResetAfterBackward(step, hiddenSize: H)
    case .resetBefore:
      Scalar.gruResetBeforeBackwardCandidate(step, hiddenSize: H)
      step.synchronize()
      weights.secondU?.backward(
        rows: step.batch, dGates: step.gates + 2 * H, ldg: 4 * H, accumulate: false,
        dx: step.scratch, ldx: H, columns: step.units, reverse: step.isOdd)
      Scalar.gruResetBeforeBackwardReset(step, hiddenSize: H, dProduct: step.scratch)
    }
    step.synchronize()
    weights.U.backward(
      rows: step.batch, dGates: step.gates, ldg: 4 * H, accumulate: true, dx: step.dHidden,
      ldx: H, columns: step.units, reverse: step.isOdd)
  }

  /// The parameter and input gradients over many steps at once. `W` sees dr′ dz′ dn′; `U` sees dr′ dz′
  /// with `h[t−1]`, and for the candidate dq with `h[t−1]` or dn′ with `m`.
  public func accumulateGradients(
    _ span: GradientSpan<Scalar>, _ weights: LayerWeights<Scalar>
  ) {
    let (D, H, width) = (inputSize, hiddenSize, 4 * hiddenSize)
    let d = parameters.addresses(in: span.dParameters, gates: 3)
    span.accumulateInputWeights(
      column: 0, m: weights.W.m, inputSize: D, gateWidth: width, into: d.W)
    span.accumulateRecurrentWeights(m: weights.U.m, hiddenSize: H, gateWidth: width, into: d.U)
    // dr′ and dz′ lie first in both forms; dn′ behind them, or behind dq.
    span.accumulateBias(column: 0, m: 2 * H, gateWidth: width, into: d.b)
    switch variant {
    case .resetAfter:
      span.accumulateBias(column: 3 * H, m: H, gateWidth: width, into: d.b + 2 * H)
      span.accumulateBias(column: 2 * H, m: H, gateWidth: width, into: d.b + 3 * H)
    case .resetBefore:
      span.accumulateBias(column: 2 * H, m: H, gateWidth: width, into: d.b + 2 * H)
    }
    span.writeInputs(weights.W, column: 0, gateWidth: width, accumulate: false)
    if let candidate = weights.secondW {
      span.accumulateInputWeights(
        column: 3 * H, m: H, inputSize: D, gateWidth: width, into: d.W + 2 * H * D)
      span.writeInputs(candidate, column: 3 * H, gateWidth: width, accumulate: true)
    }
    if weights.secondU != nil {
      span.accumulate(
        rows: span.rows, dGates: span.dGates + 2 * H, m: H, gateWidth: width,
        operand: span.dGates + 3 * H, k: H, ld: width, into: d.U + 2 * H * H)
    }
  }
}
