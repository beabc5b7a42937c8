import LinAlg

extension GRU {
  /// Four blocks per step, laid out so that what one product feeds is contiguous:
  /// `.resetAfter` keeps r z q n with `q = h·Uₙᵀ + b_hn`, so that `U` feeds the first three;
  /// `.resetBefore` keeps r z n m with `m = r∘h`, so that `W` feeds the first three.
  public var gateStorage: GateStorage { GateStorage(blocks: 4, forwardSharesOutputs: false) }

  var addresses: GatedAddresses<Scalar> { parameters.addresses(in: parameters.block.pointer, gates: 3) }

  /// `x·Wᵀ` for all three gates at once.
  public func project(
    _ x: UnsafePointer<Scalar>, rows: Int, into gates: UnsafeMutablePointer<Scalar>
  ) {
    let (address, H) = (addresses, hiddenSize)
    switch variant {
    case .resetBefore:
      SpanProduct.project(
        rows: rows, m: 3 * H, k: inputSize, x: x, W: address.W, gates: gates, ldg: 4 * H)
    case .resetAfter:
      SpanProduct.project(
        rows: rows, m: 2 * H, k: inputSize, x: x, W: address.W, gates: gates, ldg: 4 * H)
      SpanProduct.project(
        rows: rows, m: H, k: inputSize, x: x, W: address.W + 2 * H * inputSize,
        gates: gates + 3 * H, ldg: 4 * H)
      for row in 0..<rows {
        (gates + row * 4 * H + 2 * H).update(from: address.b + 3 * H, count: H)
      }
    }
  }

  /// Adds the recurrent product, one for all gates (`.resetAfter`) or one for r z and one for the
  /// candidate (`.resetBefore`); then the activations and the new `h`.
  public func forwardStep(_ step: ForwardStep<Scalar>) {
    let (address, H) = (addresses, hiddenSize)
    let firstProduct = variant == .resetAfter ? 3 * H : 2 * H
    if let h = step.previousHidden {
      StepProduct.forward(
        batch: step.batch, m: firstProduct, k: H, h: h, ldh: H, U: address.U,
        gates: step.gates, ldg: 4 * H)
    }
    switch variant {
    case .resetAfter:
      Scalar.gruResetAfterForward(step, hiddenSize: H, bias: address.b)
    case .resetBefore:
      Scalar.gruResetBeforeForwardReset(step, hiddenSize: H, bias: address.b)
      if step.previousHidden != nil {
        StepProduct.forward(
          batch: step.batch, m: H, k: H, h: step.gates + 3 * H, ldh: 4 * H,
          U: address.U + 2 * H * H, gates: step.gates + 2 * H, ldg: 4 * H)
      }
      Scalar.gruResetBeforeForwardCandidate(step, hiddenSize: H, bias: address.b)
    }
  }
}
