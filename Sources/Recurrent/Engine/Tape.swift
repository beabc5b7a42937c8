import LinAlg

/// What a recorded forward pass leaves for its backward pass, and every buffer that both need.
///
/// Made once for the largest batch and used for every training step: after the first step of a shape,
/// a step allocates nothing, provided that its results have been dropped (the outputs and gradients
/// that are returned share the tape's memory; one that is still held keeps it, and the tape takes new
/// memory for itself).
///
/// A tape belongs to one caller at a time, and is spent by its backward pass.
public final class Tape<State: RecurrentState>: SequenceRecording
where State.Scalar: RecurrentScalar {
  /// The type of the numbers.
  public typealias Scalar = State.Scalar

  /// The largest number of steps that a recording may have.
  public let maximumSteps: Int
  /// The largest number of sequences that a recording may have.
  public let maximumBatch: Int
  /// Who computes the products.
  public let products: ProductStrategy
  /// Whether a forward pass has been recorded and not yet been used by a backward pass.
  public internal(set) var isRecorded = false {
    didSet { if isRecorded { recordedPasses += 1 } }
  }
  /// How many passes have been recorded, whether used or not.
  public private(set) var recordedPasses = 0

  /// Where the random choices of the next recorded pass come from, for layers that make any; nil turns
  /// them off, as in inference. Each recorded pass is counted; see ``RecordingNoise/pass``.
  public var noise: RecordingNoise? = RecordingNoise()

  /// Steps per time chunk, instead of the measured choice: for tests and tuning.
  package var chunkLength: Int?
  /// How the steps are divided, instead of the estimated best: for tests and tuning.
  package var workSplit: WorkSplit?
  /// How the pass follows those of other layers that run at the same time.
  var relay: Relay?

  /// The plan of the layer that the tape was made for.
  let plan: CellPlan

  /// `[rows, blocks·H]` for the running rows of all steps, at most `T·N`: the activated gates, and after
  /// the backward pass their gradients.
  let gates: AlignedStorage<Scalar>
  /// `[T, N, cellSize]`: `c`, for cells that have one; unset after the end of a sequence.
  let cells: AlignedStorage<Scalar>?
  // Made by the first backward pass: inference that only records needs neither.
  private var backwardScratch: AlignedStorage<Scalar>?
  /// Where the products of the backward pass pack their operands.
  private var productScratch = AlignedStorage<Scalar>(uninitializedCount: 0)
  /// The weights of this pass alone, and the gradients of weights that are made of parameters.
  private var passWeights: PassWeights<Scalar>?
  private var weightGradient = AlignedStorage<Scalar>(uninitializedCount: 0)

  // What the recording refers to; released by the backward pass.
  var x: SequenceBatch<Scalar>?
  var initialState: State?
  var lengths: [Int]?
  private(set) var recordedNoise: RecordingNoise?
  /// That of the parameters that the pass has read.
  var recordedVersion: UInt64 = 0

  /// The inputs with zeros in their padding, where it is computed.
  private var paddedX = SequenceBatch<Scalar>(uninitializedSteps: 0, batch: 0, features: 0)
  /// Whether the gates of the recording are those of all rows, not only of those that count.
  private(set) var recordsPadding = false

  /// The rows of the pass at work.
  var rows = RunningRowLists()
  /// Where a pass keeps running rows together.
  private var packedRows = AlignedStorage<Scalar>(uninitializedCount: 0)

  // Results. They are handed out as shared copies and renewed when somebody still holds one.
  var outputs: SequenceBatch<Scalar>
  var finalState: State
  var dx: SequenceBatch<Scalar>
  var dState: State

  init(_ plan: CellPlan, steps: Int, batch: Int, products: ProductStrategy) {
    require(steps >= 0 && batch >= 0, "Tape: negative shape, \(steps) steps, batch \(batch)")
    maximumSteps = steps
    maximumBatch = batch
    self.plan = plan
    self.products = products
    gates = AlignedStorage(uninitializedCount: steps * batch * plan.gateWidth)
    outputs = SequenceBatch(uninitializedSteps: steps, batch: batch, features: plan.outputSize)
    dx = SequenceBatch(uninitializedSteps: 0, batch: 0, features: plan.inputSize)
    var state = State()
    state.assign(nil, batch: batch, plan)
    finalState = state
    dState = State()
    cells =
      state.partCount > 1 ? AlignedStorage(uninitializedCount: steps * batch * plan.cellSize) : nil
  }

  /// The bytes of a recording: the activated gates, `c` and `h` of every step, once each, and the final
  /// state. For an LSTM in `Float` that is `4·T·N·6·H` and `8·N·H`.
  public var recordedByteCount: Int {
    let steps = gates.count + (cells?.count ?? 0) + outputs.count
    return steps * MemoryLayout<Scalar>.stride + finalState.byteCount
  }

  /// All bytes that the tape holds: the recording, from the first backward pass on the gradients of
  /// inputs and state that it returned and its scratch memory, and what it takes to keep running rows
  /// together.
  public var byteCount: Int {
    var others = dx.count + productScratch.count + packedRows.count + paddedX.count
    others += (backwardScratch?.count ?? 0) + (passWeights?.scalarCount ?? 0) + weightGradient.count
    return recordedByteCount + dState.byteCount + rows.byteCount
      + others * MemoryLayout<Scalar>.stride
  }

  /// Notes where the random choices of a pass that begins come from.
  func beginPass(batch: Int) {
    noise?.checkBatch(batch)
    recordedNoise = noise
    noise?.pass &+= 1
  }

  /// Draws the weights of the pass that begins, where the plan drops some at random.
  func drawWeights(from block: ParameterBlock<Scalar>) {
    guard let form = plan.form, form.isRandom, let recordedNoise else { return }
    let weights = passWeights ?? PassWeights(form)
    passWeights = weights
    weights.draw(form, from: block.pointer, recordedNoise)
  }

  /// The weights that the recorded pass has drawn, or nil where they are the layer's own.
  var drawnWeights: PassWeights<Scalar>? { recordedNoise == nil ? nil : passWeights }

  /// `[N, scratchBlocks·H]`, for the cell's backward step.
  var scratch: AlignedStorage<Scalar> {
    if let backwardScratch { return backwardScratch }
    let scratch = AlignedStorage<Scalar>(
      uninitializedCount: maximumBatch * plan.hiddenSize * plan.scratchBlocks)
    backwardScratch = scratch
    return scratch
  }

  /// Keeps the inputs of a recording; with `clearsPadding`, of sequences that end early a copy with zeros
  /// after their end, so that nothing found there, not even a NaN, reaches a product over all steps.
  func keep(_ x: SequenceBatch<Scalar>, _ lengths: [Int]?, clearsPadding: Bool) {
    self.x = x
    recordsPadding = clearsPadding
    guard clearsPadding, let lengths else { return }
    var isPadded = false
    for n in 0..<lengths.count where lengths[n] < x.steps { isPadded = true }
    if isPadded {
      paddedX.assign(x, steps: 0..<x.steps)
      paddedX.clearPadding(after: lengths)
      self.x = paddedX
    }
  }

  /// Where a pass forward keeps running rows together.
  func packedForward(batch: Int, chunkRows: Int) -> PackedForward<Scalar> {
    PackedForward(
      packedRows(count: PackedForward<Scalar>.count(plan, batch: batch, chunkRows: chunkRows)),
      plan, batch: batch, chunkRows: chunkRows)
  }

  /// Where a pass backward keeps running rows together.
  func packedBackward(batch: Int, chunkRows: Int) -> PackedBackward<Scalar> {
    PackedBackward(
      packedRows(count: PackedBackward<Scalar>.count(plan, batch: batch, chunkRows: chunkRows)),
      plan, batch: batch, chunkRows: chunkRows)
  }

  private func packedRows(count: Int) -> UnsafeMutablePointer<Scalar> {
    if packedRows.count < count { packedRows = AlignedStorage(uninitializedCount: count) }
    return packedRows.pointer
  }

  /// Forgets a recording that no backward pass will use, and lets go of what it refers to.
  public func discard() {
    isRecorded = false
    x = nil
    initialState = nil
    lengths = nil
  }

  /// `count` zeros for the gradients of weights.
  func clearedWeightGradient(count: Int) -> UnsafeMutablePointer<Scalar> {
    if weightGradient.count < count { weightGradient = AlignedStorage(uninitializedCount: count) }
    weightGradient.pointer.update(repeating: 0, count: count)
    return weightGradient.pointer
  }

  /// Room for `count` scalars.
  func productScratch(count: Int) -> UnsafeMutablePointer<Scalar> {
    if productScratch.count < count { productScratch = AlignedStorage(uninitializedCount: count) }
    return productScratch.pointer
  }
}

