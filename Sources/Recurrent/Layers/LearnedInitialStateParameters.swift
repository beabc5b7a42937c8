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

  /// The first scalar of block `index`, which nobody else holds, for writing through.
  public mutating func uniquePointer(ofBlock index: Int) -> UnsafeMutablePointer<Scalar> {
    index == layer.blockCount ? initial.uniquePointer() : layer.uniquePointer(ofBlock: index)
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

  var state: Layer.State?
  var usesLearnedState = false

  init(_ inner: Layer.Recording) { self.inner = inner }

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
