import LinAlg

/// Streams that come and go, advanced together whenever they are ready at the same time.
///
/// With few rows a step's time is the reading of the weights: sixty-four streams one by one read them sixty-four
/// times, as one batch once. Streams join and leave at any step, and each gets what it would get alone.
///
/// ```swift
/// let batcher = StreamBatcher(deep, maximumBatch: 64)
/// let stream = try batcher.join()                  // one for each client
/// for await frame in frames {
///   let y = try await stream.step(frame)           // [1, D] in, [1, F] out
/// }
/// stream.leave()
/// ```
/// While one batch is computed, steps that are asked for wait and become the next one; at most `maximumBatch` of
/// them, those that waited longest first. No more than `maximumWaiting` steps wait: a step beyond that throws
/// ``StreamError/queueIsFull(limit:)`` and changes nothing. A step that was taken is answered, once.
///
/// With the engine's own products, which is what `Float` has unless told otherwise, a stream's numbers are bit for
/// bit those of a ``StreamingSession`` of its own, whoever shares its batches; with OpenBLAS's, they are so up to
/// rounding.
///
/// Any thread may call it and its streams. Steps that wait are done by a thread of the batcher's own, which starts
/// with the first of them and ends with the batcher; who has an own loop calls ``step(_:_:)`` and needs none.
public final class StreamBatcher<Layer: StreamingLayer>: Sendable {
  /// The type of the numbers.
  public typealias Scalar = Layer.Scalar

  /// The layer.
  public let layer: Layer
  let queue: StreamQueue<Layer>
  private let own: Monitor<GatheredStep<Layer>>

  /// A batcher without streams.
  ///
  /// - Parameters:
  ///   - layer: the layer.
  ///   - maximumStreams: the most streams that can have joined at once.
  ///   - maximumBatch: the most streams that are advanced together.
  ///   - maximumWaiting: the most steps that can wait; nil means as many as streams.
  ///   - patience: how long a batch waits, after its first step, for streams that have not asked for theirs. Nil
  ///     means: for those that the batch before has answered, at most a sixteenth of the time that it took. Zero is
  ///     for streams that never answer a step with the next one at once.
  ///   - threads: how many threads a step may use; nil means one for each processor.
  ///   - products: who computes the products.
  public convenience init(
    _ layer: Layer, maximumStreams: Int = 1024, maximumBatch: Int = 64,
    maximumWaiting: Int? = nil, patience: Duration? = nil, threads: Int? = 1,
    products: ProductStrategy = .automatic
  ) {
    self.init(
      layer, maximumStreams: maximumStreams, maximumBatch: maximumBatch,
      maximumWaiting: maximumWaiting,
      patience: patience.map { .fixed(max($0, .zero).wholeNanoseconds) }
        ?? .shareOfBatch { $0 / 16 },
      threads: threads, products: products)
    require(
      patience ?? .zero >= .zero,
      "StreamBatcher: patience \(patience ?? .zero), expected 0 or longer")
  }

  /// A batcher whose patience is of any kind.
  init(
    _ layer: Layer, maximumStreams: Int, maximumBatch: Int, maximumWaiting: Int?,
    patience: StreamQueue<Layer>.Patience, threads: Int?, products: ProductStrategy = .automatic
  ) {
    require(
      maximumStreams > 0 && maximumBatch > 0 && maximumWaiting ?? 1 > 0,
      """
      StreamBatcher: \(maximumStreams) streams, batches of \(maximumBatch), \
      \(maximumWaiting ?? maximumStreams) waiting: expected 1 or more of each
      """)
    self.layer = layer
    let makeStep: @Sendable () -> GatheredStep<Layer> = {
      GatheredStep(layer, threads: threads, products: products)
    }
    queue = StreamQueue(
      layer,
      limits: .init(
        streams: maximumStreams, batch: maximumBatch, waiting: maximumWaiting ?? maximumStreams,
        patience: patience),
      makeStep: makeStep)
    own = Monitor(makeStep())
  }

  deinit { queue.close() }

  /// How many streams have joined and not left.
  public var streamCount: Int { queue.joined }

  /// How many steps wait.
  public var waitingCount: Int { queue.waiting }

  /// What has been done until now.
  public var counts: StreamBatcherCounts { queue.counts }

  /// A new stream.
  ///
  /// - Parameter state: where it begins, of one sequence; nil means ``InferenceLayer/initialState(batch:)``. The
  ///   ``BatchedStream/state`` of another stream goes on from there.
  /// - Throws: ``StreamError/tooManyStreams(limit:)``.
  public func join(from state: Layer.State? = nil) throws(StreamError) -> BatchedStream<Layer> {
    let beginning = layer.initialState(batch: 1)
    state?.checkShape(of: beginning, "the state to join with")
    try queue.join()
    return BatchedStream(self, StreamPlace(state ?? beginning))
  }

  /// Advances some streams by one step each, as one batch of any size, on the caller's thread and without waiting.
  ///
  /// - Parameters:
  ///   - streams: each of this batcher, and none of them twice.
  ///   - x: their inputs, `[N, D]`.
  /// - Returns: their outputs, `[N, F]`.
  /// - Throws: ``StreamError/isStepping`` or ``StreamError/hasLeft``; no stream has then been advanced.
  public func step(
    _ streams: [BatchedStream<Layer>], _ x: Matrix<Scalar>
  ) throws(StreamError) -> Matrix<Scalar> {
    require(
      x.rows == streams.count && x.columns == layer.inputSize,
      """
      StreamBatcher: inputs of shape [\(x.rows), \(x.columns)], \
      expected [N, D] = [\(streams.count), \(layer.inputSize)]
      """)
    var begun: [StreamPlace<Layer>] = []
    do throws(StreamError) {
      for stream in streams {
        require(stream.batcher === self, "StreamBatcher: a stream of another batcher")
        try queue.begin(stream.place)
        begun.append(stream.place)
      }
    } catch {
      queue.giveBack(begun)
      throw error
    }
    guard !begun.isEmpty else { return .zeros(rows: 0, columns: layer.outputSize) }
    return own.withLock { step in
      let y = step.run(begun, x)
      queue.end(begun)
      return y
    }
  }
}

/// What a ``StreamBatcher`` has done.
public struct StreamBatcherCounts: Hashable, Sendable {
  /// The steps of all streams.
  public private(set) var steps = 0
  /// The batches that these were done in.
  public private(set) var batches = 0
  /// The largest of these batches.
  public private(set) var largestBatch = 0

  mutating func add(steps: Int) {
    self.steps += steps
    batches += 1
    largestBatch = max(largestBatch, steps)
  }
}
