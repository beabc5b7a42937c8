import LinAlg

/// A tape for long sequences that keeps only the states at the beginnings of segments, and computes
/// each segment anew when the backward pass comes to it (Chen et al. 2016).
///
/// With segments of `√T` steps, or of one product over time where that is longer (256 rows, or a
/// megabyte of gates), it takes `O(√T)` memory where a ``Tape`` takes `O(T)`, besides the results
/// themselves, and one more forward pass. The gradients are the same: bit by bit in `Float` with the
/// engine's own products, as long as a segment is a multiple of
/// ``CausalLayer/stepsPerProduct(batch:)`` steps (the length that is chosen when none is given), because
/// every sum is then formed in the same order; otherwise up to rounding. What a layer drops at random,
/// it drops again when the segment is computed anew.
///
/// ```swift
/// let tape = CheckpointedTape(for: lstm, steps: 4096, batch: 8)
/// let y = lstm.forward(x, recording: tape)
/// let d = lstm.backward(dOutputs, through: tape, accumulatingInto: &gradients)
/// ```
/// Made once and reused; belongs to one caller at a time.
public final class CheckpointedTape<Layer: CausalLayer> {
  /// The largest number of steps that a recording may have.
  public let maximumSteps: Int
  /// The largest number of sequences that a recording may have.
  public let maximumBatch: Int
  /// How many steps are kept at a time.
  public let segmentLength: Int
  /// Where the random choices of the next recorded pass come from.
  public var noise: RecordingNoise? = RecordingNoise()
  /// Whether a forward pass has been recorded and not yet been used by a backward pass.
  public internal(set) var isRecorded = false

  let segment: Layer.Recording
  /// The states before the second and each further segment.
  var checkpoints: [Layer.State] = []
  /// The gradient of the state between two segments.
  var dState: Layer.State
  var segmentX = SequenceBatch<Layer.Scalar>.empty
  var segmentGradient = SequenceBatch<Layer.Scalar>.empty
  /// How many of a segment's steps each sequence has.
  var segmentLengths: [Int] = []

  // What the recording refers to; released by the backward pass.
  var x: SequenceBatch<Layer.Scalar>?
  var initialState: Layer.State?
  var lengths: [Int]?
  var recordedNoise: RecordingNoise?

  // Results, as long as the sequences.
  var outputs = SequenceBatch<Layer.Scalar>.empty
  var dx = SequenceBatch<Layer.Scalar>.empty

  /// A tape with room for `steps` steps of `batch` sequences.
  ///
  /// - Parameters:
  ///   - layer: whose passes it will record.
  ///   - steps: the largest number of steps.
  ///   - batch: the largest number of sequences.
  ///   - segmentLength: how many steps are kept at a time; nil means `√steps`, rounded up to a multiple
  ///     of ``CausalLayer/stepsPerProduct(batch:)``.
  ///   - products: who computes the products of the passes that use the tape.
  public init(
    for layer: Layer, steps: Int, batch: Int, segmentLength: Int? = nil,
    products: ProductStrategy = .automatic
  ) {
    require(
      steps >= 0 && batch >= 0, "CheckpointedTape: negative shape, \(steps) steps, batch \(batch)")
    require(
      segmentLength ?? 1 > 0,
      "CheckpointedTape: segments of \(segmentLength ?? 1) steps, expected 1 or more")
    maximumSteps = steps
    maximumBatch = batch
    if let segmentLength {
      self.segmentLength = segmentLength
    } else {
      let unit = layer.stepsPerProduct(batch: batch)
      let root = max(1, Int(Double(steps).squareRoot().rounded(.up)))
      self.segmentLength = (root + unit - 1) / unit * unit
    }
    segment = layer.makeTape(
      steps: min(self.segmentLength, steps), batch: batch, products: products)
    dState = layer.zeroState(batch: batch)
    let count = (steps + self.segmentLength - 1) / self.segmentLength
    for _ in 1..<max(count, 1) { checkpoints.append(layer.zeroState(batch: batch)) }
  }

  /// The bytes of everything but the results, `outputs` and `dx`.
  public var byteCount: Int {
    var bytes =
      segment.byteCount + dState.byteCount + segmentX.byteCount + segmentGradient.byteCount
    for i in 0..<checkpoints.count { bytes += checkpoints[i].byteCount }
    return bytes
  }

  /// The steps of segment `index` of `steps` steps.
  func range(_ index: Int, of steps: Int) -> Range<Int> {
    index * segmentLength..<min((index + 1) * segmentLength, steps)
  }

  /// How many segments `steps` steps have; one at least.
  func segmentCount(_ steps: Int) -> Int { max(1, (steps + segmentLength - 1) / segmentLength) }
}

