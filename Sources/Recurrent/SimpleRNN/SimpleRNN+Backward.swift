import LinAlg

extension SimpleRNN {
  /// One step back in time: `da = ∂L/∂h[t] ∘ act′`, `dh ← da·U`; `db` is summed in the same pass.
  public func backwardStep(_ step: BackwardStep<Scalar>) {
    let d = parameters.addresses(in: step.dParameters, gates: 1)
    Scalar.simpleRNNBackward(step, hiddenSize: hiddenSize, dBias: d.b, activation: activation)
    StepProduct.backward(
      batch: step.batch, m: hiddenSize, k: hiddenSize, dGates: step.gates, ldg: hiddenSize,
      U: addresses.U, beta: 1, dh: step.dHidden, ldh: hiddenSize)
  }

  /// `dW += daᵀ·x`, `dU += daᵀ·h[t−1]`, `dx = da·W` over many steps at once.
  public func accumulateGradients(_ span: GradientSpan<Scalar>) {
    let d = parameters.addresses(in: span.dParameters, gates: 1)
    SpanProduct.accumulateWeights(
      rows: span.rows, m: hiddenSize, k: inputSize, dGates: span.dGates, ldg: hiddenSize,
      x: span.x, ldx: inputSize, dW: d.W)
    span.accumulateRecurrentWeights(
      m: hiddenSize, hiddenSize: hiddenSize, gateWidth: hiddenSize, into: d.U)
    SpanProduct.inputGradient(
      rows: span.rows, m: hiddenSize, k: inputSize, dGates: span.dGates, ldg: hiddenSize,
      W: addresses.W, beta: 0, dx: span.dx)
  }
}
