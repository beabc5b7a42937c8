import LinAlg
import RealModule
import Recurrent

// Softmax cross-entropy whose cost does not grow with the vocabulary, by importance sampling (Bengio & Senécal
// 2008, Jean et al. 2015).
extension Linear {
  /// Cross-entropy of the scores `h·Wᵀ + b`: in a recorded pass estimated from some of them.
  ///
  /// For every row that counts, with label `y` and `K` random tokens `k` drawn from `q`, the same for all
  /// rows,
  /// ```
  /// l = log(e^z[y] + Σₖ [k ≠ y]·e^z[k] / (K·q[k])) − z[y]
  /// ```
  /// The expectation of what stands in the logarithm is the sum over the whole vocabulary, and with more
  /// samples the loss and its gradients go to those of the softmax. Only the rows of `W` of labels and samples
  /// are read, and get gradients. In a pass that is not recorded, it is the exact cross-entropy.
  ///
  /// The samples follow from the graph's ``Graph/noise`` and the place of the call in the pass.
  ///
  /// - Parameters:
  ///   - h: `[T, N, D]`.
  ///   - labels: `[T, N]`; each in `0..<K` where it counts.
  ///   - samples: which tokens stand for the others.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - ignored: rows with this label do not count.
  /// - Returns: the mean loss, `[1, 1, 1]`.
  /// - Precondition: shapes as stated, and samples of as many tokens as there are outputs.
  public func sampledCrossEntropy(
    _ h: Node<Scalar>, _ labels: TokenBatch, samples: TokenSamples, lengths: [Int]? = nil,
    ignoring ignored: Token? = nil
  ) -> Node<Scalar> {
    parameters.checkLayout()
    guard let noise = h.graph.nextNoise() else {
      return self(h).crossEntropy(labels, lengths: lengths, ignoring: ignored)
    }
    let weights = OutputRows(
      block: parameters.block, bias: inputSize * outputSize, count: outputSize, features: inputSize)
    return sampledLoss(h, weights, labels, samples, noise, lengths, ignored)
  }
}

extension Embedding {
  /// As of a ``Linear`` map, for the scores `h·Wᵀ` of tied embeddings; see ``scores(_:)``.
  public func sampledCrossEntropy(
    _ h: Node<Scalar>, _ labels: TokenBatch, samples: TokenSamples, lengths: [Int]? = nil,
    ignoring ignored: Token? = nil
  ) -> Node<Scalar> {
    parameters.checkLayout()
    guard let noise = h.graph.nextNoise() else {
      return scores(h).crossEntropy(labels, lengths: lengths, ignoring: ignored)
    }
    let weights = OutputRows(
      block: parameters.block, bias: nil, count: vocabularySize, features: features)
    return sampledLoss(h, weights, labels, samples, noise, lengths, ignored)
  }
}

private func sampledLoss<Scalar>(
  _ h: Node<Scalar>, _ weights: OutputRows<Scalar>, _ labels: TokenBatch, _ samples: TokenSamples,
  _ noise: RecordingNoise, _ lengths: [Int]?, _ ignored: Token?
) -> Node<Scalar> {
  let graph = h.graph
  let operation = graph.next(SampledSoftmaxOperation<Scalar>.self) { SampledSoftmaxOperation() }
  return operation(h, weights, CountedLabels(labels, lengths, ignored), samples, noise, on: graph)
    .meanLoss(of: labels, lengths: lengths, ignoring: ignored)
}

/// A matrix of which an operation reads some rows.
struct OutputRows<Scalar: RecurrentScalar> {
  /// `W [count, features]`, at the block's beginning.
  var block: ParameterBlock<Scalar>
  /// Where the biases begin; nil for none.
  var bias: Int?
  var count: Int
  var features: Int
}

/// Labels, and which of them count.
struct CountedLabels {
  let labels: TokenBatch
  let lengths: [Int]?
  let ignored: Token?

  init(_ labels: TokenBatch, _ lengths: [Int]?, _ ignored: Token?) {
    (self.labels, self.lengths, self.ignored) = (labels, lengths, ignored)
  }

  /// Traps unless there is a label of one of the classes for each row that counts.
  func check(_ shape: NodeShape, classes: Int, _ operation: StaticString) {
    checkLengths(lengths, shape, operation)
    checkLabels(labels, shape, classes: classes, lengths: lengths, ignoring: ignored)
  }

  /// The label of row `t·N + n`; nil where it does not count.
  func label(_ row: Int) -> Int? {
    if let lengths, row / labels.batch >= lengths[row % labels.batch] { return nil }
    let label = labels.token(row)
    return label == ignored ? nil : Int(label)
  }
}

