import LinAlg

extension LSTM {
  /// `W` and `U`, each as one matrix.
  public func backwardWeights(
    _ strategy: ProductStrategy, threads: Int
  ) -> LayerWeights<Scalar> {
    parameters.weights(gates: 4, W: 4, U: 4, .backward, strategy, threads: threads)
  }

  /// One step back in time. With `d = ∂L/∂h[t]`, `y = tanh c` and primes for pre-activations:
  /// ```
  /// dc ← dc + d∘o∘(1 − y²)
  /// di′ = dc∘g∘i(1 − i)      df′ = dc∘c[t−1]∘f(1 − f)
  /// dg′ = dc∘i∘(1 − g²)      do′ = d∘y∘o(1 − o)
  /// dc ← dc∘f                dh ← [di′ df′ dg′ do′]·U
  /// ```
  /// The gate gradients overwrite the saved gates.
  public func backwardStep(_ step: BackwardStep<Scalar>, _ weights: LayerWeights<Scalar>) {
    guard let cell = step.cell, let dCell = step.dCell else {
      failRequirement("an LSTM step needs a cell state")
    }
    Scalar.lstmBackward(step, cell: cell, dCell: dCell, hiddenSize: hiddenSize)
    step.synchronize()
    weights.U.backward(
      rows: step.batch, dGates: step.gates, ldg: 4 * hiddenSize, accumulate: true,
      dx: step.dHidden, ldx: hiddenSize, columns: step.units, reverse: step.isOdd)
  }

  /// `dW += dgatesᵀ·x`, `dU += dgatesᵀ·h[t−1]`, `db += Σ dgates`, `dx = dgates·W` over many steps at once.
  public func accumulateGradients(
    _ span: GradientSpan<Scalar>, _ weights: LayerWeights<Scalar>
  ) {
    let d = parameters.addresses(in: span.dParameters, gates: 4)
    let width = 4 * hiddenSize
    span.accumulateInputWeights(
      column: 0, m: width, inputSize: inputSize, gateWidth: width, into: d.W)
    span.accumulateRecurrentWeights(
      m: width, hiddenSize: hiddenSize, gateWidth: width, into: d.U)
    span.accumulateBias(column: 0, m: width, gateWidth: width, into: d.b)
    span.writeInputs(weights.W, column: 0, gateWidth: width, accumulate: false)
  }
}
