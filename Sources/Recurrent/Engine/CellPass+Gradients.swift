import LinAlg

extension CellPass {
  /// For each run of products `dW += dgatesᵀ·operand` over many steps at once, for each per-unit parameter
  /// the sum over the rows, and `dx`.
  func accumulateGradients(_ span: GradientSpan<Scalar>) {
    let (D, H, width) = (plan.inputSize, plan.hiddenSize, plan.gateWidth)
    let own = span.member.share(of: span.rows)
    if !plan.hasInputProducts {
      (span.dx + own.lowerBound * D).update(repeating: 0, count: own.count * D)
    }
    for i in 0..<plan.runs.count {
      let run = plan.runs.pointer[i]
      if run.standardizes { continue }
      let (m, k, dW) = (run.blocks * run.width, run.k, span.dParameters + run.weights)
      switch run.source {
      case .input:
        span.accumulateInputWeights(
          column: run.block * H, m: m, inputSize: D, gateWidth: width, into: dW)
        span.writeInputs(
          matrix(run, packedAt: run.packedBackward), column: run.block * H,
          gateWidth: width, accumulate: run.accumulatesBackward)
      case .state:
        let offset = max(run.index - 1, 0) * H
        let initial = run.index == 0 ? span.initialHidden : span.initialCell
        let previous = run.index == 0 ? span.previousHidden : span.previousCell
        if let initial, span.initialRows > 0 {
          span.accumulate(
            rows: span.initialRows, dGates: span.dGates + run.block * H, m: m, gateWidth: width,
            operand: initial + offset, k: k, ld: run.rowStride(plan), into: dW)
        }
        guard let previous, span.rows > span.initialRows else { continue }
        span.accumulate(
          rows: span.rows - span.initialRows,
          dGates: span.dGates + span.initialRows * width + run.block * H, m: m, gateWidth: width,
          operand: previous + offset, k: k, ld: run.rowStride(plan), into: dW)
      case .expression:
        span.accumulate(
          rows: span.rows, dGates: span.dGates + run.block * H, m: m, gateWidth: width,
          operand: span.dGates + run.index * H, k: k, ld: width, into: dW)
      }
    }
    for i in 0..<plan.sums.count {
      let sum = plan.sums.pointer[i]
      span.accumulateBias(
        column: sum.column, m: sum.columns, gateWidth: width,
        into: span.dParameters + sum.parameters)
    }
    for i in 0..<plan.rawBlocks.count {
      let block = span.dGates + plan.rawBlocks.pointer[i] * H
      for row in own {
        Scalar.axpy(n: D, alpha: 1, x: block + row * width, incx: 1, y: span.dx + row * D, incy: 1)
      }
    }
  }
}
