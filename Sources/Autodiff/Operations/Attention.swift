import LinAlg
import Recurrent

/// What attention gives.
public struct AttentionNodes<Scalar: RecurrentScalar> {
  /// For each query the weighted sum of the values, `[T₁, N, F]`.
  public let context: Node<Scalar>
  /// The weights: for each query one for each step that it was compared with, `[T₁, N, T₂]`; rows sum to 1,
  /// and steps after the end of a sequence get 0.
  public let weights: Node<Scalar>
}

extension Node {
  /// Attention by inner products: each query meets each valid step (Luong et al. 2015).
  ///
  /// ```
  /// e[s, t] = scale·q[s]·k[t]      α[s] = softmax e[s]      context[s] = Σₜ α[s, t]·v[t]
  /// ```
  /// The general score `q·W·k` is this one on `W` applied to the queries or to the keys by a `Linear` map.
  ///
  /// - Parameters:
  ///   - keys: `[T₂, N, A]`, where the queries, this node, are `[T₁, N, A]`.
  ///   - values: `[T₂, N, F]`, often the keys themselves.
  ///   - scale: of the scores; `1/√A` in Vaswani et al. (2017).
  ///   - lengths: how many steps of each sequence of keys count; nil means all. A sequence of which none
  ///     counts gives zeros.
  public func attending(
    keys: Node, values: Node, scale: Scalar = 1, lengths: [Int]? = nil
  ) -> AttentionNodes<Scalar> {
    let graph = graph
    let operation = graph.next(AttentionOperation<Scalar>.self) { AttentionOperation() }
    return operation(self, keys, values, nil, scale, lengths, on: graph)
  }

  /// Attention by a small network: each query meets each valid step (Bahdanau et al. 2015).
  ///
  /// ```
  /// e[s, t] = w·tanh(q[s] + k[t])      α[s] = softmax e[s]      context[s] = Σₜ α[s, t]·v[t]
  /// ```
  ///
  /// - Parameters:
  ///   - keys: `[T₂, N, A]`, where the queries, this node, are `[T₁, N, A]`: both already multiplied by
  ///     their weights, the keys once for all queries.
  ///   - values: `[T₂, N, F]`.
  ///   - weights: `w`, `[1, 1, A]`.
  ///   - lengths: how many steps of each sequence of keys count; nil means all.
  public func attending(
    keys: Node, values: Node, additive weights: Node, lengths: [Int]? = nil
  ) -> AttentionNodes<Scalar> {
    let graph = graph
    let operation = graph.next(AttentionOperation<Scalar>.self) { AttentionOperation() }
    return operation(self, keys, values, weights, 1, lengths, on: graph)
  }
}

