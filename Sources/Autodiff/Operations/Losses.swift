import LinAlg
import Recurrent

// Losses: the mean over what counts, a node of shape [1, 1, 1]. `loss` of the node has the sum in Double and
// how many rows counted.
extension Node {
  /// Softmax cross-entropy of scores with class numbers.
  ///
  /// For every row that counts, with `p = softmax z` and `ε` the smoothing,
  /// ```
  /// l = −(1 − ε)·log p[label] − ε/K·Σ log p        L = Σ w·l / Σ w
  /// ```
  /// Softmax and loss are one pass on `log p = z − max z − log Σ exp(z − max z)`: no score, however large,
  /// overflows, and no probability, however small, makes the loss infinite.
  ///
  /// - Parameters:
  ///   - labels: `[T, N]`; each in `0..<K` where it counts.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - ignored: rows with this label do not count.
  ///   - smoothing: `ε`, in `0..<1` (Szegedy et al. 2016).
  ///   - weights: `w`, `[T, N, 1]`, not negative; nil means 1.
  ///   - classWeights: what `w` is multiplied by, for each class; nil means 1.
  /// - Returns: the loss; 0 where nothing counts.
  /// - Precondition: shapes as stated.
  public func crossEntropy(
    _ labels: TokenBatch, lengths: [Int]? = nil, ignoring ignored: Token? = nil,
    smoothing: Double = 0, weights: SequenceBatch<Scalar>? = nil, classWeights: [Scalar]? = nil
  ) -> Node {
    require(
      smoothing >= 0 && smoothing < 1, "crossEntropy: smoothing \(smoothing) is not in 0..<1")
    let graph = graph
    let operation = graph.next(LossOperation<Scalar>.self) { LossOperation() }
    operation.begin(.labels(smoothing: Scalar(smoothing)), lengths)
    operation.labels = labels
    operation.ignored = ignored
    operation.weights = weights
    operation.classWeights = classWeights
    return operation(self, on: graph)
  }

  /// Softmax cross-entropy of scores with distributions: `l = −Σ q·log p` for every row that counts.
  ///
  /// - Parameters:
  ///   - distributions: `q`, `[T, N, K]`, not negative; a row need not sum to 1.
  ///   - lengths: how many steps of each sequence count; nil means all.
  public func crossEntropy(
    distributions: SequenceBatch<Scalar>, lengths: [Int]? = nil
  ) -> Node {
    loss(.distributions, distributions, lengths)
  }

  /// The mean of `(x − y)²` over all elements that count.
  ///
  /// - Parameters:
  ///   - targets: `y`, of the same shape.
  ///   - lengths: how many steps of each sequence count; nil means all.
  public func meanSquaredError(
    _ targets: SequenceBatch<Scalar>, lengths: [Int]? = nil
  ) -> Node {
    loss(.squared, targets, lengths)
  }

  /// The mean of `|x − y|` over all elements that count; shapes as for ``meanSquaredError(_:lengths:)``.
  public func meanAbsoluteError(
    _ targets: SequenceBatch<Scalar>, lengths: [Int]? = nil
  ) -> Node {
    loss(.absolute, targets, lengths)
  }

  /// Huber's loss (1964): `d²/2` where `|d| ≤ δ` for `d = x − y`, else `δ·(|d| − δ/2)`; the mean over all
  /// elements that count.
  public func huber(
    _ targets: SequenceBatch<Scalar>, delta: Scalar = 1, lengths: [Int]? = nil
  ) -> Node {
    require(delta > 0, "huber: delta \(delta) is not positive")
    return loss(.huber(delta), targets, lengths)
  }

  /// Logistic cross-entropy of each score with a target in `0...1`: of two classes, or of many labels that
  /// may hold together. With `s` the logistic function, `l = −y·log s(z) − (1 − y)·log(1 − s(z))`, computed
  /// as `max(z, 0) − z·y + log(1 + e^−|z|)`; the mean over all elements that count.
  public func binaryCrossEntropy(
    _ targets: SequenceBatch<Scalar>, lengths: [Int]? = nil
  ) -> Node {
    loss(.logistic, targets, lengths)
  }

