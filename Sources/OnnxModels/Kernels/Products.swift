import LinAlg
import Recurrent

/// Sizes of a product of stacks of matrices: `[…, m, k]` times `[…, k, n]`, the stacks stretched to each
/// other's shape; an operand of one axis is a row on the left and a column on the right.
struct ProductShape {
  let m: Int
  let k: Int
  let n: Int
  /// The shape of the stack of results.
  let stack: [Int]
  /// The shape of the result.
  let result: [Int]
  /// The rows of all results.
  private let rows: Int
  /// Where the matrices of each product stand in their stacks; nil where the right operand is one matrix for
  /// all, and all rows are those of one product.
  private let loops: StridedLoops?

  init(_ a: [Int], _ b: [Int]) throws(OnnxError) {
    guard let lastA = a.last, let lastB = b.last else {
      throw OnnxError(.invalid, "the product of \(a) and \(b)")
    }
    let rowsB = b.count == 1 ? lastB : b[b.count - 2]
    guard lastA == rowsB else { throw OnnxError(.invalid, "the product of \(a) and \(b)") }
    (m, k, n) = (a.count == 1 ? 1 : a[a.count - 2], lastA, b.count == 1 ? 1 : lastB)
    let (stackA, stackB) = (Array(a.dropLast(2)), Array(b.dropLast(2)))
    stack = try broadcastShape(stackA, stackB)
    result = stack + (a.count == 1 ? [] : [m]) + (b.count == 1 ? [] : [n])
    // What the integers of BLAS hold.
    for size in [m, k, n] where size > Int(Int32.max) {
      throw OnnxError(.limit, "the product of \(a) and \(b) has an axis above 2^31")
    }
    try checkPossible(result)
    rows = stack.reduce(m, *)
    let isOne = stackB.allSatisfy { $0 == 1 } && stackA == stack && rows <= Int(Int32.max)
    loops =
      isOne
      ? nil
      : StridedLoops(
        stack, [broadcastStrides(stackA, to: stack), broadcastStrides(stackB, to: stack)])
  }

  /// Calls `body` for each product with the numbers of the matrices in their stacks; once with all rows
  /// where the right operand is one matrix for all.
  @inline(__always)
  func forEachProduct(_ body: (_ result: Int, _ a: Int, _ b: Int, _ m: Int) -> Void) {
    guard let loops else { return body(0, 0, 0, rows) }
    let (n, s, t) = (loops.innerSize, loops.innerStride(0), loops.innerStride(1))
    loops.forEachRun { at, a, b, _ in
      for i in 0..<n { body(at + i, a + i * s, b + i * t, m) }
    }
  }
}

/// The product of floating-point matrices, by OpenBLAS.
func product<S: OnnxFloat>(
  _: S.Type, _ a: OnnxTensor, _ b: OnnxTensor, _ context: RunContext
) throws(OnnxError) -> OnnxTensor {
  let shape = try context.planned(a, b) { () throws(OnnxError) in
    try ProductShape(a.shape, b.shape)
  }
  let result = try context.make(S.onnxType, shape.result)
  guard result.count > 0 else { return result }
  let (k, n) = (shape.k, shape.n)
  let (p, q) = (a.pointer(as: S.self), b.pointer(as: S.self))
  let c = result.mutable(as: S.self)
  // OpenBLAS may multiply what stands in the result of a product with a vector, even by 0.
  if k == 0 || n == 1 || shape.m == 1 { c.update(repeating: 0, count: result.count) }
  if k == 0 { return result }
  shape.forEachProduct { at, i, j, m in
    let (a, b, c) = (p + i * shape.m * k, q + j * k * n, c + at * shape.m * n)
    if n == 1 {
      S.gemv(.none, m: m, n: k, alpha: 1, a: a, lda: k, x: b, incx: 1, beta: 0, y: c, incy: 1)
    } else if m == 1 {
      S.gemv(.transpose, m: k, n: n, alpha: 1, a: b, lda: n, x: a, incx: 1, beta: 0, y: c, incy: 1)
    } else {
      S.gemm(
        .none, .none, m: m, n: n, k: k, alpha: 1, a: a, lda: k, b: b, ldb: n, beta: 0, c: c,
        ldc: n)
    }
  }
  withExtendedLifetime((a, b)) {}
  return result
}

