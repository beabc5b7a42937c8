import Hummingbird
import Recurrent
import Synchronization

/// What a server has done, as `GET /stats` says it.
public struct ServerStatistics: ResponseCodable, Hashable, Sendable {
  /// Streams that have joined and not left.
  public var sessions = 0
  /// The most of them.
  public var maximumSessions = 0
  /// Steps that wait.
  public var waiting = 0
  /// The steps of all streams.
  public var steps = 0
  /// The batches that these were done in.
  public var batches = 0
  /// The largest of these.
  public var largestBatch = 0
  /// Answers that were begun.
  public var begun = 0
  /// Of these, those that were written to their end.
  public var completed = 0
  /// Of these, those whose client went away.
  public var brokenOff = 0
  /// Requests that found no room.
  public var refused = 0
}

/// One model that many clients ask, through one batcher.
public final class GenerationService: Sendable {
  /// The model.
  public let text: TextModel
  /// What clients may ask for.
  public let limits: GenerationLimits
  private let batcher: StreamBatcher<TextModel.Layer>
  private let maximumSessions: Int

  private struct Counts {
    var (begun, completed, brokenOff, refused) = (0, 0, 0, 0)
  }
  private let counts = Mutex(Counts())

  /// A service that nobody has asked yet.
  ///
  /// - Parameters:
  ///   - text: the model.
  ///   - limits: what clients may ask for.
  ///   - maximumSessions: how many answers are written at once; who asks beyond that is told to come again.
  ///   - maximumBatch: how many of them step together.
  ///   - patience: how long a batch waits for those missing; nil for a share of the batch before.
  ///   - threads: how many threads a step may use.
  public init(
    _ text: TextModel, limits: GenerationLimits = GenerationLimits(), maximumSessions: Int,
    maximumBatch: Int, patience: Duration?, threads: Int
  ) {
    self.text = text
    self.limits = limits
    self.maximumSessions = maximumSessions
    // As many steps can wait as there are streams, each of which asks for one at a time: who has joined never
    // finds the queue full, so that what is refused is refused before an answer begins.
    batcher = StreamBatcher(
      text.model.layer, maximumStreams: maximumSessions, maximumBatch: maximumBatch,
      patience: patience, threads: threads)
  }

  /// An answer that a client waits for, as long as somebody refers to it.
  final class Visit: Sendable {
    let stream: BatchedStream<TextModel.Layer>
    private let service: GenerationService
    private let isCompleted = Atomic(false)

    fileprivate init(
      _ stream: BatchedStream<TextModel.Layer>, _ service: GenerationService
    ) {
      self.stream = stream
      self.service = service
    }

    /// The answer is written.
    func complete() { isCompleted.store(true, ordering: .relaxed) }

    // Also where the server drops the answer before it has asked for any of it.
    deinit {
      stream.leave()
      let isCompleted = isCompleted.load(ordering: .relaxed)
      service.counts.withLock {
        if isCompleted { $0.completed += 1 } else { $0.brokenOff += 1 }
      }
    }
  }

  /// Room for one more answer.
  ///
  /// - Throws: `StreamError.tooManyStreams`.
  func begin() throws(StreamError) -> Visit {
    do throws(StreamError) {
      let stream = try batcher.join()
      counts.withLock { $0.begun += 1 }
      return Visit(stream, self)
    } catch {
      counts.withLock { $0.refused += 1 }
      throw error
    }
  }

  /// What has been done until now.
  public var statistics: ServerStatistics {
    let (steps, counts) = (batcher.counts, counts.withLock { $0 })
    return ServerStatistics(
      sessions: batcher.streamCount, maximumSessions: maximumSessions,
      waiting: batcher.waitingCount, steps: steps.steps, batches: steps.batches,
      largestBatch: steps.largestBatch, begun: counts.begun, completed: counts.completed,
      brokenOff: counts.brokenOff, refused: counts.refused)
  }
}