  /// The mean of losses that are known already, one for each row, `[T, N, 1]`: `Σ w·x / Σ w`.
  ///
  /// - Parameters:
  ///   - labels: of what each is the loss, `[T, N]`: rows of label `ignored` do not count.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - ignored: rows with this label do not count.
  ///   - weights: `w`, `[T, N, 1]`, not negative; nil means 1.
  public func meanLoss(
    of labels: TokenBatch? = nil, lengths: [Int]? = nil, ignoring ignored: Token? = nil,
    weights: SequenceBatch<Scalar>? = nil
  ) -> Node {
    let graph = graph
    let operation = graph.next(LossOperation<Scalar>.self) { LossOperation() }
    operation.begin(.given, lengths)
    operation.labels = labels
    operation.ignored = ignored
    operation.weights = weights
    return operation(self, on: graph)
  }

  private func loss(
    _ kind: LossKind<Scalar>, _ targets: SequenceBatch<Scalar>, _ lengths: [Int]?
  ) -> Node {
    let graph = graph
    let operation = graph.next(LossOperation<Scalar>.self) { LossOperation() }
    operation.begin(kind, lengths)
    operation.targets = targets
    return operation(self, on: graph)
  }

  /// A loss in `Double` with how many rows it is the mean of; of other nodes of shape `[1, 1, 1]` their
  /// number, as of one row.
  public var loss: Loss {
    check("loss")
    return slot.loss ?? Loss(sum: Double(scalar), count: 1)
  }
}

private enum LossKind<Scalar: RecurrentScalar> {
  case given
  case labels(smoothing: Scalar)
  case distributions
  case squared
  case absolute
  case huber(Scalar)
  case logistic

  /// Whether the mean is over elements, not over rows.
  var isOfElements: Bool {
    switch self {
    case .given, .labels, .distributions: false
    default: true
    }
  }
}