/// The product of matrices of whole numbers.
func integerProduct<T: OnnxInteger>(
  _: T.Type, _ a: OnnxTensor, _ b: OnnxTensor, _ context: RunContext
) throws(OnnxError) -> OnnxTensor {
  let shape = try context.planned(a, b) { () throws(OnnxError) in
    try ProductShape(a.shape, b.shape)
  }
  let result = try context.make(T.onnxType, shape.result)
  guard result.count > 0 else { return result }
  let (k, n) = (shape.k, shape.n)
  let (p, q) = (a.pointer(as: T.self), b.pointer(as: T.self))
  let c = result.mutable(as: T.self)
  c.update(repeating: 0, count: result.count)
  shape.forEachProduct { at, i, j, m in
    let (p, q, c) = (p + i * shape.m * k, q + j * k * n, c + at * shape.m * n)
    for row in 0..<m {
      for l in 0..<k {
        let factor = p[row * k + l]
        for column in 0..<n { c[row * n + column] &+= factor &* q[l * n + column] }
      }
    }
  }
  withExtendedLifetime((a, b)) {}
  return result
}

/// `x·W + b` with weights that are the same in every run, packed once.
struct PackedProduct<S: OnnxFloat>: Sendable {
  let inputSize: Int
  let outputSize: Int
  private let map: AffineMap<S>
  private let block: ParameterBlock<S>

  /// - Parameters:
  ///   - weights: `[D, K]`, or `[K, D]` where `isTransposed`.
  ///   - bias: `[K]`; nil for none.
  init(_ weights: OnnxTensor, isTransposed: Bool, bias: OnnxTensor?) {
    let (rows, columns) = (weights.shape[0], weights.shape[1])
    let (D, K) = isTransposed ? (columns, rows) : (rows, columns)
    (inputSize, outputSize) = (D, K)
    var block = ParameterBlock<S>([
      ParameterSpec("W", rows: K, columns: D), ParameterSpec("b", rows: 1, columns: K),
    ])
    block.withUnsafeMutableBufferPointer { numbers in
      let (from, to) = (weights.pointer(as: S.self), numbers.start)
      if isTransposed {
        to.update(from: from, count: K * D)
      } else {
        for k in 0..<K {
          for d in 0..<D { to[k * D + d] = from[d * K + k] }
        }
      }
      if let bias { (to + K * D).update(from: bias.pointer(as: S.self), count: K) }
    }
    withExtendedLifetime((weights, bias)) {}
    self.block = block
    map = AffineMap(inputSize: D, outputSize: K, weights: 0, bias: bias == nil ? nil : K * D)
  }

  /// The product with `[…, D]`.
  func callAsFunction(_ x: OnnxTensor, _ context: RunContext) throws(OnnxError) -> OnnxTensor {
    guard x.shape.last == inputSize else {
      throw OnnxError(.invalid, "the product of \(x.shape) and [\(inputSize), \(outputSize)]")
    }
    let (shape, rows) = try context.planned(x) { () throws(OnnxError) in
      (Array(x.shape.dropLast()) + [outputSize], x.shape.dropLast().reduce(1, *))
    }
    let result = try context.make(S.onnxType, shape)
    guard rows > 0 else { return result }
    guard rows <= Int(Int32.max) else { throw OnnxError(.limit, "a product of \(rows) rows") }
    map.apply(
      block, rows: rows, x: x.pointer(as: S.self), into: result.mutable(as: S.self),
      threads: context.threads)
    withExtendedLifetime(x) {}
    return result
  }

  /// Whether weights of that shape are packed: not narrow ones, since a pack is as wide as a whole panel.
  static func takes(_ shape: [Int]) -> Bool {
    shape.count == 2 && shape.allSatisfy { $0 >= 16 && $0 <= Int(Int32.max) }
  }
}
