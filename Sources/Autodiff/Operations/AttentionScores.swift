import LinAlg
import Recurrent

/// What an additive score sees of how much each step has been attended to before (See et al. 2017).
public struct AttentionCoverage<Scalar: RecurrentScalar> {
  /// `c`, for each query what the queries before it gave to each step, `[T₁, N, T₂]`.
  public let covered: Node<Scalar>
  /// `wc`, one number for each feature of the comparison, `[1, 1, A]`.
  public let weights: Node<Scalar>

  /// The coverage and its weights.
  public init(covered: Node<Scalar>, weights: Node<Scalar>) {
    (self.covered, self.weights) = (covered, weights)
  }
}

extension Node {
  /// The scores of attention by inner products, before any softmax: `e[s, t] = scale·q[s]·k[t]`,
  /// `[T₁, N, T₂]`.
  ///
  /// Steps after the end of a sequence get `−∞`: a softmax, its logarithm and a cross-entropy over the steps
  /// give them no probability, and nothing is learned through them.
  ///
  /// - Parameters:
  ///   - keys: `[T₂, N, A]`, where the queries, this node, are `[T₁, N, A]`.
  ///   - scale: of the scores.
  ///   - lengths: how many steps of each sequence of keys count; nil means all.
  public func attentionScores(
    keys: Node, scale: Scalar = 1, lengths: [Int]? = nil
  ) -> Node {
    let graph = graph
    let operation = graph.next(ScoresOperation<Scalar>.self) { ScoresOperation() }
    return operation(.products(scale: scale), self, keys, lengths, on: graph)
  }

  /// The scores of attention by a small network, before any softmax (Bahdanau et al. 2015), `[T₁, N, T₂]`:
  /// what a pointer network (Vinyals et al. 2015) takes the softmax of.
  ///
  /// ```
  /// e[s, t] = w·tanh(q[s] + k[t] + wc·c[s, t])
  /// ```
  /// Steps after the end of a sequence get `−∞`, as in ``attentionScores(keys:scale:lengths:)``.
  ///
  /// - Parameters:
  ///   - keys: `[T₂, N, A]`, where the queries, this node, are `[T₁, N, A]`: both already multiplied by
  ///     their weights.
  ///   - weights: `w`, `[1, 1, A]`.
  ///   - coverage: `c` and `wc`; nil for none.
  ///   - lengths: how many steps of each sequence of keys count; nil means all.
  public func attentionScores(
    keys: Node, additive weights: Node, coverage: AttentionCoverage<Scalar>? = nil,
    lengths: [Int]? = nil
  ) -> Node {
    let graph = graph
    let operation = graph.next(ScoresOperation<Scalar>.self) { ScoresOperation() }
    return operation(.additive(weights, coverage), self, keys, lengths, on: graph)
  }
}

/// How queries and keys are compared.
enum Comparison<Scalar: RecurrentScalar> {
  /// `scale·q·k`
  case products(scale: Scalar)
  /// `w·tanh(q + k + wc·c)`
  case additive(Node<Scalar>, AttentionCoverage<Scalar>?)
}

/// The scores alone; sequences are divided among threads.
private final class ScoresOperation<Scalar: RecurrentScalar>: ScoringOperation<Scalar> {
  override var name: StaticString { "attention scores" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .scores(comparison)
  }

  func callAsFunction(
    _ comparison: Comparison<Scalar>, _ q: Node<Scalar>, _ k: Node<Scalar>, _ lengths: [Int]?,
    on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    take(comparison, q, k, lengths, on: graph)
    let scores = give(
      NodeShape(steps: q.steps, batch: q.batch, features: k.steps), on: graph)
    divideScores(graph)
    graph.finish(self)
    return scores
  }