/// The buffers of inference: room for a chunk of gates and for the results.
///
/// With a workspace, repeated calls of one shape allocate nothing once their results have been
/// dropped; without one, each call makes its own. Belongs to one caller at a time.
public final class Workspace<State: RecurrentState> {
  /// Steps per time chunk, instead of the measured choice: for tests and tuning.
  package var chunkLength: Int?
  /// How the steps are divided, instead of the estimated best: for tests and tuning.
  package var workSplit: WorkSplit?
  /// How the pass follows those of other layers that run at the same time.
  var relay: Relay?

  var gates = AlignedStorage<State.Scalar>(uninitializedCount: 0)
  var outputs = SequenceBatch<State.Scalar>(uninitializedSteps: 0, batch: 0, features: 0)
  var finalState = State()

  /// Who computes the products.
  public let products: ProductStrategy

  /// An empty workspace; it grows to what its first call needs.
  public init(products: ProductStrategy = .automatic) { self.products = products }

  /// The rows of the call at work.
  var rows = RunningRowLists()
  private var packedRows = AlignedStorage<State.Scalar>(uninitializedCount: 0)

  /// Where a pass keeps running rows together.
  func packed(_ plan: CellPlan, batch: Int, chunkRows: Int) -> PackedForward<State.Scalar> {
    let count = PackedForward<State.Scalar>.count(plan, batch: batch, chunkRows: chunkRows)
    if packedRows.count < count { packedRows = AlignedStorage(uninitializedCount: count) }
    return PackedForward(packedRows.pointer, plan, batch: batch, chunkRows: chunkRows)
  }

  /// Room for `count` gate scalars.
  func gates(count: Int) -> UnsafeMutablePointer<State.Scalar> {
    if gates.count < count { gates = AlignedStorage(uninitializedCount: count) }
    return gates.pointer
  }
}
