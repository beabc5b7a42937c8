import LinAlg

/// One stream of a ``StreamBatcher``: where it has got to.
///
/// It belongs to one caller at a time, who asks for a step when the one before has been answered; any thread may be
/// that caller. A stream that nobody refers to any more leaves by itself.
public final class BatchedStream<Layer: StreamingLayer>: Sendable {
  /// The type of the numbers.
  public typealias Scalar = Layer.Scalar

  /// The batcher that it has joined.
  public let batcher: StreamBatcher<Layer>
  let place: StreamPlace<Layer>
  private let answer = Monitor<Result<Matrix<Scalar>, StreamError>?>(nil)

  init(_ batcher: StreamBatcher<Layer>, _ place: StreamPlace<Layer>) {
    self.batcher = batcher
    self.place = place
  }

  deinit { batcher.queue.leave(place) }

  /// Advances the stream by one step, in a batch with what else is ready.
  ///
  /// A task that is cancelled gets its answer all the same; ``leave()`` takes a step back that still waits.
  ///
  /// - Parameter x: the input, `[1, D]`.
  /// - Returns: the output, `[1, F]`.
  /// - Throws: ``StreamError``; the stream has then not been advanced.
  public func step(_ x: Matrix<Scalar>) async throws(StreamError) -> Matrix<Scalar> {
    check(x)
    let result = await withCheckedContinuation { continuation in
      do throws(StreamError) {
        try batcher.queue.submit(place, x) { continuation.resume(returning: $0) }
      } catch {
        continuation.resume(returning: .failure(error))
      }
    }
    return try result.get()
  }

  /// ``step(_:)`` for callers that are no tasks: the thread waits for the answer.
  public func stepAndWait(_ x: Matrix<Scalar>) throws(StreamError) -> Matrix<Scalar> {
    check(x)
    let answer = answer
    try batcher.queue.submit(place, x) { result in
      answer.withLock { $0 = result }
      answer.signal()
    }
    return try answer.wait { result in
      defer { result = nil }
      return result
    }.get()
  }

  private func check(_ x: Matrix<Scalar>) {
    require(
      x.rows == 1 && x.columns == batcher.layer.inputSize,
      """
      BatchedStream: an input of shape [\(x.rows), \(x.columns)], \
      expected [1, D] = [1, \(batcher.layer.inputSize)]
      """)
  }

  /// Leaves the batcher, which has room for another stream then. A step that still waits is not done, and throws
  /// ``StreamError/hasLeft``; one that is under way is answered. Once is enough, and more does no harm.
  public func leave() { batcher.queue.leave(place) }

  /// Where the stream is, of one sequence, also after it has left.
  ///
  /// - Precondition: no step of it waits or is under way.
  public var state: Layer.State {
    batcher.queue.withResting(place) { place in place.state }
  }

  /// How many steps there have been since it joined.
  ///
  /// - Precondition: no step of it waits or is under way.
  public var stepCount: Int {
    batcher.queue.withResting(place) { place in place.stepCount }
  }

  /// What a ``StreamingSession``, or a stream, needs to go on with the same bits.
  ///
  /// - Precondition: no step of it waits or is under way.
  public func snapshot() -> StreamSnapshot {
    batcher.queue.withResting(place) { place in
      StreamSnapshot(place.state, layer: batcher.layer.kind, steps: place.stepCount)
    }
  }
}
