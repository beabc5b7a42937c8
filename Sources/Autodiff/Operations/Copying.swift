import LinAlg
import RealModule
import Recurrent

extension Node {
  /// The logarithms of the probabilities of words that are either generated from a vocabulary or copied from
  /// a source (See et al. 2017), `[T₁, N, W]`.
  ///
  /// ```
  /// log P(w) = log(p·softmax(z)[w] + (1 − p)·Σ softmax(e)[t])      the sum over t with x[t] = w; p = σ(g)
  /// ```
  /// Words `V..<W` can only be copied; one that is neither in the vocabulary nor in the source has `−∞`. All
  /// is computed with logarithms: no score, however large, overflows, and no probability that is not 0
  /// becomes 0. What comes out is a distribution, so that its cross-entropy is `−log P` of the labels.
  ///
  /// - Parameters:
  ///   - tokens: `x`, the words of the sources, `[T₂, N]`, in `0..<W` where they count.
  ///   - attention: `e`, scores of the steps of the source before the softmax, `[T₁, N, T₂]`, where the
  ///     scores `z` of the vocabulary, this node, are `[T₁, N, V]`.
  ///   - generating: `g`, `[T₁, N, 1]`.
  ///   - words: `W`, at least `V`.
  ///   - lengths: how many steps of each source count; nil means all. From one of which nothing counts,
  ///     nothing is copied: `p` is 1.
  public func mixedWithCopies(
    of tokens: TokenBatch, attention: Node, generating: Node, words: Int, lengths: [Int]? = nil
  ) -> Node {
    let graph = graph
    let operation = graph.next(CopyOperation<Scalar>.self) { CopyOperation() }
    return operation(tokens, lengths, words, self, attention, generating, on: graph)
  }
}

private final class CopyOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var tokens: TokenBatch?
  private var lengths: [Int]?
  private var target: UnsafeMutablePointer<Scalar>?
  /// Whose gradient is being computed: `z`, `e` or `g`.
  private var operand = 0

  override var name: StaticString { "copying" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    guard let tokens else { return .other("\(name)") }
    return .copies(tokens, words: graph.shape(outputs[0]).features, lengths: lengths)
  }

  func callAsFunction(
    _ tokens: TokenBatch, _ lengths: [Int]?, _ words: Int, _ z: Node<Scalar>, _ e: Node<Scalar>,
    _ g: Node<Scalar>, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    let (sz, se) = (z.shape, e.shape)
    require(
      se == NodeShape(steps: sz.steps, batch: sz.batch, features: tokens.steps)
        && g.shape == NodeShape(steps: sz.steps, batch: sz.batch, features: 1)
        && tokens.batch == sz.batch && words >= sz.features && sz.features > 0,
      """
      copying: scores \(sz), attention \(se), generating \(g.shape), tokens \(tokens.shape), \
      \(words) words; expected [T₁, N, V], [T₁, N, T₂], [T₁, N, 1], [T₂, N], at least V
      """)
    checkLengths(
      lengths, NodeShape(steps: tokens.steps, batch: tokens.batch, features: 1), name)
    for n in 0..<tokens.batch {
      for t in 0..<(lengths?[n] ?? tokens.steps) where !(0..<words).contains(Int(tokens[t, n])) {
        failRequirement(
          "copying: token \(tokens[t, n]) at step \(t) of sequence \(n), expected 0..<\(words)")
      }
    }
    (self.tokens, self.lengths) = (tokens, lengths)
    take(z, isRead: true, on: graph)
    take(e, isRead: true, on: graph)
    take(g, isRead: true, on: graph)
    let y = give(
      NodeShape(steps: sz.steps, batch: sz.batch, features: words), isRead: true, on: graph)
    graph.divideForward(self, rows: sz.rows, work: 8 * (sz.count + se.count))
    graph.finish(self)
    return y
  }

  /// The row of a source's words and attention.
  private func source(_ row: Int, _ graph: Graph<Scalar>) -> CopySource<Scalar> {
    let shape = graph.shape(inputs[1])
    let n = row % shape.batch
    return CopySource(
      scores: graph.values(inputs[1]) + row * shape.features, column: n, batch: shape.batch,
      length: lengths?[n] ?? shape.features, gate: graph.values(inputs[2])[row])
  }

  override func forward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    let (V, W) = (graph.shape(inputs[0]).features, graph.shape(outputs[0]).features)
    let (z, y) = (graph.values(inputs[0]), graph.output(outputs[0]))
    tokens?.withUnsafeBufferPointer { tokens in
      for row in rows {
        let source = source(row, graph)
        let y = y + row * W
        Scalar.apply(.logSoftmax, z + row * V, into: y, rows: 1, columns: V)
        (y + V).update(repeating: -.infinity, count: W - V)
        if source.isEmpty { continue }
        scaleElements(y, by: 1, plus: source.logGenerating, into: y, count: V)
        source.addCopies(tokens, to: y)
      }
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    let shape = graph.shape(inputs[0])
    for operand in 0..<3 {
      graph.contribute(to: inputs[operand]) { target in
        (self.operand, self.target) = (operand, target)
        graph.divideBackward(self, rows: shape.rows, work: 8 * shape.count)
      }
    }
    target = nil
  }

  override func backward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    guard let target, let dy = graph.gradient(outputs[0]) else { return }
    let (V, W) = (graph.shape(inputs[0]).features, graph.shape(outputs[0]).features)
    let T = graph.shape(inputs[1]).features
    let (z, y) = (graph.values(inputs[0]), graph.values(outputs[0]))
    tokens?.withUnsafeBufferPointer { tokens in
      for row in rows {
        let source = source(row, graph)
        let (y, dy) = (y + row * W, dy + row * W)
        // How much of the gradient goes to copying, and how much to generating.
        let (copied, known) = source.isEmpty ? (0, 0) : source.copiedGradient(tokens, y, dy, V)
        let generated = sumOfElements(dy, count: V) - known
        switch operand {
        case 0:
          let dz = target + row * V
          Scalar.apply(.softmax, z + row * V, into: dz, rows: 1, columns: V)
          scaleElements(dz, by: -generated, plus: 0, into: dz, count: V)
          addElements(dy, to: dz, count: V)
          if !source.isEmpty { source.subtractCopied(tokens, y, dy, from: dz, below: V) }
        case 1:
          let de = target + row * T
          clearElements(de, count: T)
          if !source.isEmpty { source.addGradient(tokens, y, dy, copied, to: de) }
        default:
          target[row] =
            source.isEmpty ? 0 : generated - .exp(source.logGenerating) * (generated + copied)
        }
      }
    }
  }

  override func letGo(_ graph: Graph<Scalar>) { (tokens, lengths) = (nil, nil) }
}