extension CausalLayer {
  /// Runs the layer over a batch of sequences and records what the backward pass cannot compute anew; see
  /// ``SequenceLayer/forward(_:from:lengths:threads:recording:)``.
  @discardableResult
  public func forward(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, recording tape: CheckpointedTape<Self>
  ) -> RecurrentOutput<State> {
    x.checkLengths(lengths)
    require(
      x.steps <= tape.maximumSteps && x.batch <= tape.maximumBatch,
      """
      input has shape [T, N] = [\(x.steps), \(x.batch)], the tape has room for \
      [\(tape.maximumSteps), \(tape.maximumBatch)]
      """)
    tape.isRecorded = false
    tape.x = x
    tape.initialState = state
    tape.lengths = lengths
    tape.recordedNoise = tape.noise
    tape.noise = tape.noise?.next
    tape.outputs.renew(steps: x.steps, batch: x.batch, features: outputSize)

    let count = tape.segmentCount(x.steps)
    for i in 0..<count - 1 {
      let run = record(i, of: x, tape, threads: threads)
      tape.outputs.copyIn(run.outputs, at: i * tape.segmentLength)
      tape.checkpoints[i].assign(run.finalState)
    }
    let run = record(count - 1, of: x, tape, threads: threads)
    tape.outputs.copyIn(run.outputs, at: (count - 1) * tape.segmentLength)
    tape.isRecorded = true
    return RecurrentOutput(tape.outputs, finalState: run.finalState)
  }

  /// Runs the recorded pass backwards, computing each segment but the last anew; see
  /// ``SequenceLayer/backward(_:finalState:through:threads:accumulatingInto:)``.
  ///
  /// - Precondition: the parameters are those with which the pass was recorded.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State? = nil,
    through tape: CheckpointedTape<Self>, threads: Int? = nil,
    accumulatingInto gradients: inout Parameters
  ) -> InputGradients<State> {
    guard tape.isRecorded, let x = tape.x else { failUnrecorded() }
    dOutputs?.checkIsGradient(of: tape.outputs)
    tape.dx.renew(steps: x.steps, batch: x.batch, features: inputSize)
    let count = tape.segmentCount(x.steps)
    for i in stride(from: count - 1, through: 1, by: -1) {
      let d = backward(
        segment: i, of: x, dOutputs, i == count - 1 ? dFinalState : tape.dState, tape,
        threads: threads, isRecorded: i == count - 1, &gradients)
      // Into memory of its own: what shares the segment's memory keeps it from being reused.
      tape.dState.assign(d.initialState)
    }
    let d = backward(
      segment: 0, of: x, dOutputs, count == 1 ? dFinalState : tape.dState, tape,
      threads: threads, isRecorded: count == 1, &gradients)
    tape.isRecorded = false
    tape.x = nil
    tape.initialState = nil
    tape.lengths = nil
    return InputGradients(tape.dx, initialState: d.initialState)
  }

  private func record(
    _ index: Int, of x: SequenceBatch<Scalar>, _ tape: CheckpointedTape<Self>, threads: Int?
  ) -> RecurrentOutput<State> {
    let range = tape.range(index, of: x.steps)
    tape.segment.discard()
    tape.segmentX.assign(x, steps: range)
    if let lengths = tape.lengths { tape.segmentLengths.assign(lengths, clippedTo: range) }
    tape.segment.noise = tape.recordedNoise?.advanced(by: range.lowerBound)
    return forward(
      tape.segmentX, from: index == 0 ? tape.initialState : tape.checkpoints[index - 1],
      lengths: tape.lengths == nil ? nil : tape.segmentLengths, threads: threads,
      recording: tape.segment)
  }

  private func backward(
    segment index: Int, of x: SequenceBatch<Scalar>, _ dOutputs: SequenceBatch<Scalar>?,
    _ dState: State?, _ tape: CheckpointedTape<Self>, threads: Int?, isRecorded: Bool,
    _ gradients: inout Parameters
  ) -> InputGradients<State> {
    let range = tape.range(index, of: x.steps)
    if !isRecorded { _ = record(index, of: x, tape, threads: threads) }
    if let dOutputs { tape.segmentGradient.assign(dOutputs, steps: range) }
    let d = backward(
      dOutputs == nil ? nil : tape.segmentGradient, finalState: dState, through: tape.segment,
      threads: threads, accumulatingInto: &gradients)
    tape.dx.copyIn(d.x, at: range.lowerBound)
    return d
  }
}

extension [Int] {
  /// Becomes how many steps of each sequence lie in a range of steps, in the memory that is there.
  mutating func assign(_ lengths: [Int], clippedTo range: Range<Int>) {
    removeAll(keepingCapacity: true)
    for n in 0..<lengths.count {
      append(Swift.min(Swift.max(lengths[n] - range.lowerBound, 0), range.count))
    }
  }
}
