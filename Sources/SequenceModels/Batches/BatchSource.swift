import Autodiff
import LinAlg

/// Numbered sequences of which batches are made.
public protocol BatchSource<Batch>: Sendable {
  /// What a batch is.
  associatedtype Batch: Sendable

  /// How many sequences there are.
  var count: Int { get }

  /// The batch of some sequences.
  ///
  /// - Parameter numbers: each in `0..<count`.
  func batch(_ numbers: [Int]) throws -> Batch
}

extension BatchSource {
  func checkNumbers(_ numbers: [Int]) {
    for number in numbers {
      require(
        number >= 0 && number < count, "\(Self.self): sequence \(number), of \(count)")
    }
  }
}

/// Sequences with a label each: what a classifier is trained on.
public struct LabelledSequences: BatchSource {
  /// Some of the sequences.
  public struct Batch: Sendable, Equatable {
    /// The sequences, filled up, `[T, N]`.
    public var sequences: PaddedBatch
    /// The label of each, `[1, N]`.
    public var labels: TokenBatch
  }

  /// All sequences, as long as they are.
  public let sequences: [[Token]]
  /// The label of each.
  public let labels: [Token]
  /// How they become a batch.
  public let padding: Padding

  /// Sequences and their labels.
  ///
  /// - Precondition: there is a label for each sequence.
  public init(_ sequences: [[Token]], labels: [Token], padding: Padding) {
    require(
      sequences.count == labels.count,
      "LabelledSequences: \(sequences.count) sequences and \(labels.count) labels")
    self.sequences = sequences
    self.labels = labels
    self.padding = padding
  }

  /// How many sequences there are.
  public var count: Int { sequences.count }

  /// The batch of some sequences.
  ///
  /// - Precondition: each number is in `0..<count`.
  public func batch(_ numbers: [Int]) -> Batch {
    checkNumbers(numbers)
    return Batch(
      sequences: PaddedBatch(numbers.map { sequences[$0] }, padding: padding),
      labels: TokenBatch(steps: 1, batch: numbers.count, tokens: numbers.map { labels[$0] }))
  }

  /// Batches of similar lengths, those after cutting; see ``LengthBuckets``.
  public func buckets(batch: Int, seed: UInt64, pool: Int = 256) -> LengthBuckets {
    LengthBuckets(
      lengths: sequences.map { padding.kept($0).count }, batch: batch, seed: seed, pool: pool)
  }
}

/// Pairs of a source and a target: translations, questions and answers, or, where both have one length,
/// sequences and their tags.
public struct SequencePairs: BatchSource {
  /// Some of the pairs.
  public struct Batch: Sendable, Equatable {
    /// The sources, filled up, `[T, N]`.
    public var sources: PaddedBatch
    /// The targets, filled up, `[T′, N]`.
    public var targets: PaddedBatch
  }

  /// All sources, as long as they are.
  public let sources: [[Token]]
  /// The target of each.
  public let targets: [[Token]]
  /// How sources become a batch.
  public let sourcePadding: Padding
  /// How targets become a batch.
  public let targetPadding: Padding

  /// Sources and their targets.
  ///
  /// - Parameters:
  ///   - sources: as many as targets.
  ///   - targets: as many as sources.
  ///   - padding: how sources become a batch.
  ///   - targetPadding: how targets become a batch; nil for the same way.
  /// - Precondition: there is a target for each source.
  public init(
    sources: [[Token]], targets: [[Token]], padding: Padding, targetPadding: Padding? = nil
  ) {
    require(
      sources.count == targets.count,
      "SequencePairs: \(sources.count) sources and \(targets.count) targets")
    self.sources = sources
    self.targets = targets
    sourcePadding = padding
    self.targetPadding = targetPadding ?? padding
  }

  /// How many pairs there are.
  public var count: Int { sources.count }

  /// The batch of some pairs.
  ///
  /// - Precondition: each number is in `0..<count`.
  public func batch(_ numbers: [Int]) -> Batch {
    checkNumbers(numbers)
    return Batch(
      sources: PaddedBatch(numbers.map { sources[$0] }, padding: sourcePadding),
      targets: PaddedBatch(numbers.map { targets[$0] }, padding: targetPadding))
  }

  /// Batches of similar lengths of both, those after cutting; see ``LengthBuckets``.
  public func buckets(batch: Int, seed: UInt64, pool: Int = 256) -> LengthBuckets {
    LengthBuckets(
      lengths: sources.map { sourcePadding.kept($0).count },
      and: targets.map { targetPadding.kept($0).count }, batch: batch, seed: seed, pool: pool)
  }
}