/// A loss with its gradient, which is known as soon as the loss is.
private final class LossOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  var labels: TokenBatch?
  var targets: SequenceBatch<Scalar>?
  var ignored: Token?
  var weights: SequenceBatch<Scalar>?
  var classWeights: [Scalar]?
  private var kind = LossKind<Scalar>.squared
  private var lengths: [Int]?
  /// The gradient of the mean loss.
  private var dx: SequenceBatch<Scalar>?
  /// The loss of each row, times its weight.
  private var losses: SequenceBatch<Scalar>?
  private var scale: Scalar = 0

  override var name: StaticString { "loss" }

  func begin(_ kind: LossKind<Scalar>, _ lengths: [Int]?) {
    (self.kind, self.lengths) = (kind, lengths)
    (labels, targets, ignored, weights, classWeights) = (nil, nil, nil, nil, nil)
  }

  func callAsFunction(_ x: Node<Scalar>, on graph: Graph<Scalar>) -> Node<Scalar> {
    let shape = x.shape
    check(shape)
    take(x, isRead: false, on: graph)
    let y = give(NodeShape(steps: 1, batch: 1, features: 1), on: graph)
    let (count, total) = weigh(shape)
    scale = total > 0 ? 1 / Scalar(total) : 0
    // Also without a way back: the logarithms of the probabilities need the memory.
    dx = graph.pool.take(shape)
    losses = graph.pool.take(NodeShape(steps: 1, batch: 1, features: shape.rows))
    graph.divideForward(self, rows: shape.rows, work: 8 * shape.count)
    let sum = losses.map { sumInDouble($0.pointer(atStep: 0), count: shape.rows) } ?? 0
    let mean = total > 0 ? sum / total : 0
    graph.output(outputs[0]).update(repeating: Scalar(mean), count: 1)
    y.slot.loss = Loss(sum: mean * Double(count), count: count)
    graph.pool.reclaim(&losses)
    graph.finish(self)
    return y
  }

  /// How many rows count, and the sum of their weights (or of their elements).
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  private func weigh(_ shape: NodeShape) -> (count: Int, total: Double) {
    var (count, total) = (0, 0.0)
    for row in 0..<shape.rows {
      let weight = weight(row, shape)
      if weight != 0 { count += 1 }
      total += Double(weight)
    }
    return (count, kind.isOfElements ? total * Double(shape.features) : total)
  }

  /// The weight of a row; 0 where it does not count.
  private func weight(_ row: Int, _ shape: NodeShape) -> Scalar {
    if let lengths, row / shape.batch >= lengths[row % shape.batch] { return 0 }
    var weight = weights?.scalar(row) ?? 1
    guard let labels else { return weight }
    let label = labels.token(row)
    if label == ignored { return 0 }
    if let classWeights { weight *= classWeights[Int(label)] }
    return weight
  }

  private func check(_ shape: NodeShape) {
    checkLengths(lengths, shape, name)
    if let targets {
      require(
        targets.steps == shape.steps && targets.batch == shape.batch
          && targets.features == shape.features,
        "loss: targets have shape \(targets.shape), the value \(shape)")
    }
    if let weights {
      require(
        weights.steps == shape.steps && weights.batch == shape.batch && weights.features == 1,
        "loss: weights have shape \(weights.shape), expected [\(shape.steps), \(shape.batch), 1]")
    }
    if case .given = kind {
      require(shape.features == 1, "loss: losses of rows have shape \(shape), expected [T, N, 1]")
      if let labels { checkLabels(labels, shape) }
      return
    }
    guard let labels else { return }
    require(shape.features > 0, "loss: scores of no class, shape \(shape)")
    if let classWeights {
      require(
        classWeights.count == shape.features,
        "loss: \(classWeights.count) class weights for \(shape.features) classes")
    }
    checkLabels(labels, shape, classes: shape.features, lengths: lengths, ignoring: ignored)
  }

  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  override func forward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    guard let dx, let losses else { return }
    let shape = graph.shape(inputs[0])
    let K = shape.features
    let (x, gradients) = (graph.values(inputs[0]), dx.pointer(atStep: 0))
    let sums = losses.pointer(atStep: 0)
    for row in rows {
      let (z, d) = (x + row * K, gradients + row * K)
      let weight = weight(row, shape)
      if weight == 0 {
        clearElements(d, count: K)
        sums[row] = 0
        continue
      }
      switch kind {
      case .given:
        d.pointee = weight * scale
        sums[row] = weight * z.pointee
      case .labels(let smoothing):
        guard let label = labels?.token(row) else { continue }
        sums[row] = weight * scores(z, Int(label), smoothing, weight * scale, into: d, count: K)
      case .distributions:
        guard let q = targets?.pointer(atStep: 0) else { continue }
        sums[row] = distribution(z, q + row * K, scale, into: d, count: K)
      default:
        guard let y = targets?.pointer(atStep: 0) else { continue }
        sums[row] = elementLosses(kind, z, y + row * K, scale, into: d, count: K)
      }
    }
  }

  private func scores(
    _ z: UnsafePointer<Scalar>, _ label: Int, _ smoothing: Scalar, _ scale: Scalar,
    into d: UnsafeMutablePointer<Scalar>, count K: Int
  ) -> Scalar {
    Scalar.apply(.logSoftmax, z, into: d, rows: 1, columns: K)
    var loss = -(1 - smoothing) * d[label]
    if smoothing > 0 { loss -= smoothing / Scalar(K) * sumOfElements(d, count: K) }
    Scalar.apply(.exp, d, into: d, count: K)
    scaleElements(d, by: scale, plus: -scale * smoothing / Scalar(K), into: d, count: K)
    d[label] -= scale * (1 - smoothing)
    return loss
  }

  private func distribution(
    _ z: UnsafePointer<Scalar>, _ q: UnsafePointer<Scalar>, _ scale: Scalar,
    into d: UnsafeMutablePointer<Scalar>, count K: Int
  ) -> Scalar {
    if K == 0 { return 0 }
    Scalar.apply(.logSoftmax, z, into: d, rows: 1, columns: K)
    let loss = -Scalar.dot(n: K, x: q, incx: 1, y: d, incy: 1)
    let weight = Scalar.asum(n: K, x: q, incx: 1)
    Scalar.apply(.exp, d, into: d, count: K)
    Scalar.scal(n: K, alpha: weight * scale, x: d, incx: 1)
    Scalar.axpy(n: K, alpha: -scale, x: q, incx: 1, y: d, incy: 1)
    return loss
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let g = graph.gradient(outputs[0])?.pointee else { return }
    graph.contribute(moving: &dx, times: g, to: inputs[0])
  }

  override func letGo(_ graph: Graph<Scalar>) {
    graph.pool.reclaim(&dx)
    (labels, targets, weights, lengths, classWeights) = (nil, nil, nil, nil, nil)
  }
}

