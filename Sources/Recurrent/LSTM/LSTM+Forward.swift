import LinAlg

extension LSTM {
  /// Four blocks per step: i f g o, first as pre-activations, then activated in place.
  public var gateStorage: GateStorage { GateStorage(blocks: 4, forwardSharesOutputs: false) }

  /// `W` and `U`, each as one matrix.
  public func forwardWeights(
    _ strategy: ProductStrategy, threads: Int
  ) -> LayerWeights<Scalar> {
    parameters.weights(gates: 4, W: 4, U: 4, .forward, strategy, threads: threads)
  }

  /// `gates = x·Wᵀ` for all four gates at once.
  public func project(
    _ x: UnsafePointer<Scalar>, rows: Int, into gates: UnsafeMutablePointer<Scalar>,
    units: Range<Int>, _ weights: LayerWeights<Scalar>
  ) {
    weights.W.forward(
      rows: rows, x: x, ldx: inputSize, accumulate: false, gates: gates, ldg: 4 * hiddenSize,
      units: units)
  }

  /// `gates += h·Uᵀ`, one product for all four gates; then the activations and the new `c` and `h`.
  public func forwardStep(_ step: ForwardStep<Scalar>, _ weights: LayerWeights<Scalar>) {
    guard let cell = step.cell else { failRequirement("an LSTM step needs a cell state") }
    if let h = step.previousHidden {
      weights.U.forward(
        rows: step.batch, x: h, ldx: hiddenSize, accumulate: true, gates: step.gates,
        ldg: 4 * hiddenSize, units: step.units, reverse: step.isOdd)
    }
    step.synchronizeBeforeOverwriting()
    Scalar.lstmForward(step, cell: cell, hiddenSize: hiddenSize, bias: addresses.b)
  }

  private var addresses: GatedAddresses<Scalar> {
    parameters.addresses(in: parameters.block.pointer, gates: 4)
  }
}
