import LinAlg
import Recurrent

// Matrix products of each sequence with its own matrix, whose rows are the steps.
extension Node {
  /// Weighted sums of the steps of each sequence, `[T₁, N, F]`: `y[s] = Σₜ w[s, t]·v[t]` for weights, this
  /// node, `[T₁, N, T₂]` and values `[T₂, N, F]`.
  ///
  /// - Precondition: as many sequences, and as many weights as there are steps.
  public func weightedSums(of values: Node) -> Node { multiplied(values, isTransposed: false) }

  /// The inner products of each step with each step of another value, `[T₁, N, T₂]`: `e[s, t] = q[s]·k[t]`
  /// for this node `[T₁, N, A]` and keys `[T₂, N, A]`.
  ///
  /// - Precondition: as many sequences and features.
  public func innerProducts(with keys: Node) -> Node { multiplied(keys, isTransposed: true) }

  private func multiplied(_ other: Node, isTransposed: Bool) -> Node {
    let graph = graph
    let operation = graph.next(SequenceProductOperation<Scalar>.self) {
      SequenceProductOperation()
    }
    return operation(self, other, isTransposed, on: graph)
  }
}

/// `Y = A·B` or `A·Bᵀ` for the steps of each sequence; sequences are divided among threads.
private final class SequenceProductOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var isTransposed = false
  private var target: UnsafeMutablePointer<Scalar>?
  /// Whether the second operand's gradient is being computed.
  private var isSecond = false

  override var name: StaticString { isTransposed ? "inner products" : "weighted sums" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .sequenceProduct(isTransposed: isTransposed)
  }

  func callAsFunction(
    _ a: Node<Scalar>, _ b: Node<Scalar>, _ isTransposed: Bool, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    self.isTransposed = isTransposed
    let (sa, sb) = (a.shape, b.shape)
    require(
      sa.batch == sb.batch && sa.features == (isTransposed ? sb.features : sb.steps),
      """
      \(name): shapes \(sa) and \(sb), expected \
      \(isTransposed ? "[T₁, N, A] and [T₂, N, A]" : "[T₁, N, T₂] and [T₂, N, F]")
      """)
    take(a, isRead: true, on: graph)
    take(b, isRead: true, on: graph)
    let y = give(
      NodeShape(
        steps: sa.steps, batch: sa.batch, features: isTransposed ? sb.steps : sb.features),
      on: graph)
    graph.divideForward(self, rows: sa.batch, work: sa.count * y.shape.features)
    graph.finish(self)
    return y
  }

  override func forward(_ sequences: Range<Int>, _ graph: Graph<Scalar>) {
    let (sa, sy) = (graph.shape(inputs[0]), graph.shape(outputs[0]))
    for n in sequences {
      multiply(
        .none, isTransposed ? .transpose : .none, m: sa.steps, n: sy.features, k: sa.features,
        row(graph.values(inputs[0]), n, sa), sa, row(graph.values(inputs[1]), n, bShape(graph)),
        bShape(graph), into: graph.output(outputs[0]) + n * sy.features, sy)
    }
  }

  private func bShape(_ graph: Graph<Scalar>) -> NodeShape { graph.shape(inputs[1]) }

  override func backward(_ graph: Graph<Scalar>) {
    let (sa, sy) = (graph.shape(inputs[0]), graph.shape(outputs[0]))
    for operand in 0..<2 {
      graph.contribute(to: inputs[operand]) { target in
        (self.target, isSecond) = (target, operand == 1)
        graph.divideBackward(self, rows: sa.batch, work: sa.count * sy.features)
      }
    }
  }

  override func backward(_ sequences: Range<Int>, _ graph: Graph<Scalar>) {
    guard let target, let dy = graph.gradient(outputs[0]) else { return }
    let (sa, sb, sy) = (graph.shape(inputs[0]), bShape(graph), graph.shape(outputs[0]))
    for n in sequences {
      let (a, b) = (row(graph.values(inputs[0]), n, sa), row(graph.values(inputs[1]), n, sb))
      let d = row(dy, n, sy)
      if !isSecond {
        // dA = dY·Bᵀ, or dY·B
        multiply(
          .none, isTransposed ? .none : .transpose, m: sa.steps, n: sa.features, k: sy.features, d,
          sy, b, sb, into: target + n * sa.features, sa)
      } else if isTransposed {
        // dB = dYᵀ·A
        multiply(
          .transpose, .none, m: sb.steps, n: sb.features, k: sa.steps, d, sy, a, sa,
          into: target + n * sb.features, sb)
      } else {
        // dB = Aᵀ·dY
        multiply(
          .transpose, .none, m: sb.steps, n: sb.features, k: sa.steps, a, sa, d, sy,
          into: target + n * sb.features, sb)
      }
    }
  }

  /// The first step of sequence `n`.
  private func row(
    _ x: UnsafePointer<Scalar>, _ n: Int, _ shape: NodeShape
  ) -> UnsafePointer<Scalar> {
    x + n * shape.features
  }

  /// `C = op(A)·op(B)` where the rows of each matrix are a sequence's steps; zeros for an empty sum.
  private func multiply(
    _ transA: Transpose, _ transB: Transpose, m: Int, n: Int, k: Int, _ a: UnsafePointer<Scalar>,
    _ sa: NodeShape, _ b: UnsafePointer<Scalar>, _ sb: NodeShape,
    into c: UnsafeMutablePointer<Scalar>, _ sc: NodeShape
  ) {
    let ldc = sc.batch * sc.features
    if m == 0 || n == 0 { return }
    if k == 0 {
      for i in 0..<m { clearElements(c + i * ldc, count: n) }
      return
    }
    Scalar.gemm(
      transA, transB, m: m, n: n, k: k, alpha: 1, a: a, lda: sa.batch * sa.features, b: b,
      ldb: sb.batch * sb.features, beta: 0, c: c, ldc: ldc)
  }
}
