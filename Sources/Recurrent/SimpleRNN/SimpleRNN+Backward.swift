import LinAlg

extension SimpleRNN {
  /// `W` and `U`, each as one matrix.
  public func backwardWeights(_ strategy: ProductStrategy) -> LayerWeights<Scalar> {
    parameters.weights(gates: 1, W: 1, U: 1, .backward, strategy)
  }

  /// One step back in time: `da = ∂L/∂h[t] ∘ act′`, `dh ← da·U`; `db` is summed in the same pass.
  public func backwardStep(_ step: BackwardStep<Scalar>, _ weights: LayerWeights<Scalar>) {
    let d = parameters.addresses(in: step.dParameters, gates: 1)
    Scalar.simpleRNNBackward(step, hiddenSize: hiddenSize, dBias: d.b, activation: activation)
    weights.U.backward(
      rows: step.batch, dGates: step.gates, ldg: hiddenSize, accumulate: true, dx: step.dHidden,
      ldx: hiddenSize)
  }

  /// `dW += daᵀ·x`, `dU += daᵀ·h[t−1]`, `dx = da·W` over many steps at once.
  public func accumulateGradients(
    _ span: GradientSpan<Scalar>, _ weights: LayerWeights<Scalar>
  ) {
    let d = parameters.addresses(in: span.dParameters, gates: 1)
    span.accumulateInputWeights(
      column: 0, m: hiddenSize, inputSize: inputSize, gateWidth: hiddenSize, into: d.W)
    span.accumulateRecurrentWeights(
      m: hiddenSize, hiddenSize: hiddenSize, gateWidth: hiddenSize, into: d.U)
    weights.W.backward(
      rows: span.rows, dGates: span.dGates, ldg: hiddenSize, accumulate: false, dx: span.dx,
      ldx: inputSize)
  }
}