  override func forward(_ sequences: Range<Int>, _ graph: Graph<Scalar>) {
    let size = size(graph)
    let scores = graph.output(outputs[0])
    for n in sequences {
      let length = length(n, size)
      writeScores(n, into: scores, sequences, graph)
      for s in 0..<size.Q {
        (scores + (s * size.N + n) * size.T + length).update(
          repeating: -.infinity, count: size.T - length)
      }
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let dScores = graph.gradient(outputs[0]) else { return }
    addScoreGradients(dScores, graph)
  }
}

/// What operations have in common that compare queries with keys: their first inputs are the queries, the
/// keys and what the comparison needs.
class ScoringOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var lengths: [Int]?
  private var scale: Scalar = 1
  private var isAdditive = false
  private var hasCoverage = false
  /// Memory for `tanh(q + k)` of some steps, a piece for each sequence.
  private var scratch: UnsafeMutablePointer<Scalar>?
  private var d = ScoreGradients<Scalar>()

  /// How it compares.
  final var comparison: ComparisonRecord<Scalar> {
    ComparisonRecord(
      scale: scale, isAdditive: isAdditive, hasCoverage: hasCoverage, lengths: lengths)
  }

  /// The lengths of the axes: queries, sequences, steps, features of the comparison.
  struct Size {
    var Q: Int
    var N: Int
    var T: Int
    var A: Int

    /// How many steps are compared at once.
    var block: Int { max(1, min(T, 2048 / max(A, 1))) }
  }

  final func size(_ graph: Graph<Scalar>) -> Size {
    let (q, k) = (graph.shape(inputs[0]), graph.shape(inputs[1]))
    return Size(Q: q.steps, N: q.batch, T: k.steps, A: q.features)
  }

  /// How many steps of sequence `n` count.
  final func length(_ n: Int, _ size: Size) -> Int { lengths?[n] ?? size.T }

  /// Takes the queries, the keys and the weights of the comparison.
  final func take(
    _ comparison: Comparison<Scalar>, _ q: Node<Scalar>, _ k: Node<Scalar>, _ lengths: [Int]?,
    on graph: Graph<Scalar>
  ) {
    let (sq, sk) = (q.shape, k.shape)
    require(
      sq.batch == sk.batch && sq.features == sk.features && sq.features > 0,
      "\(name): queries \(sq), keys \(sk), expected [T₁, N, A], [T₂, N, A]")
    checkLengths(lengths, sk, name)
    self.lengths = lengths
    take(q, isRead: true, on: graph)
    take(k, isRead: true, on: graph)
    (scale, isAdditive, hasCoverage) = (1, false, false)
    switch comparison {
    case .products(let scale): self.scale = scale
    case .additive(let w, let coverage):
      isAdditive = true
      takeWeights(w, sq.features, on: graph)
      guard let coverage else { return }
      hasCoverage = true
      takeWeights(coverage.weights, sq.features, on: graph)
      let expected = NodeShape(steps: sq.steps, batch: sq.batch, features: sk.steps)
      require(
        coverage.covered.shape == expected,
        "\(name): coverage \(coverage.covered.shape), expected [T₁, N, T₂] = \(expected)")
      take(coverage.covered, isRead: true, on: graph)
    }
  }

  private func takeWeights(_ w: Node<Scalar>, _ features: Int, on graph: Graph<Scalar>) {
    require(
      w.shape == NodeShape(steps: 1, batch: 1, features: features),
      "\(name): weights \(w.shape), expected [1, 1, \(features)]")
    take(w, isRead: true, on: graph)
  }

  /// Runs ``forward(_:_:)`` on all sequences.
  final func divideScores(_ graph: Graph<Scalar>) {
    let size = size(graph)
    graph.withScratch(isAdditive ? size.N * size.block * size.A : 0) { scratch in
      self.scratch = scratch
      graph.divideForward(self, rows: size.N, work: work(size))
    }
    scratch = nil
  }

  private func work(_ size: Size) -> Int {
    size.Q * size.N * size.T * (isAdditive ? 8 : 1) * size.A
  }

