import Autodiff
import LinAlg

/// What stands before and behind a sequence that a model writes.
///
/// ```
/// inputs    <bos> a b c        labels    a b c <eos>
/// ```
/// At every step the label is what comes next, so that the model learns how sequences begin and where they end.
public struct SequenceFrame: Sendable, Hashable {
  /// The token before the first.
  public var beginning: Token
  /// The token behind the last.
  public var end: Token
  /// What inputs are filled with up to one length; the end where nil.
  public var padding: Token?

  /// A frame of given tokens.
  public init(beginning: Token, end: Token, padding: Token? = nil) {
    (self.beginning, self.end, self.padding) = (beginning, end, padding)
  }

  /// The frame of a vocabulary's special symbols.
  ///
  /// - Precondition: the vocabulary has `<bos>` and `<eos>`.
  public init(_ vocabulary: Vocabulary) {
    guard let beginning = vocabulary.beginning, let end = vocabulary.end else {
      failRequirement(
        "SequenceFrame: a vocabulary with \(vocabulary.special.map(\.rawValue)) has no frame")
    }
    self.init(beginning: beginning, end: end, padding: vocabulary.padding)
  }

  /// The sequences in this frame, as one batch.
  public func callAsFunction(_ sequences: some Collection<[Token]>) -> FramedBatch {
    let inputs = PaddedBatch(
      sequences.map { [beginning] + $0 }, padding: Padding(with: padding ?? end))
    let labels = PaddedBatch(
      sequences.map { $0 + [end] }, padding: Padding(with: TokenStreams.ignored))
    return FramedBatch(inputs: inputs.tokens, labels: labels.tokens, lengths: inputs.lengths)
  }
}

/// Framed sequences of different lengths, filled up to one length.
public struct FramedBatch: Sendable, Equatable {
  /// What the model reads, `[T, N]`: the beginning, then the sequence.
  public let inputs: TokenBatch
  /// What it is to write, `[T, N]`: the sequence, then its end; ``TokenStreams/ignored`` behind it.
  public let labels: TokenBatch
  /// How many steps of each sequence count: one more than it has tokens.
  public let lengths: [Int]

  /// A batch that is framed already.
  ///
  /// - Parameters:
  ///   - inputs: what the model reads, `[T, N]`.
  ///   - labels: what it is to write, `[T, N]`.
  ///   - lengths: how many steps of each sequence count.
  /// - Precondition: inputs and labels have one shape, and there is a length of at most `T` for each sequence.
  public init(inputs: TokenBatch, labels: TokenBatch, lengths: [Int]) {
    require(
      inputs.shape == labels.shape && lengths.count == inputs.batch
        && lengths.allSatisfy { (0...inputs.steps).contains($0) },
      "FramedBatch: labels \(labels.shape) and lengths \(lengths) for inputs \(inputs.shape)")
    (self.inputs, self.labels, self.lengths) = (inputs, labels, lengths)
  }

  /// How many labels count.
  public var tokenCount: Int { lengths.reduce(0, +) }
}

/// Sequences that a model learns to write.
public struct FramedSequences: BatchSource {
  /// All sequences, as long as they are.
  public let sequences: [[Token]]
  /// What stands before and behind them.
  public let frame: SequenceFrame

  /// Sequences and their frame.
  public init(_ sequences: [[Token]], frame: SequenceFrame) {
    (self.sequences, self.frame) = (sequences, frame)
  }

  /// How many sequences there are.
  public var count: Int { sequences.count }

  /// The batch of some sequences.
  ///
  /// - Precondition: each number is in `0..<count`.
  public func batch(_ numbers: [Int]) -> FramedBatch {
    checkNumbers(numbers)
    return frame(numbers.map { sequences[$0] })
  }

  /// Batches of similar lengths; see ``LengthBuckets``.
  ///
  /// In means over such batches the tokens of short sequences weigh more than those of long ones, and ends more
  /// than they should: where lengths are to be right, weigh a batch's loss by ``FramedBatch/tokenCount``.
  public func buckets(batch: Int, seed: UInt64, pool: Int = 256) -> LengthBuckets {
    LengthBuckets(lengths: sequences.map { $0.count + 1 }, batch: batch, seed: seed, pool: pool)
  }
}
