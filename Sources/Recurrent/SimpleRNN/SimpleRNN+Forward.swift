import LinAlg

extension SimpleRNN {
  /// One block per step, and forward it is the output itself: `tanh` and `relu` have derivatives in
  /// terms of their value.
  public var gateStorage: GateStorage { GateStorage(blocks: 1, forwardSharesOutputs: true) }

  /// `W` and `U`, each as one matrix.
  public func forwardWeights(
    _ strategy: ProductStrategy, threads: Int
  ) -> LayerWeights<Scalar> {
    parameters.weights(gates: 1, W: 1, U: 1, .forward, strategy, threads: threads)
  }

  /// `x·Wᵀ`.
  public func project(
    _ x: UnsafePointer<Scalar>, rows: Int, into gates: UnsafeMutablePointer<Scalar>,
    units: Range<Int>, _ weights: LayerWeights<Scalar>
  ) {
    weights.W.forward(
      rows: rows, x: x, ldx: inputSize, accumulate: false, gates: gates, ldg: hiddenSize,
      units: units)
  }

  /// Adds `h·Uᵀ`, then applies the activation.
  public func forwardStep(_ step: ForwardStep<Scalar>, _ weights: LayerWeights<Scalar>) {
    if let h = step.previousHidden {
      weights.U.forward(
        rows: step.batch, x: h, ldx: hiddenSize, accumulate: true, gates: step.gates,
        ldg: hiddenSize, units: step.units, reverse: step.isOdd)
    }
    step.synchronizeBeforeOverwriting()
    let bias = parameters.addresses(in: parameters.block.pointer, gates: 1).b
    Scalar.simpleRNNForward(step, hiddenSize: hiddenSize, bias: bias, activation: activation)
  }
}
