import Autodiff
import LinAlg
import Recurrent
import Testing

/// The loss and its gradient by the scores, on a graph.
private struct CrossEntropy {
  var ignored: Token?

  init(ignoring ignored: Token? = nil) { self.ignored = ignored }

  func callAsFunction<Scalar: RecurrentScalar>(
    _ z: SequenceBatch<Scalar>, labels: TokenBatch, lengths: [Int]? = nil,
    gradient dz: inout SequenceBatch<Scalar>
  ) -> Loss {
    run(z, &dz) { $0.crossEntropy(labels, lengths: lengths, ignoring: ignored) }
  }

  func callAsFunction<Scalar: RecurrentScalar>(
    _ z: SequenceBatch<Scalar>, labels: TokenBatch, lengths: [Int]? = nil
  ) -> Loss {
    let graph = Graph<Scalar>()
    graph.beginEvaluation()
    return graph.constant(z).crossEntropy(labels, lengths: lengths, ignoring: ignored).loss
  }

  func callAsFunction<Scalar: RecurrentScalar>(
    _ z: SequenceBatch<Scalar>, distributions q: SequenceBatch<Scalar>, lengths: [Int]? = nil,
    gradient dz: inout SequenceBatch<Scalar>
  ) -> Loss {
    run(z, &dz) { $0.crossEntropy(distributions: q, lengths: lengths) }
  }

  private func run<Scalar: RecurrentScalar>(
    _ z: SequenceBatch<Scalar>, _ dz: inout SequenceBatch<Scalar>,
    _ loss: (Node<Scalar>) -> Node<Scalar>
  ) -> Loss {
    let graph = Graph<Scalar>()
    var node: Node<Scalar>?
    let result = NoParts<Scalar>().gradients(on: graph) { _, graph in
      let z = graph.variable(z)
      node = z
      return loss(z)
    }
    if let gradient = node?.gradient { dz = gradient }
    return result
  }
}

@Suite struct CrossEntropyTests {
  static let (T, N, K) = (4, 3, 5)

  static func logits(seed: UInt64 = 21) -> SequenceBatch<Double> {
    var rng = SeededGenerator(seed: seed)
    return .uniform(steps: T, batch: N, features: K, in: -3...3, using: &rng)
  }

  /// Some rows are marked with the label 4.
  static let labels = TokenBatch(
    steps: T, batch: N, tokens: [0, 1, 2, 3, 4, 0, 1, 2, 3, 0, 4, 4])

  /// The definition, row by row: `log Σ exp z − z[label]`.
  static func reference(
    _ z: [Double], weights: (Int) -> [Double]?
  ) -> (sum: Double, count: Int) {
    var (sum, count) = (0.0, 0)
    for row in 0..<z.count / K {
      guard let q = weights(row) else { continue }
      let values = z[row * K..<(row + 1) * K]
      let logSum = Double.log(values.reduce(0) { $0 + Double.exp($1) })
      sum += zip(values, q).reduce(0) { $0 + $1.1 * (logSum - $1.0) }
      count += 1
    }
    return (sum, count)
  }

  static func oneHot(_ label: Token) -> [Double] { (0..<K).map { $0 == Int(label) ? 1 : 0 } }

  @Test(arguments: [Token?.none, 4], [[Int]?.none, [4, 0, 2]])
  func `sparse loss and gradient`(ignored: Token?, lengths: [Int]?) {
    let (z, loss) = (Self.logits(), CrossEntropy(ignoring: ignored))
    var dz = SequenceBatch<Double>.zeros(steps: 0, batch: 0, features: 0)
    let value = loss(z, labels: Self.labels, lengths: lengths, gradient: &dz)
    func counts(_ row: Int) -> Bool {
      if let lengths, row / Self.N >= lengths[row % Self.N] { return false }
      return Self.labels.tokens[row] != ignored
    }
    let expected = Self.reference(z.elements) {
      counts($0) ? Self.oneHot(Self.labels.tokens[$0]) : nil
    }
    #expect(value.count == expected.count)
    #expect(abs(value.sum - expected.sum) < 1e-12 * expected.sum)
    let alone = loss(z, labels: Self.labels, lengths: lengths)
    #expect(alone.count == value.count && abs(alone.sum - value.sum) < 1e-14 * value.sum)
    let numeric = numericGradient(z.elements) {
      let moved = SequenceBatch(steps: Self.T, batch: Self.N, features: Self.K, elements: $0)
      return loss(moved, labels: Self.labels, lengths: lengths).mean
    }
    #expect(relativeError(dz.elements, numeric) < 1e-8)
    for row in 0..<Self.T * Self.N where !counts(row) {
      #expect(dz.elements[row * Self.K..<(row + 1) * Self.K].allSatisfy { $0 == 0 })
    }
  }

