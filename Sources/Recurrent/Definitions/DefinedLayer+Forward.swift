import CKernels
import LinAlg

extension DefinedLayer {
  /// The blocks that the definition's plan has found necessary; see `StepLayout`.
  public var gateStorage: GateStorage {
    GateStorage(
      blocks: parameters.plan.blocks, forwardSharesOutputs: false,
      scratchBlocks: parameters.plan.scratchBlocks)
  }

  /// All weights as one; the plan knows where each product's begin.
  public func forwardWeights(_ strategy: ProductStrategy, threads: Int) -> LayerWeights<Scalar> {
    weights(parameters.plan.packsForward, .forward, strategy, threads: threads)
  }

  func weights(
    _ layout: PackLayout, _ direction: ProductDirection, _ strategy: ProductStrategy, threads: Int
  ) -> LayerWeights<Scalar> {
    let plan = parameters.plan
    let (plain, packed) =
      passWeights?.weights(layout, direction, strategy, threads: threads)
      ?? parameters.block.weights(layout, plan.form, direction, strategy, threads: threads)
    func all(_ m: Int, _ k: Int) -> WeightMatrix<Scalar> {
      WeightMatrix(m: m, k: k, gates: plan.blocks, plain: plain, packed: packed)
    }
    return LayerWeights(
      W: all(plan.gateWidth, plan.inputSize), U: all(plan.recurrentColumns, plan.hiddenSize))
  }

  /// All products with the input; the raw input where a sum has it as a term; zeros where products
  /// of the steps begin a sum.
  public func project(
    _ x: UnsafePointer<Scalar>, rows: Int, into gates: UnsafeMutablePointer<Scalar>,
    units: Range<Int>, _ weights: LayerWeights<Scalar>
  ) {
    let plan = parameters.plan
    let (D, H, width) = (plan.inputSize, plan.hiddenSize, plan.gateWidth)
    for i in 0..<plan.rawBlocks.count {
      let block = gates + plan.rawBlocks.pointer[i] * H + units.lowerBound
      for row in 0..<rows {
        (block + row * width).update(from: x + row * D + units.lowerBound, count: units.count)
      }
    }
    for i in 0..<plan.clearedBlocks.count {
      let block = gates + plan.clearedBlocks.pointer[i] * H + units.lowerBound
      for row in 0..<rows { (block + row * width).update(repeating: 0, count: units.count) }
    }
    for i in 0..<plan.runs.count {
      let run = plan.runs.pointer[i]
      guard run.source == .input else { return }
      run.matrix(weights, run.packedForward).forward(
        rows: rows, x: x, ldx: D, accumulate: run.accumulates, gates: gates + run.block * H,
        ldg: width, units: units.clamped(to: 0..<run.width))
    }
  }

  /// Phase by phase the products whose operands are known, then the program.
  public func forwardStep(_ step: ForwardStep<Scalar>, _ weights: LayerWeights<Scalar>) {
    let plan = parameters.plan
    let (H, P, width) = (plan.hiddenSize, plan.outputSize, plan.gateWidth)
    let units = step.units
    var bases = ck_bases()
    bases.base.1 = UnsafeMutableRawPointer(parameters.block.pointer)
    (bases.base.2, bases.row.2) = (UnsafeMutableRawPointer(step.gates), width)
    (bases.base.3, bases.row.3) = (mutable(step.previousHidden), P)
    (bases.base.4, bases.row.4) = (UnsafeMutableRawPointer(step.hidden), P)
    (bases.base.5, bases.row.5) = (mutable(step.previousCell), plan.cellSize)
    (bases.base.6, bases.row.6) = (step.cell.map { UnsafeMutableRawPointer($0) }, plan.cellSize)

    for phase in 0..<plan.forward.count {
      if phase > 0 { step.synchronize() }
      for i in 0..<plan.runs.count {
        let run = plan.runs.pointer[i]
        guard run.source != .input, run.phase == phase,
          let operand = run.operand(step, hiddenSize: H)
        else { continue }
        let own = units.clamped(to: 0..<run.width)
        if run.standardizes {
          Scalar.standardize(
            rows: step.batch, width: run.width, units: own, operand, ld: width,
            into: step.gates + run.block * H, ld: width, epsilon: run.epsilon)
          continue
        }
        run.matrix(weights, run.packedForward).forward(
          rows: step.batch, x: operand, ldx: run.rowStride(plan), accumulate: true,
          gates: step.gates + run.block * H, ldg: width, units: own, reverse: step.isOdd)
      }
      if phase == 0 && plan.forward.count == 1 {
        if plan.multipliesCell && step.previousCell == step.cell.map({ UnsafePointer($0) }) {
          step.synchronize()
        } else {
          step.synchronizeBeforeOverwriting()
        }
      }
      withUnsafePointers(bases, step.noise) {
        plan.forward.run(
          phase, $0, as: Scalar.self, batch: step.batch, units: units,
          outputs: units.clamped(to: 0..<P), step.lengths64, time: step.time)
      }
    }
  }

  private func mutable(_ pointer: UnsafePointer<Scalar>?) -> UnsafeMutableRawPointer? {
    pointer.map { UnsafeMutableRawPointer(mutating: $0) }
  }
}

extension ProductRun {
  /// The run's weights.
  func matrix<Scalar>(
    _ weights: LayerWeights<Scalar>, _ packed: Int
  ) -> WeightMatrix<Scalar> {
    WeightMatrix(
      m: blocks * width, k: k, gates: blocks, plain: weights.W.plain + self.weights,
      packed: weights.W.packed.map { $0 + packed })
  }

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