/// What one row can copy: the scores of the steps of its source, and the gate.
private struct CopySource<Scalar: RecurrentScalar> {
  let scores: UnsafePointer<Scalar>
  /// Where the source's tokens are: `batch` apart, from `column` on.
  let column: Int
  let batch: Int
  let length: Int
  let logGenerating: Scalar
  /// `log(1 − p) − log Σ eᵉ`: added to a score it is the logarithm of the probability to copy that step.
  let logCopying: Scalar
  /// `log Σ eᵉ`.
  private let logSum: Scalar

  /// Whether there is nothing to copy.
  var isEmpty: Bool { logSum == -.infinity }

  init(scores: UnsafePointer<Scalar>, column: Int, batch: Int, length: Int, gate: Scalar) {
    (self.scores, self.column, self.batch, self.length) = (scores, column, batch, length)
    logSum = logSumOfExponentials(scores, count: length)
    let small = Scalar.log(onePlus: .exp(-gate.magnitude))
    logGenerating = gate >= 0 ? -small : gate - small
    logCopying = (gate >= 0 ? -gate - small : -small) - logSum
  }

  private func token(_ tokens: UnsafeBufferPointer<Token>, _ t: Int) -> Int {
    Int(tokens[t * batch + column])
  }

  /// Adds the probabilities of copying to those whose logarithms are in `y`.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func addCopies(_ tokens: UnsafeBufferPointer<Token>, to y: UnsafeMutablePointer<Scalar>) {
    for t in 0..<length where scores[t] > -.infinity {
      let w = token(tokens, t)
      let copy = scores[t] + logCopying
      let (small, large) = y[w] < copy ? (y[w], copy) : (copy, y[w])
      y[w] = large + .log(onePlus: .exp(small - large))
    }
  }

  /// The share of step `t` in the probability of its word.
  private func share(_ t: Int, _ w: Int, _ y: UnsafePointer<Scalar>) -> Scalar {
    scores[t] > -.infinity ? .exp(scores[t] + logCopying - y[w]) : 0
  }

  /// What of the gradient goes to copying: of all words, and of those of the vocabulary.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func copiedGradient(
    _ tokens: UnsafeBufferPointer<Token>, _ y: UnsafePointer<Scalar>,
    _ dy: UnsafePointer<Scalar>, _ V: Int
  ) -> (all: Scalar, known: Scalar) {
    var (all, known): (Scalar, Scalar) = (0, 0)
    for t in 0..<length {
      let w = token(tokens, t)
      let part = dy[w] * share(t, w, y)
      all += part
      if w < V { known += part }
    }
    return (all, known)
  }

  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func subtractCopied(
    _ tokens: UnsafeBufferPointer<Token>, _ y: UnsafePointer<Scalar>,
    _ dy: UnsafePointer<Scalar>, from dz: UnsafeMutablePointer<Scalar>, below V: Int
  ) {
    for t in 0..<length {
      let w = token(tokens, t)
      if w < V { dz[w] -= dy[w] * share(t, w, y) }
    }
  }

  /// Adds the gradients of the scores: of their log-softmax, whose own sum is `copied`.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func addGradient(
    _ tokens: UnsafeBufferPointer<Token>, _ y: UnsafePointer<Scalar>,
    _ dy: UnsafePointer<Scalar>, _ copied: Scalar, to de: UnsafeMutablePointer<Scalar>
  ) {
    for t in 0..<length where scores[t] > -.infinity {
      let w = token(tokens, t)
      de[t] = dy[w] * share(t, w, y) - copied * .exp(scores[t] - logSum)
    }
  }
}

/// `log Σ eˣ`; `−∞` for nothing.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func logSumOfExponentials<Scalar: RecurrentScalar>(
  _ x: UnsafePointer<Scalar>, count: Int
) -> Scalar {
  var largest = -Scalar.infinity
  for i in 0..<count { largest = Scalar.maximum(largest, x[i]) }
  if largest == -.infinity { return largest }
  var sum: Scalar = 0
  for i in 0..<count { sum += .exp(x[i] - largest) }
  return largest + .log(sum)
}