  @Test(arguments: [[Int]?.none, [1, 4, 0]])
  func `dense loss and gradient`(lengths: [Int]?) {
    let z = Self.logits()
    var rng = SeededGenerator(seed: 22)
    // Rows that do not sum to 1 have a gradient too.
    let q = SequenceBatch<Double>.uniform(
      steps: Self.T, batch: Self.N, features: Self.K, in: 0...1, using: &rng)
    var dz = SequenceBatch<Double>.zeros(steps: 0, batch: 0, features: 0)
    let value = CrossEntropy()(z, distributions: q, lengths: lengths, gradient: &dz)
    let expected = Self.reference(z.elements) { row in
      if let lengths, row / Self.N >= lengths[row % Self.N] { return nil }
      return Array(q.elements[row * Self.K..<(row + 1) * Self.K])
    }
    #expect(value.count == expected.count)
    #expect(abs(value.sum - expected.sum) < 1e-12 * expected.sum)
    let numeric = numericGradient(z.elements) {
      let moved = SequenceBatch(steps: Self.T, batch: Self.N, features: Self.K, elements: $0)
      var unused = SequenceBatch<Double>.zeros(steps: 0, batch: 0, features: 0)
      return CrossEntropy()(moved, distributions: q, lengths: lengths, gradient: &unused).mean
    }
    #expect(relativeError(dz.elements, numeric) < 1e-8)
  }

  @Test func `a distribution with one label is that label`() {
    let z = Self.logits()
    let q = SequenceBatch(
      steps: Self.T, batch: Self.N, features: Self.K,
      elements: Self.labels.tokens.flatMap(Self.oneHot))
    var (sparse, dense) = (z, z)
    let a = CrossEntropy()(z, labels: Self.labels, gradient: &sparse)
    let b = CrossEntropy()(z, distributions: q, gradient: &dense)
    #expect(abs(a.mean - b.mean) < 1e-14)
    #expect(relativeError(sparse.elements, dense.elements) < 1e-14)
  }

  @Test func `a gradient that is wrong by a thousandth fails the check`() {
    let z = Self.logits()
    var dz = z
    _ = CrossEntropy()(z, labels: Self.labels, gradient: &dz)
    let numeric = numericGradient(z.elements) {
      let moved = SequenceBatch(steps: Self.T, batch: Self.N, features: Self.K, elements: $0)
      return CrossEntropy()(moved, labels: Self.labels).mean
    }
    var wrong = dz.elements
    let largest = wrong.indices.max { abs(wrong[$0]) < abs(wrong[$1]) } ?? 0
    wrong[largest] *= 1.001
    #expect(relativeError(wrong, numeric) > 1e-6)
  }

  @Test func `large logits neither overflow nor lose the loss`() {
    let z = SequenceBatch<Float>(
      steps: 1, batch: 3, features: 3,
      elements: [1e4, -1e4, 0, 3e38, 3e38, -3e38, -200, 0, 0])
    var dz = z
    let loss = CrossEntropy()(
      z, labels: TokenBatch(steps: 1, batch: 3, tokens: [0, 1, 0]), gradient: &dz)
    // 0, log 2, and 200 + log 2, of which a probability in Float would keep nothing.
    #expect(abs(loss.sum - (200 + 2 * Double.log(2))) < 1e-4)
    #expect(dz.elements.allSatisfy { $0.isFinite })
    let expected: [Float] = [0, 0, 0, 0.5, -0.5, 0, -1, 0.5, 0.5].map { $0 / 3 }
    #expect(relativeError(dz.elements, expected) < 1e-6)
  }

  @Test func `what does not count is not read`() {
    var z = Self.logits()
    for k in 0..<Self.K { z[3, 1, k] = .nan }
    var dz = z
    let loss = CrossEntropy(ignoring: 4)(z, labels: Self.labels, gradient: &dz)
    #expect(loss.mean.isFinite)
    #expect(dz.elements.allSatisfy { $0.isFinite })
    var labels = Self.labels
    labels[2, 0] = 77
    _ = CrossEntropy()(Self.logits(), labels: labels, lengths: [2, 4, 4], gradient: &dz)
  }

  @Test func `where nothing counts there is no loss and no gradient`() {
    var dz = Self.logits()
    let loss = CrossEntropy()(
      Self.logits(), labels: Self.labels, lengths: [0, 0, 0], gradient: &dz)
    #expect(loss.count == 0 && loss.sum == 0 && loss.mean.isNaN)
    #expect(dz.elements.allSatisfy { $0 == 0 })
  }

  @Test func `losses of parts add up`() {
    let whole = Loss(sum: 3, count: 4) + Loss(sum: 1, count: 12)
    #expect(whole == Loss(sum: 4, count: 16))
    #expect(abs(whole.bitsPerToken - 0.25 / Double.log(2)) < 1e-15)
    #expect(abs(whole.perplexity - Double.exp(0.25)) < 1e-15)
  }

  @Test func `wrong labels and shapes trap with their place`() async {
    let label = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var labels = CrossEntropyTests.labels
      labels[2, 1] = 5
      _ = CrossEntropy()(CrossEntropyTests.logits(), labels: labels)
    }
    #expect(
      message(label).contains("label 5 at step 2 of sequence 1 is outside the 5 classes"))
    let shape = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = CrossEntropy()(
        CrossEntropyTests.logits(), labels: TokenBatch(repeating: 0, steps: 3, batch: 4))
    }
    #expect(
      message(shape).contains(
        "labels have shape [T, N] = [3, 4], the scores [T, N, K] = [4, 3, 5]"))
    let length = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = CrossEntropy()(
        CrossEntropyTests.logits(), labels: CrossEntropyTests.labels, lengths: [4, 5, 4])
    }
    #expect(message(length).contains("sequence 1 has length 5, expected 0...4"))
  }
}
