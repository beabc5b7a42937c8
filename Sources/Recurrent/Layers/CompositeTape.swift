import LinAlg

/// What a recorded forward pass of a layer made of others leaves for its backward pass: the recordings
/// of its parts, and buffers of its own.
///
/// The type names the layer, so that the tape of a stack cannot be given to another kind of layer. The
/// layer shows the recordings inside, such as ``Stacked/recording(ofLayer:in:)``. Made once and reused,
/// like a ``Tape``; belongs to one caller at a time.
public final class CompositeTape<Layer: SequenceLayer>: SequenceRecording {
  /// Where the random choices of the next recorded pass come from: a tape with the same seed drops the
  /// same features, pass by pass.
  public var noise: RecordingNoise? = RecordingNoise()
  /// How many passes have been recorded.
  public private(set) var recordedPasses = 0

  private let parts: [any SequenceRecording]
  /// How many passes each part had recorded after the recorded one.
  private var passes: [Int]
  private let stored: any CompositeContents

  fileprivate init(_ parts: [any SequenceRecording], stored: any CompositeContents) {
    self.parts = parts
    self.stored = stored
    passes = parts.map(\.recordedPasses)
  }

  /// Begins a pass: lets go of the last one before the parts run, because a buffer with two owners is
  /// not reused, and gives the choices of this one.
  func beginPass() -> RecordingNoise? {
    discard()
    defer { noise = noise?.next }
    return noise
  }

  /// Notes that all parts have recorded the pass.
  func endPass() {
    // Here and below not for-in, whose iterator allocates in unoptimised builds.
    for i in 0..<parts.count { passes[i] = parts[i].recordedPasses }
    recordedPasses += 1
  }

  /// Traps unless a pass has been recorded and not yet been used, and no part holds another one: the
  /// recordings inside can be reached, and then hold what their new owner recorded.
  func checkPass() {
    checkRecorded()
    for i in 0..<parts.count {
      require(
        parts[i].recordedPasses == passes[i],
        """
        part \(i) of the tape of \(Layer.self) holds pass \(parts[i].recordedPasses), expected pass \
        \(passes[i]): it has been recorded anew since the pass of the whole layer
        """)
    }
  }

  /// Whether a forward pass has been recorded and not yet been used by a backward pass.
  public var isRecorded: Bool {
    for i in 0..<parts.count where !parts[i].isRecorded { return false }
    return true
  }

  /// Forgets a recording that no backward pass will use, and lets go of what it refers to.
  public func discard() {
    for i in 0..<parts.count { parts[i].discard() }
    stored.discard()
  }

  /// The bytes that all buffers take.
  public var byteCount: Int {
    var bytes = stored.byteCount
    for i in 0..<parts.count { bytes += parts[i].byteCount }
    return bytes
  }
}

/// The buffers of the inference of a layer made of others. Belongs to one caller at a time.
public final class CompositeWorkspace<Layer: SequenceLayer> {
  private let stored: any CompositeContents

  fileprivate init(stored: any CompositeContents) { self.stored = stored }
}

/// A layer made of others, and what it keeps in its tapes and workspaces.
protocol CompositeLayer: SequenceLayer {
  associatedtype TapeContents: CompositeContents
  associatedtype WorkspaceContents: CompositeContents
}

/// The recordings or buffers of a layer's parts by their types and names, and buffers of its own.
protocol CompositeContents: AnyObject {
  /// The bytes of the buffers, without those of the parts.
  var byteCount: Int { get }
  /// Lets go of what a recording refers to.
  func discard()
}

extension CompositeContents {
  func discard() {}
}

extension CompositeTape where Layer: CompositeLayer {
  /// A tape around the recordings of the parts, which `contents` knows by name.
  convenience init(_ parts: [any SequenceRecording], _ contents: Layer.TapeContents) {
    self.init(parts, stored: contents)
  }

  /// What the layer keeps here.
  var contents: Layer.TapeContents { checked(stored) }
}

extension CompositeWorkspace where Layer: CompositeLayer {
  convenience init(_ contents: Layer.WorkspaceContents) { self.init(stored: contents) }

  /// What the layer keeps here.
  var contents: Layer.WorkspaceContents { checked(stored) }
}

/// The contents by the type that they were put in with.
private func checked<Contents: CompositeContents>(_ stored: any CompositeContents) -> Contents {
  guard let contents = stored as? Contents else {
    failRequirement("a layer made of others keeps \(type(of: stored)), expected \(Contents.self)")
  }
  return contents
}
