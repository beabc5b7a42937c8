import LinAlg

/// The parameters of a ``LearnedInitialState``, or their gradients: those of the layer, and the state
/// at which its sequences begin.
public struct LearnedInitialStateParameters<Part: ParameterSet>: ParameterSet {
  /// The type of the numbers.
  public typealias Scalar = Part.Scalar

  /// The layer's.
  public var layer: Part
  /// The initial state, one `[1, width]` tensor for each part of the layer's state: `hidden`, `cell`.
  public var initial: ParameterBlock<Scalar>

  init(layer: Part, initial: ParameterBlock<Scalar>) {
    self.layer = layer
    self.initial = initial
  }

  /// The layer's blocks, and one more.
  public var blockCount: Int { layer.blockCount + 1 }

  /// The layer's blocks, then the initial state.
  public subscript(block index: Int) -> ParameterBlock<Scalar> {
    get { index == layer.blockCount ? initial : layer[block: index] }
    set {
      if index == layer.blockCount {
        initial = newValue
      } else {
        layer[block: index] = newValue
      }
    }
  }

  /// Calls `body` with every scalar of block `index` in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if index == layer.blockCount { return try initial.withUnsafeMutableBufferPointer(body) }
    return try layer.withUnsafeMutableBufferPointer(ofBlock: index, body)
  }

  /// A set of the same shapes with every number zero.
  public func zeros() -> LearnedInitialStateParameters {
    LearnedInitialStateParameters(layer: layer.zeros(), initial: initial.zeros())
  }
}

/// What a recorded forward pass of a ``LearnedInitialState`` leaves for its backward pass.
///
/// Made once and reused, like a ``Tape``; belongs to one caller at a time.
public final class LearnedInitialStateTape<Layer: SequenceLayer>: SequenceRecording {
  /// The layer's own recording.
  public let inner: Layer.Recording

  /// How many passes have been recorded.
  public private(set) var recordedPasses = 0

  var state: Layer.State?
  var usesLearnedState = false
  /// The version of the learned state at which the recorded pass began.
  var initialVersion: UInt64 = 0
  /// How many passes ``inner`` had recorded after the recorded one.
  private var innerPasses = 0

  init(_ inner: Layer.Recording) { self.inner = inner }

  /// Notes that a pass has been recorded.
  func noteInner() {
    innerPasses = inner.recordedPasses
    recordedPasses += 1
  }

  /// Traps where the inner layer has recorded a pass of its own since.
  func checkInner() { inner.checkIsPass(innerPasses, "the layer's own tape") }

  /// Whether a forward pass has been recorded and not yet been used by a backward pass.
  public var isRecorded: Bool { inner.isRecorded }

  /// Where the random choices of the next recorded pass come from.
  public var noise: RecordingNoise? {
    get { inner.noise }
    set { inner.noise = newValue }
  }

  /// Forgets a recording that no backward pass will use, and lets go of what it refers to.
  public func discard() { inner.discard() }

  /// The bytes that all buffers take.
  public var byteCount: Int { inner.byteCount + (state?.byteCount ?? 0) }
}

/// The buffers of a ``LearnedInitialState``'s inference. Belongs to one caller at a time.
public final class LearnedInitialStateWorkspace<Layer: SequenceLayer> {
  let inner: Layer.Buffers
  var state: Layer.State?

  init(_ inner: Layer.Buffers) { self.inner = inner }
}
