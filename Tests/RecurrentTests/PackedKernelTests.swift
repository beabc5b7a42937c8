import CKernels
import LinAlg
import Testing

/// Products with packed weights, on every instruction set that this machine has, against sums in
/// double precision; guards around the result, and the buffers exactly as large as documented.
@Suite struct PackedKernelTests {
  struct Product {
    var N, M, K: Int
    var transposed: Bool
    var accumulate: Bool
  }

  /// The largest error in units of what K roundings allow; infinite if a guard has changed.
  func error(_ k: ck_kernels, _ p: Product, using rng: inout SeededGenerator) -> Double {
    let (lda, ldc, panel) = (p.K + 3, p.M + 5, 2 * Int(k.lanes))
    func draw(_ count: Int) -> [Float] {
      (0..<count).map { _ in .random(in: -1...1, using: &rng) }
    }
    let (a, b, start) = (draw(p.N * lda), draw(p.K * p.M), draw(p.N * ldc))
    // Exactly as large as documented: a write beyond would hit the allocator's own guards.
    let size = p.K * ((p.M + panel - 1) / panel) * panel
    let packed = AlignedStorage<Float>(repeating: .nan, count: size)
    if p.transposed {
      k.pack_transposed_f32(p.K, p.M, b, p.K, packed.pointer)
    } else {
      k.pack_f32(p.K, p.M, b, p.M, packed.pointer)
    }
    var c = start
    k.packed_product_f32(
      p.N, p.M, p.K, a, lda, packed.pointer, &c, ldc, p.accumulate ? 1 : 0)
    var worst = 0.0
    for n in 0..<p.N {
      for m in 0..<ldc {
        let i = n * ldc + m
        guard m < p.M else {
          if c[i] != start[i] { return .infinity }
          continue
        }
        var (sum, magnitude) = p.accumulate ? (Double(start[i]), abs(Double(start[i]))) : (0, 0)
        for j in 0..<p.K {
          let term = Double(a[n * lda + j]) * Double(b[p.transposed ? m * p.K + j : j * p.M + m])
          sum += term
          magnitude += abs(term)
        }
        // Each of the K + 1 sums rounds once, without FMA each product too.
        let bound = Double(2 * p.K + 2) * 0x1p-24 * magnitude
        let difference = abs(Double(c[i]) - sum)
        if !(difference <= bound) { worst = max(worst, difference / bound) }
      }
    }
    return worst
  }

  @Test(arguments: CellKernelTests.instructionSets.map(\.rawValue))
  func `every remainder of rows and columns`(isa: UInt32) throws {
    let k = try #require(ck_kernels_for(ck_isa(isa))).pointee
    var rng = SeededGenerator(seed: 41)
    for N in Array(1...14) + [95, 96, 97, 193] {
      for M in N < 20 ? Array(1...35) + [63, 64, 65, 191, 193] : [1, 33, 64, 97] {
        let K = Int.random(in: 1...9, using: &rng) * (M % 3 == 0 ? 1 : 5)
        let p = Product(N: N, M: M, K: K, transposed: M % 2 == 0, accumulate: N % 2 == 0)
        let worst = error(k, p, using: &rng)
        #expect(worst == 0, "\(String(cString: k.name)) \(p): \(worst) times the bound")
      }
    }
  }

  @Test(arguments: CellKernelTests.instructionSets.map(\.rawValue))
  func `every remainder of the depth, and several blocks of it`(isa: UInt32) throws {
    let k = try #require(ck_kernels_for(ck_isa(isa))).pointee
    var rng = SeededGenerator(seed: 42)
    for K in Array(0...35) + [255, 256, 257, 511, 513] {
      for transposed in [false, true] {
        for accumulate in [false, true] {
          let p = Product(N: 5, M: 37, K: K, transposed: transposed, accumulate: accumulate)
          let worst = error(k, p, using: &rng)
          #expect(worst == 0, "\(String(cString: k.name)) \(p): \(worst) times the bound")
        }
      }
    }
  }

  /// A row's result is the same bits wherever the row stands and however many there are.
  @Test(arguments: CellKernelTests.instructionSets.map(\.rawValue))
  func `rows do not depend on each other`(isa: UInt32) throws {
    let k = try #require(ck_kernels_for(ck_isa(isa))).pointee
    var rng = SeededGenerator(seed: 43)
    let (M, K, panel) = (83, 300, 2 * Int(k.lanes))
    let b = (0..<K * M).map { _ in Float.random(in: -1...1, using: &rng) }
    let row = (0..<K).map { _ in Float.random(in: -1...1, using: &rng) }
    let packed = AlignedStorage<Float>(repeating: 0, count: K * ((M + panel - 1) / panel) * panel)
    k.pack_f32(K, M, b, M, packed.pointer)
    var alone = [Float](repeating: 0, count: M)
    k.packed_product_f32(1, M, K, row, K, packed.pointer, &alone, M, 0)
    for N in 2...26 {
      for position in [0, N / 2, N - 1] {
        var a = (0..<N * K).map { _ in Float.random(in: -1...1, using: &rng) }
        a.replaceSubrange(position * K..<(position + 1) * K, with: row)
        var c = [Float](repeating: 0, count: N * M)
        k.packed_product_f32(N, M, K, a, K, packed.pointer, &c, M, 0)
        #expect(Array(c[position * M..<(position + 1) * M]) == alone, "row \(position) of \(N)")
      }
    }
  }
}
