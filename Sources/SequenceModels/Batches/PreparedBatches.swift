import LinAlg

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Batches that a thread of their own prepares, while the one before is trained on.
///
/// ```swift
/// let batches = PreparedBatches(of: pairs, in: buckets.order(epoch: 3))
/// while let batch = try batches.next() { … }
/// ```
/// They come in their order, whatever takes how long. At most ``ahead`` of them are ready or being prepared;
/// further ones wait until one is taken. An error of the preparation is thrown by ``next()`` where its
/// batch would have come, and ends the batches. What is dropped before its end prepares nothing further.
///
/// Belongs to one caller at a time; ``cancel()`` may be called by any.
public final class PreparedBatches<Batch: Sendable>: Sendable {
  /// How many batches there are.
  public let count: Int
  /// How many batches may be ready or in preparation.
  public let ahead: Int
  private let channel: BatchChannel<Batch>

  /// Prepares batches one after the other.
  ///
  /// - Parameters:
  ///   - count: how many there are.
  ///   - ahead: how many may be ready or in preparation.
  ///   - prepare: makes a batch of its number, on the other thread; called for `0..<count`, in order.
  /// - Precondition: `count` is not negative, `ahead` positive.
  public init(
    count: Int, ahead: Int = 1, _ prepare: @escaping @Sendable (_ index: Int) throws -> Batch
  ) {
    require(
      count >= 0 && ahead > 0, "PreparedBatches: \(count) batches, \(ahead) of them ahead")
    (self.count, self.ahead) = (count, ahead)
    channel = BatchChannel(count: count, ahead: ahead, prepare: prepare)
    channel.start()
  }

  /// Prepares the batches of a source.
  ///
  /// - Parameters:
  ///   - source: what batches are made of.
  ///   - order: the numbers of each batch, such as ``LengthBuckets/order(epoch:)``.
  ///   - ahead: how many batches may be ready or in preparation.
  public convenience init(
    of source: some BatchSource<Batch>, in order: [[Int]], ahead: Int = 1
  ) {
    self.init(count: order.count, ahead: ahead) { try source.batch(order[$0]) }
  }

  deinit { channel.cancel() }

  /// The next batch, once it is ready; nil after the last one, after an error, and when cancelled.
  ///
  /// - Throws: what preparing the batch threw.
  public func next() throws -> Batch? { try channel.take() }

  /// Ends the batches: what is ready is dropped. On return no batch is being prepared.
  public func cancel() {
    channel.cancel()
    channel.waitUntilIdle()
  }
}

/// What the two threads share.
private final class BatchChannel<Batch: Sendable>: Sendable {
  private let count: Int
  private let ahead: Int
  private let condition = ConditionLock()

  // All of these are read and written under the lock.
  /// Nil once nothing more will be prepared, so that what it holds is free.
  nonisolated(unsafe) private var prepare: (@Sendable (Int) throws -> Batch)?
  nonisolated(unsafe) private var ready: [Result<Batch, any Error>] = []
  nonisolated(unsafe) private var nextIndex = 0
  nonisolated(unsafe) private var isPreparing = false
  nonisolated(unsafe) private var preparer: pthread_t?
  nonisolated(unsafe) private var hasThread = false

  init(count: Int, ahead: Int, prepare: @escaping @Sendable (Int) throws -> Batch) {
    self.count = count
    self.ahead = ahead
    self.prepare = count > 0 ? prepare : nil
  }

  /// Starts the thread. Where the system gives none, batches are prepared when they are asked for.
  func start() {
    guard count > 0 else { return }
    hasThread = startThread { [self] in while prepareNext() {} }
  }

  /// Waits for room and prepares a batch; false when there is none left.
  private func prepareNext() -> Bool {
    lock()
    while prepare != nil && ready.count >= ahead { condition.wait() }
    guard let prepare else {
      unlock()
      return false
    }
    let index = nextIndex
    (isPreparing, preparer) = (true, pthread_self())
    unlock()

    let result = Result { try prepare(index) }

    lock()
    defer { unlock() }
    (isPreparing, preparer) = (false, nil)
    nextIndex = index + 1
    condition.broadcast()
    guard self.prepare != nil else { return false }
    ready.append(result)
    if case .failure = result { self.prepare = nil }
    if nextIndex == count { self.prepare = nil }
    return self.prepare != nil
  }

  func take() throws -> Batch? {
    if !hasThread {
      lock()
      let isEmpty = ready.isEmpty
      unlock()
      if isEmpty { _ = prepareNext() }
    }
    lock()
    while ready.isEmpty && prepare != nil { condition.wait() }
    let result = ready.isEmpty ? nil : ready.removeFirst()
    condition.broadcast()
    unlock()
    return try result?.get()
  }

  func cancel() {
    lock()
    let dropped = (prepare, ready)
    (prepare, ready) = (nil, [])
    condition.broadcast()
    unlock()
    // Freed here and not under the lock, which what is freed might ask for.
    withExtendedLifetime(dropped) {}
  }

  /// Waits until no batch is being prepared, but by the caller itself.
  func waitUntilIdle() {
    lock()
    while isPreparing, let preparer, pthread_equal(preparer, pthread_self()) == 0 {
      condition.wait()
    }
    unlock()
  }

  private func lock() { condition.lock() }
  private func unlock() { condition.unlock() }
}
