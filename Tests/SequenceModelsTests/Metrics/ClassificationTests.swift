import Autodiff
import LinAlg
import Recurrent
import SequenceModels
import Testing

@Suite struct ClassificationTests {
  static func close(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-12 }

  /// Values of scikit-learn 1.x for the two examples: `precision_recall_fscore_support(y, p)`, its averages
  /// `macro` and `micro`, and those with `labels=`.
  @Test func `agrees with scikit-learn`() {
    var matrix = ConfusionMatrix(classes: 5)  // Class 4 occurs nowhere.
    matrix.add([0, 1, 0, 1, 1, 2, 0, 2, 1, 2], expected: [0, 0, 0, 1, 1, 2, 2, 2, 2, 3])
    let rows = (0..<4).map { e in (0..<4).map { matrix[e, $0] } }
    #expect(rows == [[2, 1, 0, 0], [0, 2, 0, 0], [1, 1, 2, 0], [0, 0, 1, 0]])
    #expect(Self.close(matrix.accuracy, 0.6) && matrix.count == 10)
    let classes = (0..<4).map { matrix[class: $0] }
    let twoThirds = 2.0 / 3
    let precisions: [Double] = [twoThirds, 0.5, twoThirds, 0]
    let recalls: [Double] = [twoThirds, 1, 0.5, 0]
    let f1: [Double] = [twoThirds, twoThirds, 4.0 / 7, 0]
    #expect(zip(classes.map(\.precision), precisions).allSatisfy(Self.close))
    #expect(zip(classes.map(\.recall), recalls).allSatisfy(Self.close))
    #expect(zip(classes.map(\.f1), f1).allSatisfy(Self.close))
    #expect(classes.allSatisfy { $0.count == 10 })
    #expect(Self.close(matrix.macroPrecision(), 0.45833333333333326))
    #expect(Self.close(matrix.macroRecall(), 0.5416666666666666))
    #expect(Self.close(matrix.macroF1(), 0.47619047619047616))
    #expect(Self.close(matrix.micro().f1, 0.6) && Self.close(matrix.micro().precision, 0.6))
    #expect(Self.close(matrix.micro(over: [1, 2, 3]).f1, 0.5714285714285714))
    #expect(Self.close(matrix.macroPrecision(over: [1, 2]), 0.5833333333333333))
    #expect(Self.close(matrix.macroF1(over: [1, 2]), 0.6190476190476191))

    var other = ConfusionMatrix(classes: 3)
    other.add([0, 2, 1, 0, 0, 1], expected: [0, 1, 2, 0, 1, 2])
    #expect(Self.close(other.macroF1(), 0.26666666666666666))
    #expect(Self.close(other.micro().f1, 1 / 3.0) && Self.close(other.macroRecall(), 1 / 3.0))
    #expect(Self.close(other.macroPrecision(), 2 / 9.0))
  }

