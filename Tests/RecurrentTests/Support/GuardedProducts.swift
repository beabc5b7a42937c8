import CKernels
import CTestSupport
import LinAlg

/// Runs the product kernels of one instruction set on operands that end, or begin, at a guard page and
/// are not a float larger than documented, and compares with sums in double precision.
final class GuardedProducts {
  typealias Edge = GuardedFloats.Edge

  struct Product {
    var N, M, K: Int
    var transposed = false
    var accumulate = false
    var reverse = false
    var fetch = false
    var edge = Edge.end
    /// Unused floats between the rows of A and of C.
    var gap = 0
  }

  struct Gradient {
    var M, K, rows: Int
    var edge = Edge.end
    /// Unused floats between the rows of dgates, x and dW.
    var gap = 0
  }

  let kernels: ck_pack_format
  private let isFused: Bool
  private let pool: [Float]
  private let a, b, packed, c: GuardedFloats

  /// - Parameter capacity: of the largest operand, in floats; packed ones, which are padded to whole
  ///   panels of the kernels' width, may take twice as many.
  init?(_ set: TestedSet, capacity: Int, seed: UInt64) {
    guard let kernels = set.f32.pack,
      let a = GuardedFloats(capacity: capacity), let b = GuardedFloats(capacity: capacity),
      let packed = GuardedFloats(capacity: 2 * capacity), let c = GuardedFloats(capacity: capacity)
    else { return nil }
    self.kernels = kernels.pointee
    isFused = ct_is_fused(set.kernels) != 0
    (self.a, self.b, self.packed, self.c) = (a, b, packed, c)
    var rng = SeededGenerator(seed: seed)
    pool = (0..<capacity + 64).map { _ in Float.random(in: -1...1, using: &rng) }
  }

  private var panel: Int { Int(kernels.panel) }

  /// `count` floats of `memory` with values that depend on `salt`.
  private func fill(
    _ memory: GuardedFloats, _ count: Int, _ edge: Edge, salt: Int
  ) -> UnsafeMutablePointer<Float> {
    let floats = memory.floats(count, at: edge)
    pool.withUnsafeBufferPointer { pool in
      if let first = pool.baseAddress { floats.update(from: first + salt % 64, count: count) }
    }
    return floats
  }

  /// The floats from the first to the last of `rows` rows that are `stride` apart.
  private func span(_ rows: Int, _ columns: Int, _ stride: Int) -> Int {
    rows == 0 || columns == 0 ? 0 : (rows - 1) * stride + columns
  }

  /// The product's largest error in units of what its roundings allow.
  func error(_ p: Product) -> Double {
    let (lda, ldc) = (p.K + p.gap, p.M + p.gap)
    let A = fill(a, span(p.N, p.K, lda), p.edge, salt: p.N)
    let B = fill(b, p.K * p.M, p.edge, salt: p.M + 7)
    let P = packed.floats(p.K * ((p.M + panel - 1) / panel) * panel, at: p.edge)
    if p.transposed {
      kernels.pack_transposed(p.K, p.M, B, p.M, B, p.K, P)
    } else {
      kernels.pack(p.K, p.M, B, p.K, B, p.M, P)
    }
    let count = span(p.N, p.M, ldc)
    let C = fill(c, count, p.edge, salt: p.K + 13)
    let start = Array(UnsafeBufferPointer(start: C, count: count))
    kernels.packed_product(
      p.N, p.M, p.K, A, lda, P, C, ldc, p.accumulate ? 1 : 0, p.reverse ? 1 : 0,
      p.fetch ? 1 : 0)
    let b =
      p.transposed
      ? ct_matrix(at: B, row: 1, column: p.K) : ct_matrix(at: B, row: p.M, column: 1)
    return error(
      p.N, p.M, p.K, ct_matrix(at: A, row: lda, column: 1), b, start, p.accumulate, C, ldc)
  }

  /// The gradient's largest error in units of what its roundings allow.
  func error(_ g: Gradient) -> Double {
    let (ldg, ldx, lddw) = (g.M + g.gap, g.K + 2 * g.gap, g.K + g.gap)
    let dGates = fill(a, span(g.rows, g.M, ldg), g.edge, salt: g.M)
    let x = fill(b, span(g.rows, g.K, ldx), g.edge, salt: g.K + 7)
    var size = 0
    kernels.weight_gradient_scratch(g.M, g.K, g.rows, &size)
    let scratch = packed.floats(size, at: g.edge)
    let count = span(g.M, g.K, lddw)
    let dW = fill(c, count, g.edge, salt: g.rows + 13)
    let start = Array(UnsafeBufferPointer(start: dW, count: count))
    kernels.weight_gradient(
      g.M, g.K, g.rows, dGates, ldg, x, ldx, dW, g.M, dW, lddw, scratch)
    return error(
      g.M, g.K, g.rows, ct_matrix(at: dGates, row: 1, column: ldg),
      ct_matrix(at: x, row: ldx, column: 1), start, true, dW, lddw)
  }

  /// The error in units of what the roundings allow; infinite where an element is not the bits of one
  /// chain in order.
  private func error(
    _ N: Int, _ M: Int, _ K: Int, _ a: ct_matrix, _ b: ct_matrix, _ start: [Float], _ add: Bool,
    _ c: UnsafePointer<Float>, _ ldc: Int
  ) -> Double {
    let differences = ct_product_differences(
      N, M, K, a, b, start, add ? 1 : 0, c, ldc, isFused ? 1 : 0)
    return differences > 0
      ? .infinity : ct_product_error(N, M, K, a, b, start, add ? 1 : 0, c, ldc)
  }
}
