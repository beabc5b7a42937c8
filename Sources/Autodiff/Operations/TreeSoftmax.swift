import LinAlg
import RealModule
import Recurrent

extension HierarchicalSoftmax {
  /// The mean of `−log P(label)` over the rows that count, at the cost of the ways to the labels.
  ///
  /// - Parameters:
  ///   - h: `[T, N, D]`.
  ///   - labels: `[T, N]`; each in `0..<V` where it counts.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - ignored: rows with this label do not count.
  /// - Returns: the mean loss, `[1, 1, 1]`.
  /// - Precondition: shapes as stated.
  public func crossEntropy(
    _ h: Node<Scalar>, _ labels: TokenBatch, lengths: [Int]? = nil, ignoring ignored: Token? = nil
  ) -> Node<Scalar> {
    checkLayout()
    let graph = h.graph
    let operation = graph.next(TreePathOperation<Scalar>.self) { TreePathOperation() }
    return operation(self, h, CountedLabels(labels, lengths, ignored), on: graph)
      .meanLoss(of: labels, lengths: lengths, ignoring: ignored)
  }

  /// `log P` of every token, `[T, N, V]`, at the cost of the whole vocabulary: as scores of the next token they
  /// are what a softmax leaves as it is.
  ///
  /// - Precondition: `h` has `D` features.
  public func logProbabilities(_ h: Node<Scalar>) -> Node<Scalar> {
    checkLayout()
    let graph = h.graph
    let decisions = Linear(parameters: parameters)(h)
    let operation = graph.next(TreeLeavesOperation<Scalar>.self) { TreeLeavesOperation() }
    return operation(tree, decisions, on: graph)
  }
}

/// `log σ(z)` and `log σ(−z)`, and `σ(z)`, without overflow.
@inline(__always)
private func decision<Scalar: RecurrentScalar>(
  _ z: Scalar
) -> (left: Scalar, right: Scalar, probability: Scalar) {
  let small = Scalar.exp(-z.magnitude)
  let log = Scalar.log(onePlus: small)
  let probability = z >= 0 ? 1 / (1 + small) : small / (1 + small)
  return ((z < 0 ? z : 0) - log, (z > 0 ? -z : 0) - log, probability)
}

