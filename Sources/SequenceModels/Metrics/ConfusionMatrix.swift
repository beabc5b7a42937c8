import Autodiff
import LinAlg

/// How often each class was predicted where each class was expected, `[C, C]`.
///
/// ```
/// macro F1 = mean of the classes' F1      micro F1 = F1 of the sums of the classes' TP, FP, FN
/// ```
/// Macro weighs every class the same, micro every item. Over all classes, micro precision, recall and F1
/// are the accuracy; leave out the class of what is nothing (the `O` of a tagger) and they are not.
public struct ConfusionMatrix: Sendable, Hashable {
  /// `C`, the number of classes.
  public let classes: Int
  private var counts: [Int]

  /// No items.
  ///
  /// - Precondition: `classes` is not negative.
  public init(classes: Int) {
    require(classes >= 0, "ConfusionMatrix: \(classes) classes")
    self.classes = classes
    counts = Array(repeating: 0, count: classes * classes)
  }

  /// How often class `predicted` was predicted where class `expected` was.
  ///
  /// - Precondition: both are in `0..<classes`.
  public subscript(expected: Int, predicted: Int) -> Int { counts[place(expected, predicted)] }

  /// Counts items.
  ///
  /// - Parameters:
  ///   - predicted: the classes that were predicted.
  ///   - expected: the right ones.
  ///   - ignored: what does not count where it is expected, such as ``TokenStreams/ignored``.
  /// - Precondition: there are as many of both, all that count in `0..<classes`.
  public mutating func add(
    _ predicted: some Collection<Token>, expected: some Collection<Token>,
    ignoring ignored: Token? = nil
  ) {
    require(
      predicted.count == expected.count,
      "ConfusionMatrix: \(predicted.count) predictions, expected \(expected.count)")
    for (p, e) in zip(predicted, expected) where e != ignored {
      counts[place(Int(e), Int(p))] += 1
    }
  }

  /// Adds the items of `b`.
  ///
  /// - Precondition: it has as many classes.
  public static func += (a: inout ConfusionMatrix, b: ConfusionMatrix) {
    require(
      a.classes == b.classes,
      "ConfusionMatrix: shapes [\(a.classes), \(a.classes)] and [\(b.classes), \(b.classes)] differ"
    )
    for i in a.counts.indices { a.counts[i] += b.counts[i] }
  }

  /// How many items there are.
  public var count: Int { counts.reduce(0, +) }

  /// The share of items whose class was predicted; not a number when there are none.
  public var accuracy: Double {
    Double((0..<classes).reduce(0) { $0 + self[$1, $1] }) / Double(count)
  }

  /// One class against all others.
  ///
  /// - Precondition: the class is in `0..<classes`.
  public subscript(class index: Int) -> BinaryCounts {
    let right = self[index, index]
    let predicted = (0..<classes).reduce(0) { $0 + self[$1, index] }
    let expected = (0..<classes).reduce(0) { $0 + self[index, $1] }
    return BinaryCounts(
      truePositives: right, falsePositives: predicted - right, falseNegatives: expected - right,
      trueNegatives: count - predicted - expected + right)
  }

  /// The sums of the classes' counts: `micro().f1` is micro F1.
  ///
  /// - Parameter selected: over which classes; nil for all.
  public func micro(over selected: [Int]? = nil) -> BinaryCounts {
    (selected ?? Array(0..<classes)).reduce(BinaryCounts()) { $0 + self[class: $1] }
  }

  /// The mean of the classes' precision.
  ///
  /// - Parameter selected: over which classes; nil for all that were expected or predicted, as in
  ///   scikit-learn. Not a number where there is none.
  public func macroPrecision(over selected: [Int]? = nil) -> Double {
    mean(over: selected) { $0.precision }
  }

  /// The mean of the classes' recall; see ``macroPrecision(over:)``.
  public func macroRecall(over selected: [Int]? = nil) -> Double {
    mean(over: selected) { $0.recall }
  }

  /// The mean of the classes' F1; see ``macroPrecision(over:)``.
  ///
  /// The mean of F1s and not the F1 of means, which rewards classifiers whose errors are skewed (Opitz &
  /// Burst 2019, *Macro F1 and Macro F1*).
  public func macroF1(over selected: [Int]? = nil) -> Double { mean(over: selected) { $0.f1 } }

  private func mean(over selected: [Int]?, of value: (BinaryCounts) -> Double) -> Double {
    let all = (selected ?? Array(0..<classes)).map { self[class: $0] }
    let counted =
      selected == nil ? all.filter { $0.count > $0.trueNegatives } : all
    return counted.reduce(0) { $0 + value($1) } / Double(counted.count)
  }

  private func place(_ expected: Int, _ predicted: Int) -> Int {
    require(
      expected >= 0 && expected < classes && predicted >= 0 && predicted < classes,
      """
      ConfusionMatrix: class \(predicted) predicted where \(expected) is expected, outside shape \
      [\(classes), \(classes)]
      """)
    return expected * classes + predicted
  }
}