/// Traps unless there is a label for each row.
private func checkLabels(_ labels: TokenBatch, _ shape: NodeShape) {
  require(
    labels.steps == shape.steps && labels.batch == shape.batch,
    "loss: labels have shape [T, N] = \(labels.shape), the scores [T, N, K] = \(shape)")
}

/// Traps unless there is a label for each row, and one of the classes where it counts: padding may hold
/// anything.
func checkLabels(
  _ labels: TokenBatch, _ shape: NodeShape, classes: Int, lengths: [Int]?, ignoring ignored: Token?
) {
  checkLabels(labels, shape)
  for row in 0..<shape.rows {
    let label = labels.token(row)
    if label == ignored { continue }
    if let lengths, row / shape.batch >= lengths[row % shape.batch] { continue }
    require(
      label >= 0 && Int(label) < classes,
      """
      loss: label \(label) at step \(row / shape.batch) of sequence \(row % shape.batch) is outside \
      the \(classes) classes of the scores
      """)
  }
}

extension TokenBatch {
  /// The token of row `t·N + n`.
  func token(_ row: Int) -> Token { withUnsafeBufferPointer { $0[row] } }
}

extension SequenceBatch {
  /// The only feature of row `t·N + n`.
  fileprivate func scalar(_ row: Int) -> Scalar { withUnsafeBufferPointer { $0[row] } }
}

/// The sum of the losses of a row's elements, and their gradients times `scale`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func elementLosses<Scalar: RecurrentScalar>(
  _ kind: LossKind<Scalar>, _ x: UnsafePointer<Scalar>, _ y: UnsafePointer<Scalar>,
  _ scale: Scalar, into d: UnsafeMutablePointer<Scalar>, count: Int
) -> Scalar {
  var sum: Scalar = 0
  switch kind {
  case .given, .labels, .distributions: break
  case .squared:
    for i in 0..<count {
      let e = x[i] - y[i]
      sum += e * e
      d[i] = 2 * e * scale
    }
  case .absolute:
    for i in 0..<count {
      let e = x[i] - y[i]
      sum += e.magnitude
      d[i] = e > 0 ? scale : e < 0 ? -scale : e * scale
    }
  case .huber(let delta):
    for i in 0..<count {
      let e = x[i] - y[i]
      if e.magnitude <= delta {
        sum += e * e / 2
        d[i] = e * scale
      } else {
        sum += delta * (e.magnitude - delta / 2)
        d[i] = (e > 0 ? delta : e < 0 ? -delta : e) * scale
      }
    }
  case .logistic:
    for i in 0..<count {
      let z = x[i]
      let small = Scalar.exp(-z.magnitude)
      sum += (z > 0 ? z : z < 0 ? 0 : z) - z * y[i] + Scalar.log(onePlus: small)
      let probability = z >= 0 ? 1 / (1 + small) : small / (1 + small)
      d[i] = (probability - y[i]) * scale
    }
  }
  return sum
}
