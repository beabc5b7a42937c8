import LinAlg

extension SimpleRNN {
  /// `W` and `U`, each as one matrix.
  public func backwardWeights(
    _ strategy: ProductStrategy, threads: Int
  ) -> LayerWeights<Scalar> {
    parameters.weights(gates: 1, W: 1, U: 1, .backward, strategy, threads: threads)
  }

  /// One step back in time: `da = ∂L/∂h[t] ∘ act′`, `dh ← da·U`.
  public func backwardStep(_ step: BackwardStep<Scalar>, _ weights: LayerWeights<Scalar>) {
    Scalar.simpleRNNBackward(step, hiddenSize: hiddenSize, activation: activation)
    step.synchronize()
    weights.U.backward(
      rows: step.batch, dGates: step.gates, ldg: hiddenSize, accumulate: true, dx: step.dHidden,
      ldx: hiddenSize, columns: step.units, reverse: step.isOdd)
  }

  /// `dW += daᵀ·x`, `dU += daᵀ·h[t−1]`, `db += Σ da`, `dx = da·W` over many steps at once.
  public func accumulateGradients(
    _ span: GradientSpan<Scalar>, _ weights: LayerWeights<Scalar>
  ) {
    let d = parameters.addresses(in: span.dParameters, gates: 1)
    span.accumulateInputWeights(
      column: 0, m: hiddenSize, inputSize: inputSize, gateWidth: hiddenSize, into: d.W)
    span.accumulateRecurrentWeights(
      m: hiddenSize, hiddenSize: hiddenSize, gateWidth: hiddenSize, into: d.U)
    span.accumulateBias(column: 0, m: hiddenSize, gateWidth: hiddenSize, into: d.b)
    span.writeInputs(weights.W, column: 0, gateWidth: hiddenSize, accumulate: false)
  }
}