  /// Writes the valid scores of sequence `n` to `[T₁, N, T₂]`; `sequences` are those of this thread.
  final func writeScores(
    _ n: Int, into scores: UnsafeMutablePointer<Scalar>, _ sequences: Range<Int>,
    _ graph: Graph<Scalar>
  ) {
    let size = size(graph)
    let (Q, N, T, A) = (size.Q, size.N, size.T, size.A)
    let length = length(n, size)
    let (q, k) = (graph.values(inputs[0]) + n * A, graph.values(inputs[1]) + n * A)
    if length == 0 || Q == 0 { return }
    guard isAdditive, let scratch else {
      return Scalar.gemm(
        .none, .transpose, m: Q, n: length, k: A, alpha: scale, a: q, lda: N * A, b: k, ldb: N * A,
        beta: 0, c: scores + n * T, ldc: N * T)
    }
    let (w, u) = (graph.values(inputs[2]), scratch + sequences.lowerBound * size.block * A)
    for s in 0..<Q {
      let (q, e) = (q + s * N * A, scores + (s * N + n) * T)
      for start in stride(from: 0, to: length, by: size.block) {
        let count = min(size.block, length - start)
        writeTanh(q, k, (s * N + n) * T, start..<start + count, size, into: u, graph)
        for t in 0..<count {
          e[start + t] = Scalar.dot(n: A, x: w, incx: 1, y: u + t * A, incy: 1)
        }
      }
    }
  }

  /// `tanh(q + k[t] + wc·c[t])` for some steps of a sequence.
  private func writeTanh(
    _ q: UnsafePointer<Scalar>, _ k: UnsafePointer<Scalar>, _ row: Int, _ steps: Range<Int>,
    _ size: Size, into u: UnsafeMutablePointer<Scalar>, _ graph: Graph<Scalar>
  ) {
    let A = size.A
    for t in 0..<steps.count {
      let u = u + t * A
      u.update(from: q, count: A)
      addElements(k + (steps.lowerBound + t) * size.N * A, to: u, count: A)
      if hasCoverage {
        let covered = graph.values(inputs[4])[row + steps.lowerBound + t]
        addElements(graph.values(inputs[3]), times: covered, to: u, count: A)
      }
    }
    Scalar.apply(.tanh, u, into: u, count: steps.count * A)
  }

  /// Adds to the gradients of all that was compared what those of the scores give, `[T₁, N, T₂]`.
  final func addScoreGradients(_ dScores: UnsafePointer<Scalar>, _ graph: Graph<Scalar>) {
    let size = size(graph)
    let (N, A) = (size.N, size.A)
    // The gradients of the weights are sums over the sequences: first of each, then in their order,
    // whichever thread had them.
    let own = isAdditive ? (2 + size.block) * A : 0
    graph.withScratch(N * own) { parts in
      graph.withGradient(of: inputs[0]) { dq in
        graph.withGradient(of: inputs[1]) { dk in
          graph.withGradient(of: hasCoverage ? inputs[4] : nil) { dCovered in
            d = ScoreGradients(
              scores: dScores, q: dq, k: dk, covered: dCovered, parts: isAdditive ? parts : nil)
            scratch = parts + 2 * N * A
            graph.divideBackward(self, rows: N, work: 2 * work(size))
          }
        }
      }
      if isAdditive {
        graph.contributeInPlace(to: inputs[2]) { dw in
          for n in 0..<N { addElements(parts + n * A, to: dw, count: A) }
        }
      }
      if hasCoverage {
        graph.contributeInPlace(to: inputs[3]) { dw in
          for n in 0..<N { addElements(parts + (N + n) * A, to: dw, count: A) }
        }
      }
    }
    (d, scratch) = (ScoreGradients(), nil)
  }

