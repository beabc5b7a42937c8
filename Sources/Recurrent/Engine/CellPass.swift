import CKernels
import LinAlg

/// A cell ready for the steps of one pass: its plan, its parameters, and its weights as the products of that
/// pass read them. Its extensions are what a step computes.
///
/// Valid while the parameters that it was made of are alive and unchanged.
struct CellPass<Scalar: RecurrentScalar> {
  let plan: CellPlan
  /// Where the parameters begin; those of the products may not be there.
  let parameters: UnsafePointer<Scalar>
  /// All weights, where the plan's runs say.
  let weights: UnsafePointer<Scalar>
  /// The same packed for the pass's direction, where packed kernels are used.
  let packed: PackedWeights<Scalar>?

  var isPacked: Bool { packed != nil }

  /// ``CellPlan/unitBlock(_:)``.
  var unitBlock: Int { plan.unitBlock(Scalar.self) }

  /// The products, as this pass reads their weights.
  var runs: AlignedStorage<ProductRun> { isPacked ? plan.packedRuns : plan.runs }

  /// The weights of one run of products.
  func matrix(_ run: ProductRun, packedAt place: PackPlace) -> WeightMatrix<Scalar> {
    WeightMatrix(
      m: run.columns, k: run.k, gates: plan.isUndivided ? 1 : run.blocks,
      plain: weights + run.weights.start,
      packed: packed.map { $0 + $0.format.elements(before: place) })
  }

  /// The columns of each gate of a run's matrix, as it is packed, that belong to some units.
  func columns(_ run: ProductRun, of units: Range<Int>) -> Range<Int> {
    plan.isUndivided ? 0..<run.columns : units.clamped(to: 0..<run.width)
  }

  /// How the steps are divided among at most `threads` threads; `forced` instead of the best.
  ///
  /// - Parameter countsInput: whether the products with the input may make a thread worth calling. Not in
  ///   training, where freshly packed weights then go to another core, and what is recorded comes back from there:
  ///   a small layer's step takes longer, see `Benchmarks/NOTES.md`. Nor are `dx`, `dW` and `dU` of few rows.
  func split(
    countsInput: Bool, steps: Int, batch: Int, threads: Int, forced: WorkSplit?
  ) -> (split: WorkSplit, threads: Int) {
    if let forced, isPacked {
      let blocks = (plan.hiddenSize + unitBlock - 1) / unitBlock
      return (forced, min(threads, max(1, forced == .batch ? batch : blocks)))
    }
    return plan.split(
      countsInput: countsInput, steps: steps, batch: batch, threads: threads,
      unitBlock: isPacked ? unitBlock : nil)
  }
}

extension CellPlan {
  /// How many neighbouring units of a packed pass cannot be divided among threads.
  func unitBlock<Scalar: RecurrentScalar>(_: Scalar.Type) -> Int {
    isUndivided ? hiddenSize : Scalar.packedPanel ?? 1
  }

  /// The same for a pass that is not there yet; `unitBlock` is nil where its products cannot be divided.
  fileprivate func split(
    countsInput: Bool, steps: Int, batch: Int, threads: Int, unitBlock: Int?
  ) -> (split: WorkSplit, threads: Int) {
    WorkSplit.choose(
      threads: threads, steps: steps, batch: batch, hiddenSize: hiddenSize,
      gateColumns: recurrentColumns, besides: countsInput ? inputMultiplications : 0,
      unitBlock: unitBlock)
  }

  /// How many threads pack the weights of a pass in training: one where one runs it, which would have to read
  /// from another core what was packed there.
  func packingThreads<Scalar: RecurrentScalar>(
    _: Scalar.Type, steps: Int, batch: Int, threads: Int
  ) -> Int {
    let (split, _) = split(
      countsInput: false, steps: steps, batch: batch, threads: threads,
      unitBlock: unitBlock(Scalar.self))
    return split == .none ? 1 : threads
  }
}

extension CellParameters {
  /// The cell for a pass in one direction.
  ///
  /// - Parameter drawn: the weights of a recorded pass, where it has its own.
  func pass(
    _ direction: ProductDirection, _ strategy: ProductStrategy, threads: Int,
    drawn: PassWeights<Scalar>? = nil
  ) -> CellPass<Scalar> {
    let plan = plan
    let layout = direction == .forward ? plan.packsForward : plan.packsBackward
    let (weights, packed) =
      drawn?.weights(layout, direction, strategy, threads: threads)
      ?? block.weights(layout, plan.form, direction, strategy, threads: threads)
    return CellPass(
      plan: plan, parameters: block.perUnitPointer, weights: weights, packed: packed)
  }
}
