import LinAlg

extension GRU {
  /// Four blocks per step, laid out so that what one product feeds is contiguous:
  /// `.resetAfter` keeps r z q n with `q = h·Uₙᵀ + b_hn`, so that `U` feeds the first three;
  /// `.resetBefore` keeps r z n m with `m = r∘h`, so that `W` feeds the first three.
  public var gateStorage: GateStorage { GateStorage(blocks: 4, forwardSharesOutputs: false) }

  /// `.resetAfter` splits `W` before the candidate, `.resetBefore` splits `U` there.
  public func forwardWeights(
    _ strategy: ProductStrategy, threads: Int
  ) -> LayerWeights<Scalar> {
    weights(.forward, strategy, threads: threads)
  }

  func weights(
    _ direction: ProductDirection, _ strategy: ProductStrategy, threads: Int
  ) -> LayerWeights<Scalar> {
    switch variant {
    case .resetAfter:
      parameters.weights(gates: 3, W: 2, U: 3, direction, strategy, threads: threads)
    case .resetBefore:
      parameters.weights(gates: 3, W: 3, U: 2, direction, strategy, threads: threads)
    }
  }

  /// `x·Wᵀ` for all three gates.
  public func project(
    _ x: UnsafePointer<Scalar>, rows: Int, into gates: UnsafeMutablePointer<Scalar>,
    units: Range<Int>, _ weights: LayerWeights<Scalar>
  ) {
    let H = hiddenSize
    weights.W.forward(
      rows: rows, x: x, ldx: inputSize, accumulate: false, gates: gates, ldg: 4 * H,
      units: units)
    if let candidate = weights.secondW {
      candidate.forward(
        rows: rows, x: x, ldx: inputSize, accumulate: false, gates: gates + 3 * H, ldg: 4 * H,
        units: units)
      let recurrentBias = bias + 3 * H + units.lowerBound
      for row in 0..<rows {
        (gates + row * 4 * H + 2 * H + units.lowerBound)
          .update(from: recurrentBias, count: units.count)
      }
    }
  }

  /// Adds the recurrent product, one for all gates (`.resetAfter`) or one for r z and one for the
  /// candidate (`.resetBefore`); then the activations and the new `h`.
  public func forwardStep(_ step: ForwardStep<Scalar>, _ weights: LayerWeights<Scalar>) {
    let H = hiddenSize
    if let h = step.previousHidden {
      weights.U.forward(
        rows: step.batch, x: h, ldx: H, accumulate: true, gates: step.gates, ldg: 4 * H,
        units: step.units, reverse: step.isOdd)
    }
    step.synchronizeBeforeOverwriting()
    switch variant {
    case .resetAfter:
      Scalar.gruResetAfterForward(step, hiddenSize: H, bias: bias)
    case .resetBefore:
      Scalar.gruResetBeforeForwardReset(step, hiddenSize: H, bias: bias)
      step.synchronize()
      if step.previousHidden != nil, let candidate = weights.secondU {
        candidate.forward(
          rows: step.batch, x: step.gates + 3 * H, ldx: 4 * H, accumulate: true,
          gates: step.gates + 2 * H, ldg: 4 * H, units: step.units, reverse: step.isOdd)
      }
      Scalar.gruResetBeforeForwardCandidate(step, hiddenSize: H, bias: bias)
    }
  }

  /// `b`, and behind it the recurrent bias where there is one.
  private var bias: UnsafeMutablePointer<Scalar> {
    parameters.addresses(in: parameters.block.pointer, gates: 3).b
  }
}