/// The losses of the rows, `[T, N, 1]`; 0 where a row does not count.
private final class SampledSoftmaxOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  /// The rows of one call of OpenBLAS, so that its bits do not depend on the number of threads.
  private static var rowsPerCall: Int { 64 }

  private var weights: OutputRows<Scalar>?
  private var labels: CountedLabels?
  private var place: Int?
  private var samples: [Token] = []
  /// What is added to the samples' scores: their bias and `−log(K·q)`.
  private var shifts: [Scalar] = []
  /// The samples' rows of `W`, `[K, D]`.
  private var rows: SequenceBatch<Scalar>?
  /// `∂l/∂z` of the samples, and behind them of the label, `[T·N, K + 1]`.
  private var slopes: SequenceBatch<Scalar>?
  private var target: UnsafeMutablePointer<Scalar>?
  private var part = Part.inputs

  /// What a pass computes on the way back.
  private enum Part {
    case inputs
    case samples
    case labels
  }

  override var name: StaticString { "sampled softmax" }

  func callAsFunction(
    _ h: Node<Scalar>, _ weights: OutputRows<Scalar>, _ labels: CountedLabels,
    _ samples: TokenSamples, _ noise: RecordingNoise, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    let (shape, D, K) = (h.shape, weights.features, samples.count)
    require(
      shape.features == D, "\(name): h has shape \(shape), expected [T, N, D] with D = \(D)")
    require(
      samples.vocabularySize == weights.count,
      "\(name): samples of \(samples.vocabularySize) tokens for \(weights.count) scores")
    labels.check(shape, classes: weights.count, name)
    place = graph.isRecording ? graph.trained.place(of: weights.block, name) : nil
    if place != nil { takeTrained() }
    (self.weights, self.labels) = (weights, labels)
    take(h, isRead: true, on: graph)
    let y = give(NodeShape(steps: shape.steps, batch: shape.batch, features: 1), on: graph)
    var generator = SeededGenerator(seed: noise.child(0).seed &+ noise.pass)
    samples.draw(into: &self.samples, using: &generator)
    rows = graph.pool.take(NodeShape(steps: 1, batch: K, features: D))
    slopes = graph.pool.take(NodeShape(steps: 1, batch: shape.rows, features: K + 1))
    gather(samples)
    graph.divideForward(self, rows: calls(shape.rows), work: shape.rows * K * (D + 8))
    graph.finish(self)
    return y
  }

  private func calls(_ rows: Int) -> Int { (rows + Self.rowsPerCall - 1) / Self.rowsPerCall }

  /// Copies the samples' rows, and notes what is added to their scores.
  private func gather(_ samples: TokenSamples) {
    guard let weights, let rows = rows?.pointer(atStep: 0) else { return }
    let D = weights.features
    shifts.removeAll(keepingCapacity: true)
    weights.block.withUnsafeBufferPointer { W in
      guard let start = W.baseAddress else { return }
      for k in 0..<samples.count {
        let token = Int(self.samples[k])
        (rows + k * D).update(from: start + token * D, count: D)
        let log = samples.logProbabilities[token] + .log(Double(samples.count))
        shifts.append(Scalar(-log) + (weights.bias.map { W[$0 + token] } ?? 0))
      }
    }
  }

  override func forward(_ calls: Range<Int>, _ graph: Graph<Scalar>) {
    guard let weights, let labels, let rows = rows?.pointer(atStep: 0),
      let slopes = slopes?.pointer(atStep: 0)
    else { return }
    let (D, K, count) = (weights.features, samples.count, graph.shape(inputs[0]).rows)
    let (h, y) = (graph.values(inputs[0]), graph.output(outputs[0]))
    weights.block.withUnsafeBufferPointer { W in
      guard let start = W.baseAddress else { return }
      for call in calls {
        let first = call * Self.rowsPerCall
        let last = min(first + Self.rowsPerCall, count)
        Scalar.gemm(
          .none, .transpose, m: last - first, n: K, k: D, alpha: 1, a: h + first * D, lda: D,
          b: rows, ldb: D, beta: 0, c: slopes + first * (K + 1), ldc: K + 1)
        for row in first..<last {
          let z = slopes + row * (K + 1)
          guard let label = labels.label(row) else {
            clearElements(z, count: K + 1)
            y[row] = 0
            continue
          }
          shiftScores(z, by: shifts, of: samples, except: Token(label))
          let score = Scalar.dot(n: D, x: h + row * D, incx: 1, y: start + label * D, incy: 1)
          z[K] = score + (weights.bias.map { W[$0 + label] } ?? 0)
          Scalar.apply(.logSoftmax, z, into: z, rows: 1, columns: K + 1)
          y[row] = -z[K]
          Scalar.apply(.exp, z, into: z, count: K + 1)
          z[K] -= 1
        }
      }
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let weights, let dy = graph.gradient(outputs[0]),
      let slopes = slopes?.pointer(atStep: 0)
    else { return }
    let (D, K, count) = (weights.features, samples.count, graph.shape(inputs[0]).rows)
    if count == 0 { return }
    for row in 0..<count {
      scaleElements(
        slopes + row * (K + 1), by: dy[row], plus: 0, into: slopes + row * (K + 1), count: K + 1)
    }
    func pass(_ part: Part, _ target: UnsafeMutablePointer<Scalar>, rows: Int) {
      (self.part, self.target) = (part, target)
      graph.divideBackward(self, rows: rows, work: count * K * D)
    }
    graph.contribute(to: inputs[0]) { pass(.inputs, $0, rows: calls(count)) }
    guard let place else { return }
    graph.withScratch(K * D) { dRows in
      pass(.samples, dRows, rows: calls(K))
      graph.addToGradient(place) { gradient in
        for k in 0..<K { addElements(dRows + k * D, to: gradient + Int(samples[k]) * D, count: D) }
        // By features, not by rows: a label that occurs twice is one row of the matrix.
        pass(.labels, gradient, rows: D)
        if let bias = weights.bias { addBiases(slopes, count: count, to: gradient + bias) }
      }
    }
  }

  private func addBiases(
    _ slopes: UnsafePointer<Scalar>, count: Int, to db: UnsafeMutablePointer<Scalar>
  ) {
    let K = samples.count
    for row in 0..<count {
      guard let label = labels?.label(row) else { continue }
      scatterElements(slopes + row * (K + 1), to: db, at: samples)
      db[label] += slopes[row * (K + 1) + K]
    }
  }

  override func backward(_ mine: Range<Int>, _ graph: Graph<Scalar>) {
    guard let target, let weights, let labels, let rows = rows?.pointer(atStep: 0),
      let slopes = slopes?.pointer(atStep: 0)
    else { return }
    let (D, K, count) = (weights.features, samples.count, graph.shape(inputs[0]).rows)
    let h = graph.values(inputs[0])
    switch part {
    case .inputs:
      weights.block.withUnsafeBufferPointer { W in
        guard let W = W.baseAddress else { return }
        for call in mine {
          let first = call * Self.rowsPerCall
          let last = min(first + Self.rowsPerCall, count)
          Scalar.gemm(
            .none, .none, m: last - first, n: D, k: K, alpha: 1, a: slopes + first * (K + 1),
            lda: K + 1, b: rows, ldb: D, beta: 0, c: target + first * D, ldc: D)
          for row in first..<last {
            guard let label = labels.label(row) else { continue }
            addElements(
              W + label * D, times: slopes[row * (K + 1) + K], to: target + row * D, count: D)
          }
        }
      }
    case .samples:
      for call in mine {
        let first = call * Self.rowsPerCall
        Scalar.gemm(
          .transpose, .none, m: min(Self.rowsPerCall, K - first), n: D, k: count, alpha: 1,
          a: slopes + first, lda: K + 1, b: h, ldb: D, beta: 0, c: target + first * D, ldc: D)
      }
    case .labels:
      for row in 0..<count {
        guard let label = labels.label(row) else { continue }
        addElements(
          h + row * D + mine.lowerBound, times: slopes[row * (K + 1) + K],
          to: target + label * D + mine.lowerBound, count: mine.count)
      }
    }
  }

  override func letGo(_ graph: Graph<Scalar>) {
    graph.pool.reclaim(&rows)
    graph.pool.reclaim(&slopes)
    (weights, labels) = (nil, nil)
  }
}

/// `z[k] += shifts[k]`, or −∞ where the token is the label itself.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func shiftScores<Scalar: RecurrentScalar>(
  _ z: UnsafeMutablePointer<Scalar>, by shifts: [Scalar], of tokens: [Token], except label: Token
) {
  for k in 0..<tokens.count { z[k] = tokens[k] == label ? -.infinity : z[k] + shifts[k] }
}

/// `y[token[k]] += x[k]`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func scatterElements<Scalar: RecurrentScalar>(
  _ x: UnsafePointer<Scalar>, to y: UnsafeMutablePointer<Scalar>, at tokens: [Token]
) {
  for k in 0..<tokens.count { y[Int(tokens[k])] += x[k] }
}
