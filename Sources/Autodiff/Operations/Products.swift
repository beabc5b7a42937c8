import LinAlg
import Recurrent

// Matrix products of nodes; those with the weights of a layer are the layer's.
extension Node {
  /// `x·M` for every row: `x [T, N, K]`, `M [1, K, L]`, the result `[T, N, L]`.
  ///
  /// - Precondition: `M` has one step and as many rows as `x` has features.
  public func product(_ matrix: Node) -> Node { multiplied(matrix, isTransposed: false) }

  /// `x·Mᵀ` for every row: `x [T, N, K]`, `M [1, L, K]`, the result `[T, N, L]`.
  ///
  /// - Precondition: `M` has one step and as many features as `x`.
  public func product(transposed matrix: Node) -> Node { multiplied(matrix, isTransposed: true) }

  private func multiplied(_ matrix: Node, isTransposed: Bool) -> Node {
    let graph = graph
    let operation = graph.next(ProductOperation<Scalar>.self) { ProductOperation() }
    return operation(self, matrix, isTransposed, on: graph)
  }
}

private final class ProductOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  /// The rows of one call of OpenBLAS, so that its bits do not depend on the number of threads.
  private static var rowsPerCall: Int { 64 }

  private var isTransposed = false
  private var target: UnsafeMutablePointer<Scalar>?
  private var isOfMatrix = false

  override var name: StaticString { "product" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .product(isTransposed: isTransposed)
  }

  func callAsFunction(
    _ x: Node<Scalar>, _ m: Node<Scalar>, _ isTransposed: Bool, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    self.isTransposed = isTransposed
    let (sx, sm) = (x.shape, m.shape)
    require(
      sm.steps == 1 && sx.features == (isTransposed ? sm.features : sm.batch),
      """
      product: x has shape \(sx) and the matrix \(sm), expected \
      \(isTransposed ? "[1, L, \(sx.features)]" : "[1, \(sx.features), L]")
      """)
    take(x, isRead: true, on: graph)
    take(m, isRead: true, on: graph)
    let y = give(
      NodeShape(
        steps: sx.steps, batch: sx.batch, features: isTransposed ? sm.batch : sm.features),
      on: graph)
    graph.divideForward(self, rows: calls(sx.rows), work: sx.count * y.shape.features)
    graph.finish(self)
    return y
  }

  private func calls(_ rows: Int) -> Int { (rows + Self.rowsPerCall - 1) / Self.rowsPerCall }

  override func forward(_ calls: Range<Int>, _ graph: Graph<Scalar>) {
    let (sx, sy) = (graph.shape(inputs[0]), graph.shape(outputs[0]))
    let (K, L) = (sx.features, sy.features)
    let (x, m) = (graph.values(inputs[0]), graph.values(inputs[1]))
    let y = graph.output(outputs[0])
    for call in calls {
      let first = call * Self.rowsPerCall
      let rows = min(Self.rowsPerCall, sx.rows - first)
      multiply(
        .none, isTransposed ? .transpose : .none, m: rows, n: L, k: K, a: x + first * K, lda: K,
        b: m, ldb: isTransposed ? K : L, c: y + first * L)
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    let (sx, sm) = (graph.shape(inputs[0]), graph.shape(inputs[1]))
    let L = graph.shape(outputs[0]).features
    graph.contribute(to: inputs[0]) { target in
      (self.target, isOfMatrix) = (target, false)
      graph.divideBackward(self, rows: calls(sx.rows), work: sx.count * L)
    }
    graph.contribute(to: inputs[1]) { target in
      (self.target, isOfMatrix) = (target, true)
      graph.divideBackward(self, rows: calls(sm.batch), work: sx.count * L)
    }
  }

  override func backward(_ calls: Range<Int>, _ graph: Graph<Scalar>) {
    guard let target, let dy = graph.gradient(outputs[0]) else { return }
    let (sx, sm) = (graph.shape(inputs[0]), graph.shape(inputs[1]))
    let (K, L) = (sx.features, graph.shape(outputs[0]).features)
    let (x, m) = (graph.values(inputs[0]), graph.values(inputs[1]))
    for call in calls {
      let first = call * Self.rowsPerCall
      if !isOfMatrix {
        // dx = dy·Mᵀ
        multiply(
          .none, isTransposed ? .none : .transpose, m: min(Self.rowsPerCall, sx.rows - first), n: K,
          k: L, a: dy + first * L, lda: L, b: m, ldb: isTransposed ? K : L, c: target + first * K)
      } else if isTransposed {
        // dM [L, K] = dyᵀ·x
        multiply(
          .transpose, .none, m: min(Self.rowsPerCall, sm.batch - first), n: K, k: sx.rows,
          a: dy + first, lda: L, b: x, ldb: K, c: target + first * K)
      } else {
        // dM [K, L] = xᵀ·dy
        multiply(
          .transpose, .none, m: min(Self.rowsPerCall, sm.batch - first), n: L, k: sx.rows,
          a: x + first, lda: K, b: dy, ldb: L, c: target + first * L)
      }
    }
  }

  /// `C = op(A)·op(B)`, zeros for an empty sum.
  private func multiply(
    _ transA: Transpose, _ transB: Transpose, m: Int, n: Int, k: Int, a: UnsafePointer<Scalar>,
    lda: Int, b: UnsafePointer<Scalar>, ldb: Int, c: UnsafeMutablePointer<Scalar>
  ) {
    if m == 0 || n == 0 { return }
    if k == 0 { return clearElements(c, count: m * n) }
    Scalar.gemm(
      transA, transB, m: m, n: n, k: k, alpha: 1, a: a, lda: lda, b: b, ldb: ldb, beta: 0, c: c,
      ldc: n)
  }
}
