import Autodiff
import LinAlg

/// How many of the predictions are right.
///
/// ```
/// accuracy = correct / count
/// ```
public struct Accuracy: Sendable, Hashable {
  /// How many predictions are what was expected.
  public var correct: Int
  /// How many predictions there are.
  public var count: Int

  /// `correct` of `count`.
  public init(correct: Int = 0, count: Int = 0) {
    self.correct = correct
    self.count = count
  }

  /// The share of right predictions; not a number when there are none.
  public var value: Double { Double(correct) / Double(count) }

  /// Counts predictions, one by one.
  ///
  /// - Parameters:
  ///   - predicted: the predictions.
  ///   - expected: what they should be.
  ///   - ignored: what does not count where it is expected, such as ``TokenStreams/ignored``.
  /// - Precondition: there are as many of both.
  public mutating func add<Label: Equatable>(
    _ predicted: some Collection<Label>, expected: some Collection<Label>,
    ignoring ignored: Label? = nil
  ) {
    require(
      predicted.count == expected.count,
      "Accuracy: \(predicted.count) predictions, expected \(expected.count)")
    for (p, e) in zip(predicted, expected) where e != ignored {
      count += 1
      if p == e { correct += 1 }
    }
  }

  /// Counts the valid steps of sequences, such as `scores.argmax()` has them.
  ///
  /// - Parameters:
  ///   - predicted: the predictions, `[T, N]`.
  ///   - expected: what they should be, `[T, N]`.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - ignored: what does not count where it is expected, such as ``TokenStreams/ignored``.
  /// - Precondition: both have one shape, and a length for each sequence in `0...T`.
  public mutating func add(
    _ predicted: TokenBatch, expected: TokenBatch, lengths: [Int]? = nil,
    ignoring ignored: Token? = nil
  ) {
    require(
      predicted.shape == expected.shape,
      "Accuracy: predictions \(predicted.shape), expected \(expected.shape)")
    if let lengths {
      require(
        lengths.count == expected.batch && lengths.allSatisfy { (0...expected.steps).contains($0) },
        "Accuracy: lengths \(lengths) for \(expected.shape)")
    }
    for t in 0..<expected.steps {
      for n in 0..<expected.batch where t < lengths?[n] ?? expected.steps {
        add(
          CollectionOfOne(predicted[t, n]), expected: CollectionOfOne(expected[t, n]),
          ignoring: ignored)
      }
    }
  }

  /// The predictions of both.
  public static func + (a: Accuracy, b: Accuracy) -> Accuracy {
    Accuracy(correct: a.correct + b.correct, count: a.count + b.count)
  }

  /// Adds the predictions of `b`.
  public static func += (a: inout Accuracy, b: Accuracy) { a = a + b }
}

/// How many sequences are right from the first symbol to the last.
///
/// ```
/// exact match = |{n : outputₙ = referenceₙ}| / N
/// ```
public struct ExactMatch: Sendable, Hashable {
  /// How many sequences are their reference.
  public var matches: Int
  /// How many sequences there are.
  public var count: Int

  /// `matches` of `count`.
  public init(matches: Int = 0, count: Int = 0) {
    self.matches = matches
    self.count = count
  }

  /// The share of sequences that match; not a number when there are none.
  public var value: Double { Double(matches) / Double(count) }

  /// Counts a sequence.
  public mutating func add<Symbol: Equatable>(
    _ output: some Sequence<Symbol>, reference: some Sequence<Symbol>
  ) {
    count += 1
    if output.elementsEqual(reference) { matches += 1 }
  }

  /// The sequences of both.
  public static func + (a: ExactMatch, b: ExactMatch) -> ExactMatch {
    ExactMatch(matches: a.matches + b.matches, count: a.count + b.count)
  }

  /// Adds the sequences of `b`.
  public static func += (a: inout ExactMatch, b: ExactMatch) { a = a + b }
}