/// The losses of the rows, `[T, N, 1]`; 0 where a row does not count.
private final class TreePathOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var softmax: HierarchicalSoftmax<Scalar>?
  private var labels: CountedLabels?
  private var place: Int?
  /// `∂l/∂z` of the decisions on the way to each label, `[T·N, depth]`.
  private var slopes: SequenceBatch<Scalar>?
  private var target: UnsafeMutablePointer<Scalar>?
  private var isOfInputs = false

  override var name: StaticString { "hierarchical softmax" }

  func callAsFunction(
    _ softmax: HierarchicalSoftmax<Scalar>, _ h: Node<Scalar>, _ labels: CountedLabels,
    on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    let (shape, D) = (h.shape, softmax.inputSize)
    require(
      shape.features == D, "\(name): h has shape \(shape), expected [T, N, D] with D = \(D)")
    labels.check(shape, classes: softmax.vocabularySize, name)
    place = graph.isRecording ? graph.trained.place(of: softmax.parameters.block, name) : nil
    if place != nil { takeTrained() }
    (self.softmax, self.labels) = (softmax, labels)
    take(h, isRead: true, on: graph)
    let y = give(NodeShape(steps: shape.steps, batch: shape.batch, features: 1), on: graph)
    slopes = graph.pool.take(
      NodeShape(steps: 1, batch: shape.rows, features: softmax.largestDepth))
    graph.divideForward(self, rows: shape.rows, work: shape.rows * softmax.largestDepth * D)
    graph.finish(self)
    return y
  }

  override func forward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    guard let softmax, let labels, let slopes = slopes?.pointer(atStep: 0) else { return }
    let (D, depth, bias) = (softmax.inputSize, softmax.largestDepth, biases(softmax))
    let (h, y) = (graph.values(inputs[0]), graph.output(outputs[0]))
    softmax.parameters.block.withUnsafeBufferPointer { W in
      guard let start = W.baseAddress else { return }
      for row in rows {
        guard let label = labels.label(row) else {
          y[row] = 0
          continue
        }
        y[row] = pathLoss(
          softmax.tree, label, h + row * D, start, start + bias, D,
          slopes: slopes + row * depth)
      }
    }
  }

  /// Where the biases begin in the block.
  private func biases(_ softmax: HierarchicalSoftmax<Scalar>) -> Int {
    softmax.inputSize * (softmax.vocabularySize - 1)
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let softmax, let labels, let dy = graph.gradient(outputs[0]),
      let slopes = slopes?.pointer(atStep: 0)
    else { return }
    let (rows, D, depth) = (graph.shape(inputs[0]).rows, softmax.inputSize, softmax.largestDepth)
    for row in 0..<rows {
      guard let label = labels.label(row) else { continue }
      let d = slopes + row * depth
      scaleElements(d, by: dy[row], plus: 0, into: d, count: softmax.tree.count(label))
    }
    func pass(_ target: UnsafeMutablePointer<Scalar>, isOfInputs: Bool) {
      (self.target, self.isOfInputs) = (target, isOfInputs)
      graph.divideBackward(self, rows: isOfInputs ? rows : D, work: rows * depth * D)
    }
    graph.contribute(to: inputs[0]) { pass($0, isOfInputs: true) }
    guard let place else { return }
    graph.addToGradient(place) { gradient in
      // By features, not by rows: the ways of two labels have nodes in common.
      pass(gradient, isOfInputs: false)
      let db = gradient + biases(softmax)
      for row in 0..<rows {
        guard let label = labels.label(row) else { continue }
        for j in 0..<softmax.tree.count(label) {
          db[Int(softmax.tree.branch(label, j).node)] += slopes[row * depth + j]
        }
      }
    }
  }

  override func backward(_ mine: Range<Int>, _ graph: Graph<Scalar>) {
    guard let target, let softmax, let labels, let slopes = slopes?.pointer(atStep: 0)
    else { return }
    let (rows, D, depth) = (graph.shape(inputs[0]).rows, softmax.inputSize, softmax.largestDepth)
    let h = graph.values(inputs[0])
    softmax.parameters.block.withUnsafeBufferPointer { W in
      guard let W = W.baseAddress else { return }
      for row in isOfInputs ? mine : 0..<rows {
        if isOfInputs { clearElements(target + row * D, count: D) }
        guard let label = labels.label(row) else { continue }
        for j in 0..<softmax.tree.count(label) {
          let node = Int(softmax.tree.branch(label, j).node)
          let slope = slopes[row * depth + j]
          if isOfInputs {
            addElements(W + node * D, times: slope, to: target + row * D, count: D)
          } else {
            addElements(
              h + row * D + mine.lowerBound, times: slope,
              to: target + node * D + mine.lowerBound, count: mine.count)
          }
        }
      }
    }
  }

  override func letGo(_ graph: Graph<Scalar>) {
    graph.pool.reclaim(&slopes)
    (softmax, labels) = (nil, nil)
  }
}

