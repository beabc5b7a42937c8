import CKernels
import LinAlg
import TestNumbers

/// Products with packed weights of fewer bytes, of one instruction set, on operands that end, or begin, at a
/// guard page, and the products of the same numbers as floats.
final class NarrowProducts {
  struct Product {
    var N, M, K: Int
    var accumulate = false
    var reverse = false
    var fetch = false
    var edge = GuardedFloats.Edge.end
    /// Unused floats between the rows of A and of C.
    var gap = 0
  }

  let kernels: ck_pack_format
  let kind: ck_narrow
  let format: ck_narrow_format
  private let isFused: Bool
  private let a, packed, c: GuardedFloats
  private var rng: SeededGenerator

  init?(_ set: TestedSet, _ kind: ck_narrow, isFused: Bool, capacity: Int, seed: UInt64) {
    guard let kernels = set.f32.pack?.pointee, let a = GuardedFloats(capacity: capacity),
      let packed = GuardedFloats(capacity: 2 * capacity), let c = GuardedFloats(capacity: capacity)
    else { return nil }
    (self.kernels, self.kind, self.isFused) = (kernels, kind, isFused)
    format = kernels.narrow[Int(kind.rawValue)]
    (self.a, self.packed, self.c) = (a, packed, c)
    rng = SeededGenerator(seed: seed)
  }

  var panel: Int { Int(kernels.panel) }

  func wholePanels(_ M: Int) -> Int { (M + panel - 1) / panel * panel }

  private func draw(_ count: Int) -> [Float] { drawn(count, within: 1, using: &rng) }

  /// How many elements of C are not the bits of the product with the numbers that the elements stand for.
  func differences(_ p: Product) -> Int {
    let (lda, ldc) = (p.K + p.gap, p.M + p.gap)
    let b = draw(p.K * p.M)
    // The same numbers as floats, or the whole numbers without their scales.
    let (scales, widened): ([Float], [Float]) =
      switch kind {
      case CK_NARROW_F16: ([], RoundedWeights.float16(b))
      case CK_NARROW_BF16: ([], RoundedWeights.bfloat16(b))
      default: RoundedWeights.int8(columnsOf: b, count: p.M)
      }
    let (A, C) = (draw(max(p.N * lda - p.gap, 0)), draw(max(p.N * ldc - p.gap, 0)))
    var floats = [Float](repeating: 0, count: p.K * wholePanels(p.M))
    kernels.pack(p.K, p.M, widened, p.K, widened, p.M, &floats)
    var expected = C
    let accumulate: Int32 = p.accumulate ? 1 : 0
    if kind == CK_NARROW_I8 {
      var sums = C
      kernels.packed_product(p.N, p.M, p.K, A, lda, floats, &sums, ldc, 0, 0, 0)
      expected = RoundedWeights.scaled(
        sums, by: scales,
        addedTo: p.accumulate ? C : [Float](repeating: 0, count: C.count), stride: ldc,
        isFused: isFused)
    } else {
      kernels.packed_product(p.N, p.M, p.K, A, lda, floats, &expected, ldc, accumulate, 0, 0)
    }

    kernels.pack(p.K, p.M, b, p.K, b, p.M, &floats)
    let rows = p.K + Int(format.scale_rows)
    let bytes = rows * wholePanels(p.M) * Int(format.element_size)
    let P = packed.floats((bytes + 3) / 4, at: p.edge)
    format.narrow(p.K, p.M, floats, P)
    let (guardedA, guardedC) = (a.floats(A.count, at: p.edge), c.floats(C.count, at: p.edge))
    guardedA.update(from: A, count: A.count)
    guardedC.update(from: C, count: C.count)
    format.narrow_product(
      p.N, p.M, p.K, guardedA, lda, P, guardedC, ldc, accumulate, p.reverse ? 1 : 0,
      p.fetch ? 1 : 0)
    return countDifferences(
      Array(UnsafeBufferPointer(start: guardedC, count: C.count)), expected)
  }
}
