import CKernels
import LinAlg

extension CellPass {
  /// Turns what a step has kept into gradients of the sums of its products, in place, and passes the
  /// gradient on to the step before, for the step's units: phase by phase the products that give the
  /// gradients of their operands, then the pointwise part; at last the products that give the gradients of
  /// the states.
  ///
  /// Before it reads what other units have written in this step, it waits for them.
  func backwardStep(_ step: BackwardStep<Scalar>) {
    for phase in 0..<plan.backwardPhases {
      if phase > 0 { step.synchronize() }
      // The pointwise part overwrites what others still read whole rows of.
      if multiply(phase, step) { step.synchronize() }
      switch plan.pointwise {
      case .kernel(let kernel): kernel.backward(phase, step, hiddenSize: plan.hiddenSize)
      case .programs(_, let programs): run(programs, phase, step)
      }
    }
    step.synchronize()
    let H = plan.hiddenSize
    for i in 0..<runs.count {
      let run = runs.pointer[i]
      guard run.source == .state else { continue }
      let gradient = run.index == 0 ? step.dHidden : step.dCell.map { $0 + (run.index - 1) * H }
      guard let gradient else { continue }
      matrix(run, packedAt: run.packedBackward).backward(
        rows: step.batch, dGates: step.gates + run.block * H, ldg: plan.gateWidth,
        accumulate: true, dx: gradient, ldx: run.rowStride(plan),
        columns: step.units.clamped(to: 0..<run.k), reverse: step.isOdd)
    }
  }

  /// The gradients of expressions of a phase that products multiply; whether there were standardizations
  /// among them.
  private func multiply(_ phase: Int, _ step: BackwardStep<Scalar>) -> Bool {
    let (H, width) = (plan.hiddenSize, plan.gateWidth)
    let scratchWidth = plan.scratchBlocks * H
    var standardized = false
    for i in 0..<runs.count {
      let run = runs.pointer[i]
      guard run.source == .expression, run.scratch >= 0, run.phaseBackward == phase else {
        continue
      }
      let own = step.units.clamped(to: 0..<run.k)
      if run.standardizes {
        Scalar.standardizeBackward(
          rows: step.batch, width: run.width, units: own, step.gates + run.index * H,
          gradient: step.gates + run.block * H, ld: width, into: step.scratch + run.scratch * H,
          ld: scratchWidth, epsilon: run.epsilon, accumulate: run.accumulatesBackward)
        standardized = true
        continue
      }
      matrix(run, packedAt: run.packedBackward).backward(
        rows: step.batch, dGates: step.gates + run.block * H, ldg: width,
        accumulate: run.accumulatesBackward, dx: step.scratch + run.scratch * H,
        ldx: scratchWidth, columns: own, reverse: step.isOdd)
    }
    return standardized
  }

  private func run(_ programs: ElementwisePrograms, _ phase: Int, _ step: BackwardStep<Scalar>) {
    let (P, cellSize) = (plan.outputSize, plan.cellSize)
    var bases = ck_bases()
    ck_bases_set(&bases, CK_SPACE_PARAMETERS, parameters, 0)
    ck_bases_set(&bases, CK_SPACE_GATES, step.gates, plan.gateWidth)
    ck_bases_set(&bases, CK_SPACE_PREVIOUS_HIDDEN, step.previousHidden, P)
    ck_bases_set(&bases, CK_SPACE_HIDDEN, step.hidden, P)
    ck_bases_set(&bases, CK_SPACE_PREVIOUS_CELL, step.previousCell, cellSize)
    ck_bases_set(&bases, CK_SPACE_CELL, step.cell, cellSize)
    ck_bases_set(&bases, CK_SPACE_D_OUTPUT, step.dOutput, P)
    ck_bases_set(&bases, CK_SPACE_D_HIDDEN, step.dHidden, P)
    ck_bases_set(&bases, CK_SPACE_D_CELL, step.dCell, cellSize)
    ck_bases_set(&bases, CK_SPACE_SCRATCH, step.scratch, plan.scratchBlocks * plan.hiddenSize)
    withUnsafePointers(bases, step.noise) {
      programs.run(
        phase, $0, as: Scalar.self, batch: step.batch, units: step.units,
        outputs: step.units.clamped(to: 0..<P), step.lengths64, time: step.time)
    }
  }
}
