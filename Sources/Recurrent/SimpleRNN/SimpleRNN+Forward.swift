import LinAlg

extension SimpleRNN {
  /// One block per step, and forward it is the output itself: `tanh` and `relu` have derivatives in
  /// terms of their value.
  public var gateStorage: GateStorage { GateStorage(blocks: 1, forwardSharesOutputs: true) }

  var addresses: GatedAddresses<Scalar> { parameters.addresses(in: parameters.block.pointer, gates: 1) }

  /// `x·Wᵀ`.
  public func project(
    _ x: UnsafePointer<Scalar>, rows: Int, into gates: UnsafeMutablePointer<Scalar>
  ) {
    SpanProduct.project(
      rows: rows, m: hiddenSize, k: inputSize, x: x, W: addresses.W, gates: gates,
      ldg: hiddenSize)
  }

  /// Adds `h·Uᵀ`, then applies the activation.
  public func forwardStep(_ step: ForwardStep<Scalar>) {
    let address = addresses
    if let h = step.previousHidden {
      StepProduct.forward(
        batch: step.batch, m: hiddenSize, k: hiddenSize, h: h, ldh: hiddenSize, U: address.U,
        gates: step.gates, ldg: hiddenSize)
    }
    Scalar.simpleRNNForward(
      step, hiddenSize: hiddenSize, bias: address.b, activation: activation)
  }
}