  @Test func `accuracy of the valid steps of a batch`() async {
    let predicted = TokenBatch(steps: 2, batch: 3, tokens: [1, 2, 3, 1, 2, 3])
    let expected = TokenBatch(steps: 2, batch: 3, tokens: [1, 0, 3, 0, 2, -1])
    var (all, valid) = (Accuracy(), Accuracy())
    all.add(predicted, expected: expected)
    #expect(all == Accuracy(correct: 3, count: 6))
    valid.add(predicted, expected: expected, lengths: [1, 2, 2], ignoring: -1)
    #expect(valid == Accuracy(correct: 3, count: 4))
    let shapes = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var accuracy = Accuracy()
      let expected = TokenBatch(repeating: 0, steps: 3, batch: 2)
      accuracy.add(TokenBatch(repeating: 0, steps: 2, batch: 3), expected: expected)
    }
    #expect(message(shapes).contains("predictions [2, 3], expected [3, 2]"))
    let lengths = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var accuracy = Accuracy()
      let batch = TokenBatch(repeating: 0, steps: 2, batch: 2)
      accuracy.add(batch, expected: batch, lengths: [2, 3])
    }
    #expect(message(lengths).contains("lengths [2, 3] for [2, 2]"))
  }

  @Test func `what is ignored does not count`() {
    var matrix = ConfusionMatrix(classes: 2)
    matrix.add([0, 1, 1, 9], expected: [0, 1, 0, -1], ignoring: -1)
    #expect(matrix.count == 3 && Self.close(matrix.accuracy, 2 / 3.0))
    var accuracy = Accuracy()
    accuracy.add([0, 1, 1, 9], expected: [0, 1, 0, -1], ignoring: -1)
    #expect(accuracy == Accuracy(correct: 2, count: 3))
    accuracy += Accuracy(correct: 1, count: 1)
    #expect(accuracy.value == 0.75 && Accuracy().value.isNaN)
  }

  @Test func `one item after the other`() {
    var counts = BinaryCounts()
    #expect(counts.precision == 0 && counts.recall == 0 && counts.f1 == 0)
    #expect(counts.accuracy.isNaN)
    for (predicted, expected) in [(true, true), (true, false), (false, true), (false, false)] {
      counts.add(predicted: predicted, expected: expected)
    }
    counts.add(predicted: true, expected: true)
    #expect(counts.precision == 2 / 3.0 && counts.recall == 2 / 3.0 && counts.f1 == 2 / 3.0)
    #expect(counts.accuracy == 0.6)
  }

  /// A matrix of parts is the sum of theirs.
  @Test(arguments: 1...20) func `parts add up`(seed: UInt64) {
    var rng = SeededGenerator(seed: seed)
    let draw = { (0..<40).map { _ in Token.random(in: 0..<4, using: &rng) } }
    let (p, e) = (draw(), draw())
    var (whole, front, back) = (
      ConfusionMatrix(classes: 4), ConfusionMatrix(classes: 4), ConfusionMatrix(classes: 4)
    )
    whole.add(p, expected: e)
    front.add(p[..<17], expected: e[..<17])
    back.add(p[17...], expected: e[17...])
    front += back
    #expect(front == whole, "seed \(seed)")
    let right = zip(p, e).count { $0 == $1 }
    #expect(whole.accuracy == Double(right) / 40, "seed \(seed)")
    #expect(Self.close(whole.micro().f1, whole.accuracy), "seed \(seed)")
  }

  @Test func `whole sequences`() {
    var match = ExactMatch()
    match.add([1, 2, 3], reference: [1, 2, 3])
    match.add([1, 2], reference: [1, 2, 3])
    match.add([1, 2, 3], reference: [1, 2])
    match.add("abc", reference: "abd")
    match.add([Int](), reference: [])
    #expect(match == ExactMatch(matches: 2, count: 5) && match.value == 0.4)
    match += ExactMatch(matches: 1, count: 1)
    #expect(match.value == 0.5)
  }

  @Test func `perplexity is the number of equally likely tokens`() {
    let graph = Graph<Double>()
    let uniform = graph.constant(0, NodeShape(steps: 1, batch: 3, features: 7))
      .crossEntropy(TokenBatch(steps: 1, batch: 3, tokens: [0, 3, 6])).loss
    #expect(abs(uniform.perplexity - 7) < 1e-12)
    // Two tokens of probabilities ½ and ⅛: the geometric mean is ¼.
    let loss = Loss(sum: 4 * 0.6931471805599453, count: 2)
    #expect(abs(loss.perplexity - 4) < 1e-12 && abs(loss.bitsPerToken - 2) < 1e-12)
  }

  @Test func `what does not fit traps`() async {
    let class2 = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var matrix = ConfusionMatrix(classes: 2)
      matrix.add([2], expected: [1])
    }
    #expect(message(class2).contains("class 2 predicted where 1 is expected, outside shape [2, 2]"))
    let counts = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var accuracy = Accuracy()
      accuracy.add([1, 2], expected: [1])
    }
    #expect(message(counts).contains("2 predictions, expected 1"))
  }
}
