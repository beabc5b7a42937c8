import LinAlg

extension CellPass {
  /// For each run of products `dW += dgatesᵀ·operand` over many steps at once, for each per-unit parameter
  /// the sum over the rows, and `dx` unless it is there.
  func accumulateGradients(_ span: GradientSpan<Scalar>, writesInputs: Bool = true) {
    let (D, H, width) = (plan.inputSize, plan.hiddenSize, plan.gateWidth)
    if writesInputs {
      let own = span.member.share(of: span.rows)
      writeInputGradients(
        rows: own.count, dGates: span.dGates + own.lowerBound * width,
        dx: span.dx + own.lowerBound * D)
    }
    for i in 0..<runs.count {
      let run = runs.pointer[i]
      if run.standardizes { continue }
      let dGates = span.dGates + run.block * H
      switch run.source {
      case .input:
        span.accumulate(
          run, rows: span.rows, dGates: dGates, gateWidth: width, operand: span.x, ld: D)
      case .state:
        let offset = max(run.index - 1, 0) * H
        let initial = run.index == 0 ? span.initialHidden : span.initialCell
        let previous = run.index == 0 ? span.previousHidden : span.previousCell
        if let initial, span.initialRows > 0 {
          span.accumulate(
            run, rows: span.initialRows, dGates: dGates, gateWidth: width,
            operand: initial + offset, ld: run.rowStride(plan))
        }
        guard let previous, span.rows > span.initialRows else { continue }
        span.accumulate(
          run, rows: span.rows - span.initialRows, dGates: dGates + span.initialRows * width,
          gateWidth: width, operand: previous + offset, ld: run.rowStride(plan))
      case .expression:
        span.accumulate(
          run, rows: span.rows, dGates: dGates, gateWidth: width,
          operand: span.dGates + run.index * H, ld: width)
      }
    }
    for i in 0..<plan.sums.count {
      let sum = plan.sums.pointer[i]
      span.accumulateBias(
        column: sum.column, m: sum.columns, gateWidth: width,
        into: span.dParameters + sum.parameters)
    }
  }

  /// `dx` of some rows: the same bits in whatever rows they are computed with, where weights are packed.
  func writeInputGradients(
    rows: Int, dGates: UnsafePointer<Scalar>, dx: UnsafeMutablePointer<Scalar>
  ) {
    let (D, H, width) = (plan.inputSize, plan.hiddenSize, plan.gateWidth)
    if !plan.hasInputProducts { dx.update(repeating: 0, count: rows * D) }
    for i in 0..<runs.count {
      let run = runs.pointer[i]
      guard run.source == .input, !run.standardizes else { continue }
      let weights = matrix(run, packedAt: run.packedBackward)
      // `dx = dgates·W`, or `dx += dgates·W`.
      weights.backward(
        rows: rows, dGates: dGates + run.block * H, ldg: width,
        accumulate: run.accumulatesBackward, dx: dx, ldx: weights.k, columns: 0..<weights.k)
    }
    for i in 0..<plan.rawBlocks.count {
      let block = dGates + plan.rawBlocks.pointer[i] * H
      for row in 0..<rows {
        Scalar.axpy(n: D, alpha: 1, x: block + row * width, incx: 1, y: dx + row * D, incy: 1)
      }
    }
  }
}