  /// Of those sequences what ``addScoreGradients(_:_:)`` says.
  override func backward(_ sequences: Range<Int>, _ graph: Graph<Scalar>) {
    guard let de = d.scores else { return }
    let size = size(graph)
    let (Q, N, T, A) = (size.Q, size.N, size.T, size.A)
    for n in sequences {
      let length = length(n, size)
      if isAdditive {
        addAdditiveGradients(n, sequences, graph)
        continue
      }
      if length == 0 || Q == 0 { continue }
      if let dq = d.q {
        Scalar.gemm(
          .none, .none, m: Q, n: A, k: length, alpha: scale, a: de + n * T, lda: N * T,
          b: graph.values(inputs[1]) + n * A, ldb: N * A, beta: 1, c: dq + n * A, ldc: N * A)
      }
      if let dk = d.k {
        Scalar.gemm(
          .transpose, .none, m: length, n: A, k: Q, alpha: scale, a: de + n * T, lda: N * T,
          b: graph.values(inputs[0]) + n * A, ldb: N * A, beta: 1, c: dk + n * A, ldc: N * A)
      }
    }
  }

  /// The way back of one sequence; the hyperbolic tangents are computed again.
  private func addAdditiveGradients(
    _ n: Int, _ sequences: Range<Int>, _ graph: Graph<Scalar>
  ) {
    guard let de = d.scores, let parts = d.parts, let scratch else { return }
    let size = size(graph)
    let (N, T, A) = (size.N, size.T, size.A)
    let length = length(n, size)
    let (q, k) = (graph.values(inputs[0]) + n * A, graph.values(inputs[1]) + n * A)
    let (w, u) = (graph.values(inputs[2]), scratch + sequences.lowerBound * size.block * A)
    let (dw, dwc) = (parts + n * A, parts + (N + n) * A)
    clearElements(dw, count: A)
    clearElements(dwc, count: A)
    for s in 0..<size.Q {
      let row = (s * N + n) * T
      for start in stride(from: 0, to: length, by: size.block) {
        let steps = start..<min(start + size.block, length)
        // Queries behind the end of their sequence: nothing of the loss comes here.
        if areZeros(de + row + start, count: steps.count) { continue }
        writeTanh(q + s * N * A, k, row, steps, size, into: u, graph)
        for t in steps {
          let u = u + (t - start) * A
          writeTanhGradient(de[row + t], w, u, dw: dw, count: A)
          if let dq = d.q { addElements(u, to: dq + (s * N + n) * A, count: A) }
          if let dk = d.k { addElements(u, to: dk + (t * N + n) * A, count: A) }
          if !hasCoverage { continue }
          addElements(u, times: graph.values(inputs[4])[row + t], to: dwc, count: A)
          if let dCovered = d.covered {
            dCovered[row + t] += Scalar.dot(
              n: A, x: graph.values(inputs[3]), incx: 1, y: u, incy: 1)
          }
        }
      }
    }
  }

  override func letGo(_ graph: Graph<Scalar>) { lengths = nil }
}

/// Where the gradients of a comparison are: nil where nobody needs them.
private struct ScoreGradients<Scalar: RecurrentScalar> {
  /// Those of the scores, `[T₁, N, T₂]`.
  var scores: UnsafePointer<Scalar>?
  var q: UnsafeMutablePointer<Scalar>?
  var k: UnsafeMutablePointer<Scalar>?
  var covered: UnsafeMutablePointer<Scalar>?
  /// Those of `w` and then of `wc` from each sequence, `[2, N, A]`.
  var parts: UnsafeMutablePointer<Scalar>?
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func areZeros<Scalar: RecurrentScalar>(_ x: UnsafePointer<Scalar>, count: Int) -> Bool {
  for i in 0..<count where x[i] != 0 { return false }
  return true
}

/// `dw += de·u` and `u ← de·w∘(1 − u²)`, for `u` the hyperbolic tangents of one step.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func writeTanhGradient<Scalar: RecurrentScalar>(
  _ de: Scalar, _ w: UnsafePointer<Scalar>, _ u: UnsafeMutablePointer<Scalar>,
  dw: UnsafeMutablePointer<Scalar>, count: Int
) {
  for i in 0..<count {
    let tanh = u[i]
    dw[i] += de * tanh
    u[i] = de * w[i] * (1 - tanh * tanh)
  }
}
