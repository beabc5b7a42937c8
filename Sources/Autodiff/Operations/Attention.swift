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
    return operation(.products(scale: scale), self, keys, values, lengths, on: graph)
  }

  /// Attention by a small network: each query meets each valid step (Bahdanau et al. 2015).
  ///
  /// ```
  /// e[s, t] = w·tanh(q[s] + k[t] + wc·c[s, t])      α[s] = softmax e[s]      context[s] = Σₜ α[s, t]·v[t]
  /// ```
  ///
  /// - Parameters:
  ///   - keys: `[T₂, N, A]`, where the queries, this node, are `[T₁, N, A]`: both already multiplied by
  ///     their weights, the keys once for all queries.
  ///   - values: `[T₂, N, F]`.
  ///   - weights: `w`, `[1, 1, A]`.
  ///   - coverage: `c` and `wc`; nil for none.
  ///   - lengths: how many steps of each sequence of keys count; nil means all.
  public func attending(
    keys: Node, values: Node, additive weights: Node, coverage: AttentionCoverage<Scalar>? = nil,
    lengths: [Int]? = nil
  ) -> AttentionNodes<Scalar> {
    let graph = graph
    let operation = graph.next(AttentionOperation<Scalar>.self) { AttentionOperation() }
    return operation(.additive(weights, coverage), self, keys, values, lengths, on: graph)
  }
}

/// All queries of all sequences with all their steps; sequences are divided among threads.
private final class AttentionOperation<Scalar: RecurrentScalar>: ScoringOperation<Scalar> {
  private var target: UnsafeMutablePointer<Scalar>?
  private var part = Part.values

  /// What a pass over the sequences computes on the way back.
  private enum Part {
    case values
    case scores
    /// What the comparison itself does with the gradients of the scores.
    case compared
  }

  override var name: StaticString { "attention" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .attention(comparison)
  }

  func callAsFunction(
    _ comparison: Comparison<Scalar>, _ q: Node<Scalar>, _ k: Node<Scalar>, _ v: Node<Scalar>,
    _ lengths: [Int]?, on graph: Graph<Scalar>
  ) -> AttentionNodes<Scalar> {
    let (sq, sk, sv) = (q.shape, k.shape, v.shape)
    require(
      sk.batch == sv.batch && sk.steps == sv.steps,
      """
      attention: queries \(sq), keys \(sk), values \(sv); expected [T₁, N, A], [T₂, N, A], [T₂, N, F]
      """)
    take(comparison, q, k, lengths, on: graph)
    take(v, isRead: true, on: graph)
    // The weights first: they are what the way back reads.
    let weights = give(
      NodeShape(steps: sq.steps, batch: sq.batch, features: sk.steps), isRead: true, on: graph)
    let context = give(
      NodeShape(steps: sq.steps, batch: sq.batch, features: sv.features), on: graph)
    divideScores(graph)
    graph.finish(self)
    return AttentionNodes(context: context, weights: weights)
  }

  /// Where the values are among the inputs.
  private var values: Int { inputs[inputs.count - 1] }

  override func forward(_ sequences: Range<Int>, _ graph: Graph<Scalar>) {
    let size = size(graph)
    let (Q, N, T, F) = (size.Q, size.N, size.T, graph.shape(values).features)
    let (alpha, context) = (graph.output(outputs[0]), graph.output(outputs[1]))
    for n in sequences {
      let length = length(n, size)
      writeScores(n, into: alpha, sequences, graph)
      for s in 0..<Q {
        let row = alpha + (s * N + n) * T
        if length > 0 { Scalar.apply(.softmax, row, into: row, rows: 1, columns: length) }
        clearElements(row + length, count: T - length)
        clearElements(context + (s * N + n) * F, count: F)
      }
      if length > 0 && Q > 0 && F > 0 {
        Scalar.gemm(
          .none, .none, m: Q, n: F, k: length, alpha: 1, a: alpha + n * T, lda: N * T,
          b: graph.values(values) + n * F, ldb: N * F, beta: 0, c: context + n * F, ldc: N * F)
      }
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    let size = size(graph)
    func pass(_ part: Part, _ target: UnsafeMutablePointer<Scalar>) {
      (self.part, self.target) = (part, target)
      graph.divideBackward(self, rows: size.N, work: size.Q * size.N * size.T * size.A)
    }
    graph.contributeInPlace(to: values) { pass(.values, $0) }
    graph.withScratch(size.Q * size.N * size.T) { dScores in
      pass(.scores, dScores)
      part = .compared
      addScoreGradients(dScores, graph)
    }
    target = nil
  }

  override func backward(_ sequences: Range<Int>, _ graph: Graph<Scalar>) {
    if part == .compared { return super.backward(sequences, graph) }
    guard let target else { return }
    let size = size(graph)
    let (Q, N, T, F) = (size.Q, size.N, size.T, graph.shape(values).features)
    for n in sequences {
      let length = length(n, size)
      if length == 0 || Q == 0 { continue }
      switch part {
      case .values:
        guard let dContext = graph.gradient(outputs[1]), F > 0 else { continue }
        Scalar.gemm(
          .transpose, .none, m: length, n: F, k: Q, alpha: 1,
          a: graph.values(outputs[0]) + n * T, lda: N * T, b: dContext + n * F, ldb: N * F, beta: 1,
          c: target + n * F, ldc: N * F)
      case .scores: writeScoreGradients(n, length, size, into: target, graph)
      case .compared: break
      }
    }
  }

  /// `de = α∘(dα − Σ α∘dα)`, with `dα[s, t] = dcontext[s]·v[t]` and what the weights' own users add.
  private func writeScoreGradients(
    _ n: Int, _ length: Int, _ size: Size, into target: UnsafeMutablePointer<Scalar>,
    _ graph: Graph<Scalar>
  ) {
    let (Q, N, T, F) = (size.Q, size.N, size.T, graph.shape(values).features)
    let alpha = graph.values(outputs[0])
    if let dContext = graph.gradient(outputs[1]), F > 0 {
      Scalar.gemm(
        .none, .transpose, m: Q, n: length, k: F, alpha: 1, a: dContext + n * F, lda: N * F,
        b: graph.values(values) + n * F, ldb: N * F, beta: 0, c: target + n * T, ldc: N * T)
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
}
