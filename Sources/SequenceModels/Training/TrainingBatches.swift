import Autodiff
import LinAlg

/// The batches of one epoch after the other, from wherever they come.
///
/// ```swift
/// .prepared(pairs, in: pairs.buckets(batch: 32, seed: 1))    // by length, on a thread of their own
/// .windows(of: streams)                                      // truncated backpropagation
/// .list(batches)                                             // the same each epoch
/// .endless { number in makeBatch(number) }                   // problems made as they are needed
/// ```
public struct TrainingBatches<Batch> {
  /// The batches of one epoch.
  package struct Epoch {
    /// How many there are; nil where only their end tells.
    package var count: Int?
    /// The next one; nil after the last.
    package var next: () throws -> Batch?
  }

  package let isEndless: Bool
  package let begin: (_ epoch: Int) throws -> Epoch

  private init(isEndless: Bool = false, begin: @escaping (_ epoch: Int) throws -> Epoch) {
    (self.isEndless, self.begin) = (isEndless, begin)
  }

  /// Batches that a thread of their own prepares.
  ///
  /// - Parameter make: the batches of an epoch, counted from 0.
  public static func prepared(
    _ make: @escaping (_ epoch: Int) throws -> PreparedBatches<Batch>
  ) -> TrainingBatches where Batch: Sendable {
    TrainingBatches { epoch in
      let batches = try make(epoch)
      return Epoch(count: batches.count, next: batches.next)
    }
  }

  /// The batches of a source, of similar lengths and in another order each epoch.
  ///
  /// - Parameters:
  ///   - source: what batches are made of.
  ///   - buckets: which sequences make a batch.
  ///   - ahead: how many batches may be ready or in preparation.
  public static func prepared(
    _ source: some BatchSource<Batch>, in buckets: LengthBuckets, ahead: Int = 1
  ) -> TrainingBatches where Batch: Sendable {
    require(
      source.count == buckets.count,
      "TrainingBatches: a source of \(source.count) sequences, lengths of \(buckets.count)")
    return prepared { PreparedBatches(of: source, in: buckets.order(epoch: $0), ahead: ahead) }
  }

  /// The same batches each epoch, in their order.
  public static func list(_ batches: some Collection<Batch>) -> TrainingBatches {
    TrainingBatches { _ in
      var rest = batches[...]
      return Epoch(count: batches.count) { rest.popFirst() }
    }
  }

  /// Batches that are made when they are needed.
  ///
  /// - Parameters:
  ///   - count: how many an epoch has.
  ///   - make: the batch of an epoch and a number in it, both counted from 0.
  public static func made(
    count: Int, _ make: @escaping (_ epoch: Int, _ index: Int) throws -> Batch
  ) -> TrainingBatches {
    TrainingBatches { epoch in
      var index = 0
      return Epoch(count: count) {
        guard index < count else { return nil }
        defer { index += 1 }
        return try make(epoch, index)
      }
    }
  }

  /// Batches without an end: for problems that are made as they are needed. There are no epochs.
  ///
  /// - Parameter make: the batch of a number, counted from 0.
  public static func endless(
    _ make: @escaping (_ number: Int) throws -> Batch
  ) -> TrainingBatches {
    TrainingBatches(isEndless: true) { _ in
      var number = 0
      return Epoch(count: nil) {
        defer { number += 1 }
        return try make(number)
      }
    }
  }
}

extension TrainingBatches<TokenWindow> {
  /// The windows of a text, one after the other; ``TokenWindow/index`` says where the streams begin.
  public static func windows(of streams: TokenStreams) -> TrainingBatches {
    made(count: streams.windowCount) { _, index in streams[index] }
  }
}

extension Model {
  /// The loss over batches, without a way back and without dropout: what a held-out part costs.
  ///
  /// - Parameters:
  ///   - batches: those of epoch 0.
  ///   - graph: computes it.
  ///   - loss: of a batch; the same function as in training.
  /// - Returns: the loss over all rows that count.
  /// - Throws: what the batches throw.
  /// - Precondition: the batches have an end.
  public func evaluate<Batch>(
    _ batches: TrainingBatches<Batch>, on graph: Graph<Scalar>,
    loss: (Self, Batch, Graph<Scalar>) -> Node<Scalar>
  ) throws -> Loss {
    require(!batches.isEndless, "evaluate: batches without an end")
    let epoch = try batches.begin(0)
    var total = Loss()
    while let batch = try epoch.next() {
      total += evaluate(on: graph) { loss($0, batch, $1).loss }
    }
    return total
  }
}