/// All queries of all sequences with all their steps; sequences are divided among threads.
private final class AttentionOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var lengths: [Int]?
  private var scale: Scalar = 1
  private var isAdditive = false
  private var target: UnsafeMutablePointer<Scalar>?
  private var dScores: UnsafeMutablePointer<Scalar>?
  /// Memory for `tanh(q + k)` of one step of each sequence.
  private var sums: UnsafeMutablePointer<Scalar>?
  private var part = Part.scores

  /// What a pass over the sequences computes on the way back.
  private enum Part {
    case scores
    case queries
    case keys
    case values
    case weights
  }

  override var name: StaticString { "attention" }

  func callAsFunction(
    _ q: Node<Scalar>, _ k: Node<Scalar>, _ v: Node<Scalar>, _ w: Node<Scalar>?,
    _ scale: Scalar, _ lengths: [Int]?, on graph: Graph<Scalar>
  ) -> AttentionNodes<Scalar> {
    let (sq, sk, sv) = (q.shape, k.shape, v.shape)
    require(
      sq.batch == sk.batch && sk.batch == sv.batch && sk.steps == sv.steps
        && sq.features == sk.features && sq.features > 0,
      """
      attention: queries \(sq), keys \(sk), values \(sv); expected [T₁, N, A], [T₂, N, A], [T₂, N, F]
      """)
    checkLengths(lengths, sk, name)
    (self.lengths, self.scale, isAdditive) = (lengths, scale, w != nil)
    take(q, isRead: true, on: graph)
    take(k, isRead: true, on: graph)
    take(v, isRead: true, on: graph)
    if let w {
      require(
        w.shape == NodeShape(steps: 1, batch: 1, features: sq.features),
        "attention: weights \(w.shape), expected [1, 1, \(sq.features)]")
      take(w, isRead: true, on: graph)
    }
    // The weights first: they are what the way back reads.
    let weights = give(
      NodeShape(steps: sq.steps, batch: sq.batch, features: sk.steps), isRead: true, on: graph)
    let context = give(
      NodeShape(steps: sq.steps, batch: sq.batch, features: sv.features), on: graph)
    graph.withScratch(isAdditive ? sq.batch * sq.features : 0) { sums in
      self.sums = sums
      graph.divideForward(
        self, rows: sq.batch, work: sq.rows * sk.steps * (isAdditive ? 8 : 1) * sq.features)
    }
    sums = nil
    graph.finish(self)
    return AttentionNodes(context: context, weights: weights)
  }

  /// The lengths of the axes: queries, sequences, steps, features of scores and of values.
  private func sizes(_ graph: Graph<Scalar>) -> (Q: Int, N: Int, T: Int, A: Int, F: Int) {
    let (q, v) = (graph.shape(inputs[0]), graph.shape(inputs[2]))
    return (q.steps, q.batch, v.steps, q.features, v.features)
  }

  override func forward(_ sequences: Range<Int>, _ graph: Graph<Scalar>) {
    let (Q, N, T, A, F) = sizes(graph)
    let (q, k, v) = (graph.values(inputs[0]), graph.values(inputs[1]), graph.values(inputs[2]))
    let (alpha, context) = (graph.output(outputs[0]), graph.output(outputs[1]))
    for n in sequences {
      let length = lengths?[n] ?? T
      for s in 0..<Q {
        clearElements(alpha + (s * N + n) * T + length, count: T - length)
        clearElements(context + (s * N + n) * F, count: F)
      }
      if length == 0 || Q == 0 { continue }
      if isAdditive, let sums {
        let w = graph.values(inputs[3])
        for s in 0..<Q {
          additiveScores(
            q + (s * N + n) * A, k + n * A, row: N * A, w, into: alpha + (s * N + n) * T,
            using: sums + n * A, steps: length, count: A)
        }
      } else {
        Scalar.gemm(
          .none, .transpose, m: Q, n: length, k: A, alpha: scale, a: q + n * A, lda: N * A,
          b: k + n * A, ldb: N * A, beta: 0, c: alpha + n * T, ldc: N * T)
      }
      for s in 0..<Q {
        let row = alpha + (s * N + n) * T
        Scalar.apply(.softmax, row, into: row, rows: 1, columns: length)
      }
      if F > 0 {
        Scalar.gemm(
          .none, .none, m: Q, n: F, k: length, alpha: 1, a: alpha + n * T, lda: N * T,
          b: v + n * F, ldb: N * F, beta: 0, c: context + n * F, ldc: N * F)
      }
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    let (Q, N, T, A, _) = sizes(graph)
    let work = Q * N * T * A
    func pass(_ part: Part, _ target: UnsafeMutablePointer<Scalar>) {
      (self.part, self.target) = (part, target)
      graph.divideBackward(self, rows: N, work: work)
    }
    graph.contributeInPlace(to: inputs[2]) { pass(.values, $0) }
    graph.withScratch(Q * N * T + (isAdditive ? N * A : 0)) { dScores in
      (self.dScores, sums) = (dScores, dScores + Q * N * T)
      pass(.scores, dScores)
      graph.contributeInPlace(to: inputs[0]) { pass(.queries, $0) }
      graph.contributeInPlace(to: inputs[1]) { pass(.keys, $0) }
      if isAdditive {
        graph.withScratch(N * A) { parts in
          pass(.weights, parts)
          // In the order of the sequences, whichever thread had them.
          graph.contributeInPlace(to: inputs[3]) { dw in
            for n in 0..<N { addElements(parts + n * A, to: dw, count: A) }
          }
        }
      }
    }
    (dScores, sums) = (nil, nil)
  }

  override func backward(_ sequences: Range<Int>, _ graph: Graph<Scalar>) {
    guard let target else { return }
    let (Q, N, T, A, F) = sizes(graph)
    for n in sequences {
      let length = lengths?[n] ?? T
      switch part {
      case .values:
        guard let dContext = graph.gradient(outputs[1]), length > 0, Q > 0, F > 0 else { continue }
        Scalar.gemm(
          .transpose, .none, m: length, n: F, k: Q, alpha: 1,
          a: graph.values(outputs[0]) + n * T, lda: N * T, b: dContext + n * F, ldb: N * F, beta: 1,
          c: target + n * F, ldc: N * F)
      case .scores: writeScores(n, length, target, graph)
      case .queries:
        guard let d = dScores, length > 0, Q > 0 else { continue }
        if isAdditive, let sums {
          for s in 0..<Q {
            addAdditiveGradients(
              d + (s * N + n) * T, graph.values(inputs[0]) + (s * N + n) * A,
              graph.values(inputs[1]) + n * A, row: N * A, graph.values(inputs[3]),
              dq: target + (s * N + n) * A, dk: nil, dw: nil, using: sums + n * A, steps: length,
              count: A)
          }
        } else {
          Scalar.gemm(
            .none, .none, m: Q, n: A, k: length, alpha: scale, a: d + n * T, lda: N * T,
            b: graph.values(inputs[1]) + n * A, ldb: N * A, beta: 1, c: target + n * A, ldc: N * A)
        }
      case .keys:
        guard let d = dScores, length > 0, Q > 0 else { continue }
        if isAdditive, let sums {
          for s in 0..<Q {
            addAdditiveGradients(
              d + (s * N + n) * T, graph.values(inputs[0]) + (s * N + n) * A,
              graph.values(inputs[1]) + n * A, row: N * A, graph.values(inputs[3]),
              dq: nil, dk: target + n * A, dw: nil, using: sums + n * A, steps: length, count: A)
          }
        } else {
          Scalar.gemm(
            .transpose, .none, m: length, n: A, k: Q, alpha: scale, a: d + n * T, lda: N * T,
            b: graph.values(inputs[0]) + n * A, ldb: N * A, beta: 1, c: target + n * A, ldc: N * A)
        }
      case .weights:
        clearElements(target + n * A, count: A)
        guard let d = dScores, let sums, length > 0 else { continue }
        for s in 0..<Q {
          addAdditiveGradients(
            d + (s * N + n) * T, graph.values(inputs[0]) + (s * N + n) * A,
            graph.values(inputs[1]) + n * A, row: N * A, graph.values(inputs[3]),
            dq: nil, dk: nil, dw: target + n * A, using: sums + n * A, steps: length, count: A)
        }
      }
    }
  }

  /// `de = α∘(dα − Σ α∘dα)`, with `dα[s, t] = dcontext[s]·v[t]` and what the weights' own users add.
  private func writeScores(
    _ n: Int, _ length: Int, _ target: UnsafeMutablePointer<Scalar>, _ graph: Graph<Scalar>
  ) {
    let (Q, N, T, _, F) = sizes(graph)
    if length == 0 || Q == 0 { return }
    let alpha = graph.values(outputs[0])
    if let dContext = graph.gradient(outputs[1]), F > 0 {
      Scalar.gemm(
        .none, .transpose, m: Q, n: length, k: F, alpha: 1, a: dContext + n * F, lda: N * F,
        b: graph.values(inputs[2]) + n * F, ldb: N * F, beta: 0, c: target + n * T, ldc: N * T)
    } else {
      for s in 0..<Q { clearElements(target + (s * N + n) * T, count: length) }
    }
    for s in 0..<Q {
      let (row, place) = (target + (s * N + n) * T, (s * N + n) * T)
      if let dAlpha = graph.gradient(outputs[0]) {
        addElements(dAlpha + place, to: row, count: length)
      }
      Scalar.applyDerivative(
        .softmax, output: alpha + place, row, into: row, rows: 1, columns: length)
    }
  }

  override func letGo(_ graph: Graph<Scalar>) { lengths = nil }
}

