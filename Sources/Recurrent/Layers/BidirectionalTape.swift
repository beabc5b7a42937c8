import LinAlg

/// What a recorded forward pass of a ``Bidirectional`` layer leaves for its backward pass.
///
/// Made once and reused, like a ``Tape``; belongs to one caller at a time.
public final class BidirectionalTape<Layer: SequenceLayer>: SequenceRecording {
  /// The recording of the layer that reads from the first step to the last.
  public let forward: Layer.Recording
  /// The recording of the layer that reads from the last step to the first.
  public let backward: ReversedTape<Layer>
  /// Where the random choices of the next recorded pass come from.
  public var noise: RecordingNoise? = RecordingNoise()

  /// How many passes have been recorded.
  public private(set) var recordedPasses = 0
  /// How many passes both directions had recorded after the recorded one.
  private var passes = (forward: 0, backward: 0)
  /// How the recorded pass merged its outputs; nil where it left them apart.
  var merge: DirectionMerge?

  /// The outputs of both directions, where the merged gradient needs them.
  var factors: (forward: SequenceBatch<Layer.Scalar>, backward: SequenceBatch<Layer.Scalar>)?
  var outputs = SequenceBatch<Layer.Scalar>.empty
  var dForward = SequenceBatch<Layer.Scalar>.empty
  var dBackward = SequenceBatch<Layer.Scalar>.empty
  var dx = SequenceBatch<Layer.Scalar>.empty

  init(forward: Layer.Recording, backward: ReversedTape<Layer>) {
    self.forward = forward
    self.backward = backward
  }

  /// Notes that both directions have recorded a pass.
  func noteDirections() {
    passes = (forward.recordedPasses, backward.recordedPasses)
    recordedPasses += 1
    merge = nil
  }

  /// Traps where a direction has recorded a pass of its own since.
  func checkDirections() {
    forward.checkIsPass(passes.forward, "the tape of the forward direction")
    backward.checkIsPass(passes.backward, "the tape of the backward direction")
  }

  /// Whether a forward pass has been recorded and not yet been used by a backward pass.
  public var isRecorded: Bool { forward.isRecorded && backward.isRecorded }

  /// Forgets a recording that no backward pass will use, and lets go of what it refers to.
  public func discard() {
    forward.discard()
    backward.discard()
    factors = nil
  }

  /// The bytes that all buffers take.
  public var byteCount: Int {
    forward.byteCount + backward.byteCount + outputs.byteCount + dForward.byteCount
      + dBackward.byteCount + dx.byteCount
  }
}

/// The buffers of a ``Bidirectional`` layer's inference. Belongs to one caller at a time.
public final class BidirectionalWorkspace<Layer: SequenceLayer> {
  let forward: Layer.Buffers
  let backward: ReversedWorkspace<Layer>
  var outputs = SequenceBatch<Layer.Scalar>.empty

  init(forward: Layer.Buffers, backward: ReversedWorkspace<Layer>) {
    self.forward = forward
    self.backward = backward
  }
}
