import LinAlg

extension LSTM {
  /// Four blocks per step: i f g o, first as pre-activations, then activated in place.
  public var gateStorage: GateStorage { GateStorage(blocks: 4, forwardSharesOutputs: false) }

  var addresses: GatedAddresses<Scalar> { parameters.addresses(in: parameters.block.pointer, gates: 4) }

  /// `gates = x·Wᵀ` for all four gates at once.
  public func project(
    _ x: UnsafePointer<Scalar>, rows: Int, into gates: UnsafeMutablePointer<Scalar>
  ) {
    SpanProduct.project(
      rows: rows, m: 4 * hiddenSize, k: inputSize, x: x, W: addresses.W, gates: gates,
      ldg: 4 * hiddenSize)
  }

  /// `gates += h·Uᵀ`, one product for all four gates; then the activations and the new `c` and `h`.
  public func forwardStep(_ step: ForwardStep<Scalar>) {
    guard let cell = step.cell else { preconditionFailure("an LSTM step needs a cell state") }
    let address = addresses
    if let h = step.previousHidden {
      StepProduct.forward(
        batch: step.batch, m: 4 * hiddenSize, k: hiddenSize, h: h, ldh: hiddenSize, U: address.U,
        gates: step.gates, ldg: 4 * hiddenSize)
    }
    Scalar.lstmForward(step, cell: cell, hiddenSize: hiddenSize, bias: address.b)
  }
}
