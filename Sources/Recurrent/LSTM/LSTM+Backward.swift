import LinAlg

extension LSTM {
  /// One step back in time. With `d = ∂L/∂h[t]`, `y = tanh c` and primes for pre-activations:
  /// ```
  /// dc ← dc + d∘o∘(1 − y²)
  /// di′ = dc∘g∘i(1 − i)      df′ = dc∘c[t−1]∘f(1 − f)
  /// dg′ = dc∘i∘(1 − g²)      do′ = d∘y∘o(1 − o)
  /// dc ← dc∘f                dh ← [di′ df′ dg′ do′]·U
  /// ```
  /// The gate gradients overwrite the saved gates; `db` is summed in the same pass.
  public func backwardStep(_ step: BackwardStep<Scalar>) {
    guard let cell = step.cell, let dCell = step.dCell else {
      preconditionFailure("an LSTM step needs a cell state")
    }
    let d = parameters.addresses(in: step.dParameters, gates: 4)
    Scalar.lstmBackward(step, cell: cell, dCell: dCell, hiddenSize: hiddenSize, dBias: d.b)
    StepProduct.backward(
      batch: step.batch, m: 4 * hiddenSize, k: hiddenSize, dGates: step.gates,
      ldg: 4 * hiddenSize, U: addresses.U, beta: 1, dh: step.dHidden, ldh: hiddenSize)
  }

  /// `dW += dgatesᵀ·x`, `dU += dgatesᵀ·h[t−1]`, `dx = dgates·W` over many steps at once.
  public func accumulateGradients(_ span: GradientSpan<Scalar>) {
    let d = parameters.addresses(in: span.dParameters, gates: 4)
    let width = 4 * hiddenSize
    SpanProduct.accumulateWeights(
      rows: span.rows, m: width, k: inputSize, dGates: span.dGates, ldg: width, x: span.x,
      ldx: inputSize, dW: d.W)
    span.accumulateRecurrentWeights(
      m: width, hiddenSize: hiddenSize, gateWidth: width, into: d.U)
    SpanProduct.inputGradient(
      rows: span.rows, m: width, k: inputSize, dGates: span.dGates, ldg: width, W: addresses.W,
      beta: 0, dx: span.dx)
  }
}
