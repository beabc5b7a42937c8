import CKernels
import LinAlg

extension CellPass {
  /// Writes what a step begins with for `rows` rows (any number of consecutive steps at once) and some
  /// units of every block: all products with the input; the raw input where a sum has it as a term; a
  /// bias or zeros where products of the steps begin a sum.
  func project(
    _ x: UnsafePointer<Scalar>, rows: Int, into gates: UnsafeMutablePointer<Scalar>,
    units: Range<Int>
  ) {
    let (D, H, width) = (plan.inputSize, plan.hiddenSize, plan.gateWidth)
    for i in 0..<plan.rawBlocks.count {
      let block = gates + plan.rawBlocks.pointer[i] * H + units.lowerBound
      for row in 0..<rows {
        (block + row * width).update(from: x + row * D + units.lowerBound, count: units.count)
      }
    }
    for i in 0..<plan.startBlocks.count {
      let start = plan.startBlocks.pointer[i]
      let block = gates + start.block * H + units.lowerBound
      for row in 0..<rows {
        if start.parameters < 0 {
          (block + row * width).update(repeating: 0, count: units.count)
        } else {
          (block + row * width).update(
            from: parameters + start.parameters + units.lowerBound, count: units.count)
        }
      }
    }
    for i in 0..<runs.count {
      let run = runs.pointer[i]
      guard run.source == .input else { return }
      matrix(run, packedAt: run.packedForward).forward(
        rows: rows, x: x, ldx: D, accumulate: run.accumulates, gates: gates + run.block * H,
        ldg: width, units: columns(run, of: units))
    }
  }

  /// Phase by phase the products whose operands are known, then the pointwise part, for the step's units.
  ///
  /// Before it reads what other units have written in this step, it waits for them.
  func forwardStep(_ step: ForwardStep<Scalar>) {
    for phase in 0..<plan.forwardPhases {
      if phase > 0 { step.synchronize() }
      multiply(phase, step)
      if plan.forwardPhases == 1 {
        if plan.multipliesCell && step.previousCell == step.cell.map({ UnsafePointer($0) }) {
          step.synchronize()
        } else {
          step.synchronizeBeforeOverwriting()
        }
      }
      switch plan.pointwise {
      case .kernel(let kernel):
        kernel.forward(
          phase, step, hiddenSize: plan.hiddenSize, bias: parameters + plan.biasOffset)
      case .programs(let programs, _): run(programs, phase, step)
      }
    }
  }

  /// The products of a phase.
  private func multiply(_ phase: Int, _ step: ForwardStep<Scalar>) {
    let (H, width) = (plan.hiddenSize, plan.gateWidth)
    for i in 0..<runs.count {
      let run = runs.pointer[i]
      guard run.source != .input, run.phase == phase, let operand = run.operand(step, hiddenSize: H)
      else { continue }
      let own = step.units.clamped(to: 0..<run.width)
      if run.standardizes {
        Scalar.standardize(
          rows: step.batch, width: run.width, units: own, operand, ld: width,
          into: step.gates + run.block * H, ld: width, epsilon: run.epsilon)
        continue
      }
      matrix(run, packedAt: run.packedForward).forward(
        rows: step.batch, x: operand, ldx: run.rowStride(plan), accumulate: true,
        gates: step.gates + run.block * H, ldg: width, units: columns(run, of: step.units),
        reverse: step.isOdd)
    }
  }

  private func run(_ programs: ElementwisePrograms, _ phase: Int, _ step: ForwardStep<Scalar>) {
    let (P, cellSize) = (plan.outputSize, plan.cellSize)
    var bases = ck_bases()
    ck_bases_set(&bases, CK_SPACE_PARAMETERS, parameters, 0)
    ck_bases_set(&bases, CK_SPACE_GATES, step.gates, plan.gateWidth)
    ck_bases_set(&bases, CK_SPACE_PREVIOUS_HIDDEN, step.previousHidden, P)
    ck_bases_set(&bases, CK_SPACE_HIDDEN, step.hidden, P)
    ck_bases_set(&bases, CK_SPACE_PREVIOUS_CELL, step.previousCell, cellSize)
    ck_bases_set(&bases, CK_SPACE_CELL, step.cell, cellSize)
    withUnsafePointers(bases, step.noise) {
      programs.run(
        phase, $0, as: Scalar.self, batch: step.batch, units: step.units,
        outputs: step.units.clamped(to: 0..<P), step.lengths64, time: step.time)
    }
  }
}

extension ProductRun {
  /// What the product multiplies in a step, or nil for zeros.
  func operand<Scalar>(
    _ step: ForwardStep<Scalar>, hiddenSize: Int
  ) -> UnsafePointer<Scalar>? {
    switch source {
    case .input: nil
    case .state where index == 0: step.previousHidden
    case .state: step.previousCell.map { $0 + (index - 1) * hiddenSize }
    case .expression: UnsafePointer(step.gates + index * hiddenSize)
    }
  }

  /// How far the rows of the operand are apart.
  func rowStride(_ plan: CellPlan) -> Int {
    switch source {
    case .input: plan.inputSize
    case .state where index == 0: plan.outputSize
    case .state: plan.cellSize
    case .expression: plan.gateWidth
    }
  }
}

/// Hands out the addresses of a program's operands and of its noise.
func withUnsafePointers(
  _ bases: ck_bases, _ noise: ck_noise?, _ body: (UnsafePointer<ck_bases>) -> Void
) {
  guard let noise else { return withUnsafePointer(to: bases, body) }
  withUnsafePointer(to: noise) { noise in
    var bases = bases
    bases.noise = noise
    withUnsafePointer(to: bases, body)
  }
}
