import LinAlg

/// A stream, or a batch of streams that advance together: where it has got to, and every buffer that a
/// step needs.
///
/// ```swift
/// let session = StreamingSession(deep)        // the weights are shared by all sessions
/// for x in frames {                           // [1, D] each
///   let y = session.step(x)                   // [1, F]
/// }
/// let saved = try JSONEncoder().encode(session.snapshot())
/// ```
/// A step allocates nothing, as long as its caller drops each output before the next step. A session
/// belongs to one caller at a time; the layer is a value that all sessions share.
public final class StreamingSession<Layer: StreamingLayer> {
  /// The type of the numbers.
  public typealias Scalar = Layer.Scalar

  /// The layer.
  public let layer: Layer
  /// `N`, the number of streams.
  public let batch: Int
  /// How many threads a step may use; nil means one for each processor.
  public let threads: Int?
  /// How many steps there have been since the beginning, or since the last ``reset()``.
  public private(set) var stepCount = 0

  private var current: Layer.State
  private let workspace: Layer.Buffers
  private let chunks: Layer.Buffers

  /// Streams at their beginning.
  ///
  /// - Parameters:
  ///   - layer: the layer.
  ///   - batch: how many streams advance together.
  ///   - threads: how many threads a step may use; one, unless a step is large.
  ///   - products: who computes the products.
  public init(
    _ layer: Layer, batch: Int = 1, threads: Int? = 1, products: ProductStrategy = .automatic
  ) {
    require(batch >= 0, "StreamingSession: negative batch \(batch)")
    self.layer = layer
    self.batch = batch
    self.threads = threads
    current = layer.initialState(batch: batch)
    current.makeUnique()
    workspace = layer.makeWorkspace(products: products)
    chunks = layer.makeWorkspace(products: products)
  }

  /// The state after the steps so far.
  ///
  /// - Precondition: a state that is set has the shapes of the one that is there.
  public var state: Layer.State {
    get { current }
    set {
      newValue.checkShape(of: current, "the session's state")
      current.assign(newValue)
    }
  }

  /// Advances every stream by one step.
  ///
  /// - Parameter x: the inputs, `[N, D]`.
  /// - Returns: the outputs, `[N, F]`.
  @discardableResult
  public func step(_ x: Matrix<Scalar>) -> Matrix<Scalar> {
    layer.step(x, &current, threads: threads, workspace: workspace)
    stepCount += 1
    return layer.output(of: current)
  }

  /// Advances every stream by some steps at once, which is faster than one by one.
  ///
  /// - Parameter x: the inputs, `[T, N, D]`.
  /// - Returns: the outputs, `[T, N, F]`.
  @discardableResult
  public func advance(_ x: SequenceBatch<Scalar>) -> SequenceBatch<Scalar> {
    let run = layer(x, from: current, lengths: nil, threads: threads, workspace: chunks)
    current.assign(run.finalState)
    stepCount += x.steps
    return run.outputs
  }

  /// Goes back to the beginning.
  public func reset() {
    current.assign(layer.initialState(batch: batch))
    stepCount = 0
  }

  // MARK: Snapshots

  /// Goes on where another session was.
  ///
  /// - Parameters:
  ///   - layer: a layer of the same kind and sizes, with the same weights.
  ///   - snapshot: from ``snapshot()``.
  ///   - threads: how many threads a step may use.
  ///   - products: who computes the products.
  /// - Throws: ``SnapshotError`` where the snapshot is not one of such a layer.
  public convenience init(
    _ layer: Layer, resuming snapshot: StreamSnapshot, threads: Int? = 1,
    products: ProductStrategy = .automatic
  ) throws(SnapshotError) {
    self.init(layer, batch: snapshot.batch, threads: threads, products: products)
    try restore(snapshot)
  }

  /// Where the streams are: what a session with the same layer needs to go on with the same bits.
  public func snapshot() -> StreamSnapshot {
    StreamSnapshot(current, layer: layer.kind, steps: stepCount)
  }

  /// Goes to where the streams were when the snapshot was taken.
  ///
  /// - Throws: ``SnapshotError`` where the snapshot is not one of such a layer and batch; the session
  ///   is then as it was.
  public func restore(_ snapshot: StreamSnapshot) throws(SnapshotError) {
    try snapshot.write(to: &current, layer: layer.kind)
    stepCount = snapshot.steps
  }
}
