import LinAlg

/// What a recorded forward pass of a ``Stacked`` layer leaves for its backward pass.
///
/// Made once and reused, like a ``Tape``; belongs to one caller at a time.
public final class StackedTape<Layer: SequenceLayer>: SequenceRecording {
  /// The recordings of the layers, the first layer's first.
  public let layers: [Layer.Recording]
  /// Where the random choices of the next recorded pass come from: a tape with the same seed drops the
  /// same features, pass by pass.
  public var noise: RecordingNoise? = RecordingNoise()

  /// How many passes have been recorded.
  public private(set) var recordedPasses = 0
  /// How many passes each layer had recorded after the recorded one.
  private var passes: [Int]

  let dropout: [DropoutTape<Layer.Scalar>]
  var finalState: [Layer.State] = []
  var dInitialState: [Layer.State] = []
  /// The gradients of the initial states until all are known; they come last layer first.
  var slots: [Layer.State?]

  init(_ layers: [Layer.Recording]) {
    self.layers = layers
    dropout = layers.dropFirst().map { _ in DropoutTape() }
    passes = layers.map { _ in 0 }
    slots = layers.map { _ in nil }
    finalState.reserveCapacity(layers.count)
    dInitialState.reserveCapacity(layers.count)
  }

  /// Notes that all layers have recorded a pass.
  func noteLayers() {
    for i in 0..<layers.count { passes[i] = layers[i].recordedPasses }
    recordedPasses += 1
  }

  /// Traps where a layer has recorded a pass of its own since.
  func checkLayers() {
    for i in 0..<layers.count { layers[i].checkIsPass(passes[i], "the tape of layer \(i)") }
  }

  /// Whether a forward pass has been recorded and not yet been used by a backward pass.
  public var isRecorded: Bool {
    // Not for-in, whose iterator allocates in unoptimised builds.
    var count = 0
    for i in 0..<layers.count { count += layers[i].isRecorded ? 1 : 0 }
    return count == layers.count
  }

  /// Forgets a recording that no backward pass will use, and lets go of what it refers to.
  public func discard() {
    for i in 0..<layers.count { layers[i].discard() }
  }

  /// The bytes that all buffers take.
  public var byteCount: Int {
    var bytes = 0
    for layer in layers { bytes += layer.byteCount }
    for tape in dropout { bytes += tape.byteCount }
    return bytes
  }
}

/// The buffers of a ``Stacked`` layer's inference. Belongs to one caller at a time.
public final class StackedWorkspace<Layer: SequenceLayer> {
  let layers: [Layer.Buffers]
  var finalState: [Layer.State] = []

  init(_ layers: [Layer.Buffers]) {
    self.layers = layers
    finalState.reserveCapacity(layers.count)
  }
}
