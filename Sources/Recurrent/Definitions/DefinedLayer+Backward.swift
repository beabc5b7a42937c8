import CKernels
import LinAlg

extension DefinedLayer {
  /// All weights as one; the plan knows where each product's begin.
  public func backwardWeights(_ strategy: ProductStrategy, threads: Int) -> LayerWeights<Scalar> {
    weights(parameters.plan.packsBackward, .backward, strategy, threads: threads)
  }

  /// Phase by phase the products that give the gradients of their operands, then the program; at last
  /// the products that give the gradients of the states.
  public func backwardStep(_ step: BackwardStep<Scalar>, _ weights: LayerWeights<Scalar>) {
    let plan = parameters.plan
    let (H, P, width, scratchWidth) = (
      plan.hiddenSize, plan.outputSize, plan.gateWidth, plan.scratchBlocks * plan.hiddenSize
    )
    let units = step.units
    var bases = ck_bases()
    bases.base.1 = UnsafeMutableRawPointer(parameters.block.pointer)
    (bases.base.2, bases.row.2) = (UnsafeMutableRawPointer(step.gates), width)
    (bases.base.3, bases.row.3) = (mutable(step.previousHidden), P)
    (bases.base.4, bases.row.4) = (mutable(step.hidden), P)
    (bases.base.5, bases.row.5) = (mutable(step.previousCell), plan.cellSize)
    (bases.base.6, bases.row.6) = (mutable(step.cell), plan.cellSize)
    (bases.base.7, bases.row.7) = (mutable(step.dOutput), P)
    (bases.base.8, bases.row.8) = (UnsafeMutableRawPointer(step.dHidden), P)
    (bases.base.9, bases.row.9) = (step.dCell.map { UnsafeMutableRawPointer($0) }, plan.cellSize)
    (bases.base.10, bases.row.10) = (UnsafeMutableRawPointer(step.scratch), scratchWidth)

    for phase in 0..<plan.backward.count {
      if phase > 0 { step.synchronize() }
      var standardized = false
      for i in 0..<plan.runs.count {
        let run = plan.runs.pointer[i]
        guard run.source == .expression, run.scratch >= 0, run.phaseBackward == phase else {
          continue
        }
        let own = units.clamped(to: 0..<run.k)
        if run.standardizes {
          Scalar.standardizeBackward(
            rows: step.batch, width: run.width, units: own, step.gates + run.index * H,
            gradient: step.gates + run.block * H, ld: width, into: step.scratch + run.scratch * H,
            ld: scratchWidth, epsilon: run.epsilon, accumulate: run.accumulatesBackward)
          standardized = true
          continue
        }
        run.matrix(weights, run.packedBackward).backward(
          rows: step.batch, dGates: step.gates + run.block * H, ldg: width,
          accumulate: run.accumulatesBackward, dx: step.scratch + run.scratch * H,
          ldx: scratchWidth, columns: own, reverse: step.isOdd)
      }
      // The program overwrites what others still read whole rows of.
      if standardized { step.synchronize() }
      withUnsafePointers(bases, step.noise) {
        plan.backward.run(
          phase, $0, as: Scalar.self, batch: step.batch, units: units,
          outputs: units.clamped(to: 0..<P), step.lengths64, time: step.time)
      }
    }
    step.synchronize()
    for i in 0..<plan.runs.count {
      let run = plan.runs.pointer[i]
      guard run.source == .state else { continue }
      let gradient = run.index == 0 ? step.dHidden : step.dCell.map { $0 + (run.index - 1) * H }
      guard let gradient else { continue }
      run.matrix(weights, run.packedBackward).backward(
        rows: step.batch, dGates: step.gates + run.block * H, ldg: width, accumulate: true,
        dx: gradient, ldx: run.rowStride(plan), columns: units.clamped(to: 0..<run.k),
        reverse: step.isOdd)
    }
  }

  /// For each run of products `dW += dgatesᵀ·operand` over many steps at once, for each per-unit parameter
  /// the sum over the rows, and `dx`.
  public func accumulateGradients(
    _ span: GradientSpan<Scalar>, _ weights: LayerWeights<Scalar>
  ) {
    let plan = parameters.plan
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
          run.matrix(weights, run.packedBackward), column: run.block * H,
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

  private func mutable(_ pointer: UnsafePointer<Scalar>?) -> UnsafeMutableRawPointer? {
    pointer.map { UnsafeMutableRawPointer(mutating: $0) }
  }
}
