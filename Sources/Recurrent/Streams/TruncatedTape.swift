import LinAlg

/// Truncated backpropagation through time over sequences that have no end in sight (Williams & Peng
/// 1990, BPTT(h; h′)): every `k1` steps, the loss of these steps runs back through the last `k2`.
///
/// ```swift
/// let tape = TruncatedTape(for: lstm, every: 5, through: 20, batch: 16)
/// for window in windows {                                  // k1 = 5 steps each
///   let y = lstm.forward(window, recording: tape)          // goes on where the window before ended
///   lstm.backward(dOutputs(y), through: tape, accumulatingInto: &gradients)
///   // an optimizer step, if you like
/// }
/// ```
/// The state `k2` steps before the end of a window counts as a constant. With `k1 = k2 = T` that is
/// full backpropagation; with `k2 > k1` the older steps are computed anew, with the parameters as they
/// are now, so that the gradient is that of the newest `k1` outputs with respect to the parameters that
/// gave them.
///
/// Made once and reused; belongs to one caller at a time.
public final class TruncatedTape<Layer: CausalLayer> {
  /// The largest number of steps of a window.
  public let k1: Int
  /// How many steps back gradients flow.
  public let k2: Int
  /// The largest number of sequences.
  public let maximumBatch: Int
  /// Where the random choices of the next sequences come from.
  public var noise: RecordingNoise? = RecordingNoise()
  /// The steps that the last recording covers, counted from the beginning of the sequences.
  public internal(set) var recordedSteps = 0..<0

  let inner: Layer.Recording
  /// The state before the first step of the history; nil for the layer's own beginning.
  var state: Layer.State?
  /// The inputs from `historyStart` on, of the last `k2` steps.
  var history: SequenceBatch<Layer.Scalar>
  var historyStart = 0
  var historyCount = 0
  /// The batch of the sequences that have been begun; nil before their first window.
  var batch: Int?
  var lengths: [Int]?
  var sequenceNoise: RecordingNoise?

  var x = SequenceBatch<Layer.Scalar>.empty
  var outputs = SequenceBatch<Layer.Scalar>.empty
  var dOutputs = SequenceBatch<Layer.Scalar>.empty
  /// How many of the recorded steps each sequence has.
  var recordedLengths: [Int] = []

  /// A tape for windows of up to `k1` steps.
  ///
  /// - Parameters:
  ///   - layer: whose passes it will record.
  ///   - k1: the largest number of steps of a window.
  ///   - k2: how many steps back gradients flow, at least `k1`.
  ///   - batch: the largest number of sequences.
  ///   - products: who computes the products of the passes that use the tape.
  public init(
    for layer: Layer, every k1: Int, through k2: Int, batch: Int,
    products: ProductStrategy = .automatic
  ) {
    require(k1 > 0 && k2 >= k1, "TruncatedTape: k1, k2 = \(k1), \(k2), expected 0 < k1 ≤ k2")
    require(batch >= 0, "TruncatedTape: negative batch \(batch)")
    self.k1 = k1
    self.k2 = k2
    maximumBatch = batch
    inner = layer.makeTape(steps: k2, batch: batch, products: products)
    history = SequenceBatch(uninitializedSteps: k1 + k2, batch: batch, features: layer.inputSize)
  }

  /// Whether a window has been recorded and not yet been used by a backward pass.
  public var isRecorded: Bool { inner.isRecorded }

  /// Begins new sequences.
  ///
  /// - Parameters:
  ///   - state: the state before their first step; nil means ``InferenceLayer/initialState(batch:)``.
  ///   - lengths: how many steps each sequence has in all its windows; nil means that none ends.
  public func begin(from state: Layer.State? = nil, lengths: [Int]? = nil) {
    inner.discard()
    self.state = state
    self.lengths = lengths
    (historyStart, historyCount) = (0, 0)
    recordedSteps = 0..<0
    if batch != nil { noise = noise?.next }
    batch = nil
    sequenceNoise = noise
  }
}

