/// What became of items of which some belong to a class and some were predicted to.
///
/// ```
/// precision P = TP / (TP + FP)      recall R = TP / (TP + FN)      F1 = 2·P·R / (P + R)
/// ```
/// F1 is the F-measure of van Rijsbergen (1979), *Information Retrieval*, with equal weights. Where a
/// denominator is zero the value is 0, as in scikit-learn: a class that is never predicted has no
/// precision to be proud of.
public struct BinaryCounts: Sendable, Hashable {
  /// TP: predicted, and rightly.
  public var truePositives: Int
  /// FP: predicted, and wrongly.
  public var falsePositives: Int
  /// FN: not predicted, and wrongly.
  public var falseNegatives: Int
  /// TN: not predicted, and rightly.
  public var trueNegatives: Int

  /// Counts; none unless given.
  public init(
    truePositives: Int = 0, falsePositives: Int = 0, falseNegatives: Int = 0,
    trueNegatives: Int = 0
  ) {
    self.truePositives = truePositives
    self.falsePositives = falsePositives
    self.falseNegatives = falseNegatives
    self.trueNegatives = trueNegatives
  }

  /// Counts one item: of the class or not, predicted or not.
  public mutating func add(predicted: Bool, expected: Bool) {
    switch (predicted, expected) {
    case (true, true): truePositives += 1
    case (true, false): falsePositives += 1
    case (false, true): falseNegatives += 1
    case (false, false): trueNegatives += 1
    }
  }

  /// How many items there are.
  public var count: Int { truePositives + falsePositives + falseNegatives + trueNegatives }

  /// `TP / (TP + FP)`: how many of those predicted belong to the class.
  public var precision: Double { Self.share(truePositives, truePositives + falsePositives) }

  /// `TP / (TP + FN)`: how many of the class were predicted.
  public var recall: Double { Self.share(truePositives, truePositives + falseNegatives) }

  /// `2·TP / (2·TP + FP + FN)`: the harmonic mean of precision and recall.
  public var f1: Double {
    Self.share(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives)
  }

  /// `(TP + TN) / count`; not a number when there are none.
  public var accuracy: Double { Double(truePositives + trueNegatives) / Double(count) }

  private static func share(_ part: Int, _ whole: Int) -> Double {
    whole == 0 ? 0 : Double(part) / Double(whole)
  }

  /// The items of both: what micro averages are made of.
  public static func + (a: BinaryCounts, b: BinaryCounts) -> BinaryCounts {
    BinaryCounts(
      truePositives: a.truePositives + b.truePositives,
      falsePositives: a.falsePositives + b.falsePositives,
      falseNegatives: a.falseNegatives + b.falseNegatives,
      trueNegatives: a.trueNegatives + b.trueNegatives)
  }

  /// Adds the items of `b`.
  public static func += (a: inout BinaryCounts, b: BinaryCounts) { a = a + b }
}