/// `e[t] = Σᵢ wᵢ·tanh(qᵢ + k[t]ᵢ)` for the steps of one sequence, whose keys are `row` scalars apart.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func additiveScores<Scalar: RecurrentScalar>(
  _ q: UnsafePointer<Scalar>, _ k: UnsafePointer<Scalar>, row: Int, _ w: UnsafePointer<Scalar>,
  into e: UnsafeMutablePointer<Scalar>, using u: UnsafeMutablePointer<Scalar>, steps: Int,
  count: Int
) {
  for t in 0..<steps {
    for i in 0..<count { u[i] = q[i] + k[t * row + i] }
    Scalar.apply(.tanh, u, into: u, count: count)
    var sum: Scalar = 0
    for i in 0..<count { sum += w[i] * u[i] }
    e[t] = sum
  }
}

/// What the gradients `de` of the scores of one query give for the query, the keys or the weights; the values
/// of the hyperbolic tangent are computed again.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func addAdditiveGradients<Scalar: RecurrentScalar>(
  _ de: UnsafePointer<Scalar>, _ q: UnsafePointer<Scalar>, _ k: UnsafePointer<Scalar>, row: Int,
  _ w: UnsafePointer<Scalar>, dq: UnsafeMutablePointer<Scalar>?,
  dk: UnsafeMutablePointer<Scalar>?, dw: UnsafeMutablePointer<Scalar>?,
  using u: UnsafeMutablePointer<Scalar>, steps: Int, count: Int
) {
  for t in 0..<steps {
    for i in 0..<count { u[i] = q[i] + k[t * row + i] }
    Scalar.apply(.tanh, u, into: u, count: count)
    if let dw { for i in 0..<count { dw[i] += de[t] * u[i] } }
    if let dq { for i in 0..<count { dq[i] += de[t] * w[i] * (1 - u[i] * u[i]) } }
    if let dk { for i in 0..<count { dk[t * row + i] += de[t] * w[i] * (1 - u[i] * u[i]) } }
  }
}