extension CausalLayer {
  /// Runs the layer over the next window of its sequences and records the last ``TruncatedTape/k2``
  /// steps: goes on where the window before ended, or where ``TruncatedTape/begin(from:lengths:)`` said.
  /// The window is `[w, N, D]` with `w ≤ k1`, its outputs `[w, N, F]`.
  @discardableResult
  public func forward(
    _ window: SequenceBatch<Scalar>, threads: Int? = nil, recording tape: TruncatedTape<Self>
  ) -> RecurrentOutput<State> {
    require(
      window.steps <= tape.k1 && window.batch <= tape.maximumBatch
        && window.features == inputSize,
      """
      the window has shape \(window.shape), expected [w, N, D] = [≤ \(tape.k1), \
      ≤ \(tape.maximumBatch), \(inputSize)]
      """)
    require(
      tape.history.features == inputSize,
      "the tape was made for D = \(tape.history.features) features, this layer takes \(inputSize)")
    let batch = tape.batch ?? window.batch
    require(
      batch == window.batch,
      "the window has \(window.batch) sequences, the windows before had \(batch)")
    if let lengths = tape.lengths {
      require(lengths.count == batch, "\(lengths.count) lengths given for a batch of \(batch)")
    }
    if tape.batch == nil {
      tape.batch = batch
      tape.sequenceNoise = tape.noise
      tape.history.renew(steps: tape.k1 + tape.k2, batch: batch, features: inputSize)
    }
    tape.inner.discard()
    tape.history.copyIn(window, at: tape.historyCount)
    tape.historyCount += window.steps
    let surplus = tape.historyCount - tape.k2
    if surplus > 0 {
      let run = record(steps: surplus, tape, threads: threads)
      // The recording holds the state that is about to be overwritten.
      tape.inner.discard()
      if tape.state == nil {
        tape.state = run.finalState
        tape.state?.makeUnique()
      } else {
        tape.state?.assign(run.finalState)
      }
      tape.history.dropFirst(surplus, keeping: tape.historyCount - surplus)
      tape.historyStart += surplus
      tape.historyCount -= surplus
    }
    let run = record(steps: tape.historyCount, tape, threads: threads)
    tape.recordedSteps = tape.historyStart..<tape.historyStart + tape.historyCount
    tape.outputs.assign(
      run.outputs, steps: tape.historyCount - window.steps..<tape.historyCount)
    return RecurrentOutput(tape.outputs, finalState: run.finalState)
  }

  /// Runs the recorded steps backwards, from the loss of the newest window alone, `[w, N, F]`; see
  /// ``SequenceLayer/backward(_:finalState:through:threads:accumulatingInto:)``. The gradients of the inputs
  /// are those of all ``TruncatedTape/recordedSteps``, the state is that before them.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State? = nil,
    through tape: TruncatedTape<Self>, threads: Int? = nil,
    accumulatingInto gradients: inout Parameters
  ) -> InputGradients<State> {
    tape.inner.checkRecorded()
    if let dOutputs {
      dOutputs.checkIsGradient(of: tape.outputs)
      tape.dOutputs.renew(
        steps: tape.historyCount, batch: dOutputs.batch, features: dOutputs.features)
      tape.dOutputs.clearAll()
      tape.dOutputs.copyIn(dOutputs, at: tape.historyCount - dOutputs.steps)
    }
    return backward(
      dOutputs == nil ? nil : tape.dOutputs, finalState: dFinalState, through: tape.inner,
      threads: threads, accumulatingInto: &gradients)
  }

  private func record(
    steps: Int, _ tape: TruncatedTape<Self>, threads: Int?
  ) -> RecurrentOutput<State> {
    let start = tape.historyStart
    tape.inner.discard()
    tape.x.assign(tape.history, steps: 0..<steps)
    if let lengths = tape.lengths {
      tape.recordedLengths.assign(lengths, clippedTo: start..<start + steps)
    }
    tape.inner.noise = tape.sequenceNoise?.advanced(by: start)
    return forward(
      tape.x, from: tape.state,
      lengths: tape.lengths == nil ? nil : tape.recordedLengths,
      threads: threads, recording: tape.inner)
  }
}

extension SequenceBatch {
  /// Moves `kept` steps from step `count` to the beginning. The storage is not shared.
  fileprivate func dropFirst(_ count: Int, keeping kept: Int) {
    UnsafeMutableRawPointer(pointer(atStep: 0)).copyMemory(
      from: pointer(atStep: count), byteCount: kept * batch * rowBytes)
  }
}