/// From the decisions `z [T, N, V − 1]` at the inner nodes to `log P` of the tokens, `[T, N, V]`.
private final class TreeLeavesOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var tree: HuffmanTree?
  /// `log P` of the inner nodes of each row, or the gradient by it.
  private var sums: UnsafeMutablePointer<Scalar>?
  private var dz: UnsafeMutablePointer<Scalar>?

  override var name: StaticString { "hierarchical softmax" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    tree.map { .treeLeaves($0) } ?? .other("\(name)")
  }

  func callAsFunction(
    _ tree: HuffmanTree, _ z: Node<Scalar>, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    self.tree = tree
    take(z, isRead: true, on: graph)
    var shape = z.shape
    shape.features = tree.vocabularySize
    let y = give(shape, on: graph)
    graph.withScratch(z.shape.count) { sums in
      self.sums = sums
      graph.divideForward(self, rows: shape.rows, work: 16 * shape.count)
    }
    sums = nil
    graph.finish(self)
    return y
  }

  override func forward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    guard let tree, let sums else { return }
    let V = tree.vocabularySize
    let (z, y) = (graph.values(inputs[0]), graph.output(outputs[0]))
    for row in rows {
      writeLeaves(tree, z + row * (V - 1), logs: sums + row * (V - 1), into: y + row * V)
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    let shape = graph.shape(inputs[0])
    graph.contribute(to: inputs[0]) { dz in
      self.dz = dz
      graph.withScratch(shape.count) { sums in
        self.sums = sums
        graph.divideBackward(self, rows: shape.rows, work: 16 * shape.count)
      }
    }
    sums = nil
  }

  override func backward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    guard let tree, let sums, let dz, let dy = graph.gradient(outputs[0]) else { return }
    let V = tree.vocabularySize
    let z = graph.values(inputs[0])
    for row in rows {
      writeDecisions(
        tree, z + row * (V - 1), dy + row * V, below: sums + row * (V - 1),
        into: dz + row * (V - 1))
    }
  }

  override func letGo(_ graph: Graph<Scalar>) { tree = nil }
}

/// `−log P` of a token, and its slopes by the decisions on the way.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func pathLoss<Scalar: RecurrentScalar>(
  _ tree: HuffmanTree, _ token: Int, _ h: UnsafePointer<Scalar>, _ W: UnsafePointer<Scalar>,
  _ b: UnsafePointer<Scalar>, _ D: Int, slopes: UnsafeMutablePointer<Scalar>
) -> Scalar {
  var loss: Scalar = 0
  for j in 0..<tree.count(token) {
    let branch = tree.branch(token, j)
    let node = Int(branch.node)
    let z = Scalar.dot(n: D, x: h, incx: 1, y: W + node * D, incy: 1) + b[node]
    let (left, right, probability) = decision(z)
    loss -= branch.isLeft ? left : right
    slopes[j] = branch.isLeft ? probability - 1 : probability
  }
  return loss
}

/// `log P` of all tokens of a row, from the root down.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func writeLeaves<Scalar: RecurrentScalar>(
  _ tree: HuffmanTree, _ z: UnsafePointer<Scalar>, logs: UnsafeMutablePointer<Scalar>,
  into y: UnsafeMutablePointer<Scalar>
) {
  func put(_ log: Scalar, _ place: Int32) {
    if place < 0 { logs[Int(-1 - place)] = log } else { y[Int(place)] = log }
  }
  let root = tree.vocabularySize - 2
  logs[root] = 0
  for node in stride(from: root, through: 0, by: -1) {
    let (left, right, _) = decision(z[node])
    let child = tree.children[node]
    put(logs[node] + left, child.left)
    put(logs[node] + right, child.right)
  }
}

/// The slopes by all decisions of a row, from the leaves up: children come before their parents.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func writeDecisions<Scalar: RecurrentScalar>(
  _ tree: HuffmanTree, _ z: UnsafePointer<Scalar>, _ dy: UnsafePointer<Scalar>,
  below: UnsafeMutablePointer<Scalar>, into dz: UnsafeMutablePointer<Scalar>
) {
  for node in 0..<tree.vocabularySize - 1 {
    let child = tree.children[node]
    let left = child.left < 0 ? below[Int(-1 - child.left)] : dy[Int(child.left)]
    let right = child.right < 0 ? below[Int(-1 - child.right)] : dy[Int(child.right)]
    below[node] = left + right
    let (_, _, probability) = decision(z[node])
    dz[node] = left * (1 - probability) - right * probability
  }
}
