import CKernels
import CTestSupport
import LinAlg
import TestNumbers
import Testing

/// Weights of fewer bytes, on every instruction set that this machine has: every number of every format,
/// and products against those with the same numbers as floats, bit for bit.
@Suite struct NarrowKernelTests {
  static let kinds = [CK_NARROW_F16, CK_NARROW_BF16, CK_NARROW_I8].map(\.rawValue)

  func products(_ set: TestedSet, _ kind: UInt32, seed: UInt64) throws -> NarrowProducts {
    try #require(
      NarrowProducts(
        set, ck_narrow(rawValue: kind), isFused: ct_is_fused(set.kernels) != 0, capacity: 1 << 16,
        seed: seed))
  }

  @Test(arguments: TestedSet.all, kinds)
  func `every remainder of rows and columns`(set: TestedSet, kind: UInt32) throws {
    let products = try products(set, kind, seed: 51)
    for N in Array(1...14) + [25, 64, 65] {
      for M in N < 15 ? Array(1...35) + [63, 64, 65, 97, 129, 191] : [1, 33, 97] {
        var p = NarrowProducts.Product(N: N, M: M, K: 1 + (M + 5 * N) % 23)
        p.accumulate = N % 2 == 0
        p.reverse = (M + N) % 2 == 0
        p.fetch = (M / 2 + N) % 2 == 0
        p.edge = (N + M / 2) % 3 == 0 ? .start : .end
        p.gap = M % 3
        #expect(products.differences(p) == 0, "\(set) \(kind) \(p)")
      }
    }
  }

  @Test(arguments: TestedSet.all, kinds)
  func `every remainder of the depth, and several blocks of it`(set: TestedSet, kind: UInt32) throws
  {
    let products = try products(set, kind, seed: 52)
    for K in Array(0...35) + [63, 64, 65, 129, 1023, 1024, 1025] {
      for N in [1, 2, 3, 5, 13, 25] {
        var p = NarrowProducts.Product(N: N, M: 37, K: K)
        p.accumulate = K % 2 == 0
        p.fetch = N % 2 == 1
        p.edge = (K + N) % 2 == 0 ? .start : .end
        #expect(products.differences(p) == 0, "\(set) \(kind) \(p)")
      }
    }
  }

  /// The numbers that one row of elements stands for, each added to −0, which leaves it as it is.
  func widened(_ set: TestedSet, _ kind: ck_narrow, _ elements: [UInt8], count: Int) throws
    -> [Float]
  {
    let format = try set.pack().narrow[Int(kind.rawValue)]
    var numbers = [Float](repeating: -0.0, count: count)
    format.narrow_product(1, count, 1, [Float(1)], 1, elements, &numbers, count, 1, 0, 0)
    return numbers
  }

  func bytes(_ elements: [UInt16]) -> [UInt8] {
    elements.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
  }

  @Test(arguments: TestedSet.all)
  func `all numbers of two bytes are widened exactly`(set: TestedSet) throws {
    let all = bytes((0...65535).map { UInt16($0) })
    for (kind, number) in [
      (CK_NARROW_F16, RoundedWeights.float16 as (UInt16) -> Float),
      (CK_NARROW_BF16, RoundedWeights.bfloat16),
    ] {
      let numbers = try widened(set, kind, all, count: 65536)
      let wrong = (0...65535).filter {
        let expected = number(UInt16($0))
        return expected.isNaN
          ? !numbers[$0].isNaN : numbers[$0].bitPattern != expected.bitPattern
      }
      #expect(wrong.isEmpty, "\(set) \(kind): \(wrong.prefix(5))")
    }
  }

  /// What a format makes of numbers, each in a row of its own where the format has scales.
  func rounded(_ set: TestedSet, _ kind: ck_narrow, _ numbers: [Float]) throws -> [Float] {
    let pack = try set.pack()
    let whole = (numbers.count + Int(pack.panel) - 1) / Int(pack.panel) * Int(pack.panel)
    let padded = numbers + [Float](repeating: 0, count: whole - numbers.count)
    var elements = [UInt8](repeating: 0, count: whole * 2)
    pack.narrow[Int(kind.rawValue)].narrow(1, numbers.count, padded, &elements)
    return try widened(set, kind, elements, count: numbers.count)
  }

  @Test(arguments: TestedSet.all)
  func `numbers are rounded to the nearest, and to the even one of two`(set: TestedSet) throws {
    for (kind, number, round) in [
      (
        CK_NARROW_F16, RoundedWeights.float16 as (UInt16) -> Float,
        RoundedWeights.float16 as (Float) -> Float
      ),
      (CK_NARROW_BF16, RoundedWeights.bfloat16, RoundedWeights.bfloat16),
    ] {
      // Every number of the format, the middle to the next one, and the floats around both.
      var numbers: [Float] = []
      for bits in 0..<(kind == CK_NARROW_F16 ? UInt16(0x7c00) : 0x7f80) {
        let (low, high) = (number(bits), number(bits + 1))
        let next = high.isFinite ? Double(high) : 2 * Double(low) - Double(number(bits - 1))
        let middle = Float((Double(low) + next) / 2)
        numbers += [low, low.nextUp, middle.nextDown, middle, middle.nextUp]
      }
      numbers += numbers.map { -$0 } + [.infinity, -.infinity, .greatestFiniteMagnitude]
      let results = try rounded(set, kind, numbers)
      let wrong = numbers.indices.filter {
        results[$0].bitPattern != round(numbers[$0]).bitPattern
      }
      #expect(
        wrong.isEmpty, "\(set) \(kind): \(wrong.prefix(5).map { (numbers[$0], results[$0]) })")
      #expect(try rounded(set, kind, [.nan, -.nan]).allSatisfy(\.isNaN))
    }
  }

  @Test(arguments: TestedSet.all)
  func `whole numbers of one byte, and scales that are no normal number`(set: TestedSet) throws {
    let pack = try set.pack()
    let (format, panel) = (pack.narrow[Int(CK_NARROW_I8.rawValue)], Int(pack.panel))
    #expect(format.scale_rows == 4 && format.element_size == 1)
    // A column with all whole numbers, one of zeros, one whose scale is subnormal, one that just is not.
    let tops: [Float] = [127, 0, 0x1p-121, 127 * .leastNormalMagnitude]
    var floats = [Float](repeating: 0, count: 255 * panel)
    for k in 0..<255 {
      for (column, top) in tops.enumerated() {
        floats[k * panel + column] = top * (Float(k) - 127) / 127
      }
    }
    var elements = [Int8](repeating: 99, count: (255 + 4) * panel)
    format.narrow(255, tops.count, floats, &elements)
    for k in 0..<255 {
      let row = elements[k * panel..<k * panel + tops.count]
      #expect(Array(row) == [Int8(k - 127), 0, 0, Int8(k - 127)], "\(set) row \(k)")
    }
    let scales = elements.withUnsafeBytes { raw in
      (0..<tops.count).map {
        raw.loadUnaligned(fromByteOffset: 255 * panel + 4 * $0, as: Float.self)
      }
    }
    #expect(scales == [1, 0, 0, .leastNormalMagnitude])
  }

  /// Sums of products of bytes are exact: nothing depends on the instruction set.
  @Test func `every instruction set multiplies bytes to the same bits`() throws {
    var rng = SeededGenerator(seed: 54)
    for (N, M, K) in [(1, 130, 67), (2, 257, 64), (4, 70, 515), (13, 99, 8200), (100, 40, 33)] {
      let a = drawn(N * K, within: Float(2), using: &rng)
      let b = drawn(K * M, within: Float(1), using: &rng)
      let results = try TestedSet.all.map { set in
        let pack = try set.pack()
        let format = pack.narrow[Int(CK_NARROW_I8_DYNAMIC.rawValue)]
        let whole = (M + Int(pack.panel) - 1) / Int(pack.panel) * Int(pack.panel)
        var floats = [Float](repeating: 0, count: K * whole)
        pack.pack(K, M, b, K, b, M, &floats)
        var elements = [UInt8](repeating: 0, count: (K + format.scale_rows) * whole)
        format.narrow(K, M, floats, &elements)
        var c = [Float](repeating: 0.25, count: N * M)
        format.narrow_product(N, M, K, a, K, elements, &c, M, 1, 0, 0)
        return c
      }
      for (set, result) in zip(TestedSet.all, results) {
        #expect(result == results[0], "\(set): \(N) × \(M) × \(K), seed 54")
      }
    }
  }

  /// Each row has a scale of its own, and none where that is no normal number.
  @Test(arguments: TestedSet.all)
  func `products of bytes by plain loops`(set: TestedSet) throws {
    let pack = try set.pack()
    let (format, panel) = (pack.narrow[Int(CK_NARROW_I8_DYNAMIC.rawValue)], Int(pack.panel))
    let least: Float = 127 * .leastNormalMagnitude
    let tops: [Float] = [1, 0, 3, .leastNonzeroMagnitude, least.nextDown, least, 0x1p90, 0.5]
    var rng = SeededGenerator(seed: 55)
    let (N, M, K) = (tops.count, 2 * panel + 3, 37)
    let a = tops.map { top in
      (0..<K).map { top * ($0 == 20 ? -1 : Float.random(in: -1...1, using: &rng)) }
    }
    let b = drawn(K * M, within: Float(1), using: &rng)
    var floats = [Float](repeating: 0, count: K * 3 * panel)
    pack.pack(K, M, b, K, b, M, &floats)
    var elements = [UInt8](repeating: 0, count: (K + format.scale_rows) * 3 * panel)
    format.narrow(K, M, floats, &elements)
    var c = [Float](repeating: 0.25, count: N * M)
    format.narrow_product(N, M, K, a.flatMap { $0 }, K, elements, &c, M, 0, 0, 0)
    for m in 0..<M {
      let column = RoundedWeights.int8((0..<K).map { b[$0 * M + m] }[...])
      for n in 0..<N {
        let expected = RoundedWeights.wholeProduct(a[n], column)
        #expect(
          c[n * M + m].bitPattern == expected.bitPattern,
          "\(set), row \(n) of the largest \(tops[n]), column \(m), seed 55")
      }
    }
  }

  /// The sums of all blocks of the depth are in the result, also where it replaces what was there.
  @Test func `products of bytes deeper than one block`() throws {
    var rng = SeededGenerator(seed: 56)
    let (N, K) = (2, 2 * 8192 + 3)
    let a = (0..<N).map { _ in drawn(K, within: Float(1), using: &rng) }
    // Of a panel and one column, the first and the last, the others being zeros.
    let b = (0..<2).map { _ in drawn(K, within: Float(1), using: &rng) }
    let expected = b.map { numbers in
      let weights = RoundedWeights.int8(numbers[...])
      return a.map { RoundedWeights.wholeProduct($0, weights) }
    }
    for set in TestedSet.all {
      let pack = try set.pack()
      let (format, panel) = (pack.narrow[Int(CK_NARROW_I8_DYNAMIC.rawValue)], Int(pack.panel))
      let M = panel + 1
      var floats = [Float](repeating: 0, count: K * 2 * panel)
      for (i, numbers) in b.enumerated() {
        for k in 0..<K { floats[(i * K + k) * panel] = numbers[k] }
      }
      var elements = [UInt8](repeating: 0, count: (K + format.scale_rows) * 2 * panel)
      format.narrow(K, M, floats, &elements)
      var c = [Float](repeating: 0.25, count: N * M)
      format.narrow_product(N, M, K, a.flatMap { $0 }, K, elements, &c, M, 0, 0, 0)
      for n in 0..<N {
        let found = [c[n * M], c[n * M + panel]]
        #expect(found == expected.map { $0[n] }, "\(set), row \(n), seed 56")
      }
    }
  }

  /// A row's result is the same bits wherever the row stands and however many there are, also where the
  /// product is cut into blocks of the depth.
  @Test(arguments: TestedSet.all, kinds + [CK_NARROW_I8_DYNAMIC.rawValue])
  func `rows do not depend on each other`(set: TestedSet, kind: UInt32) throws {
    let pack = try set.pack()
    let format = pack.narrow[Int(kind)]
    var rng = SeededGenerator(seed: 53)
    let (M, K, panel) = (83, 1100, Int(pack.panel))
    let whole = (M + panel - 1) / panel * panel
    let b = drawn(K * M, within: Float(1), using: &rng)
    let row = drawn(K, within: Float(1), using: &rng)
    var floats = [Float](repeating: 0, count: K * whole)
    pack.pack(K, M, b, K, b, M, &floats)
    var elements = [UInt8](
      repeating: 0, count: (K + format.scale_rows) * whole * format.element_size)
    format.narrow(K, M, floats, &elements)
    var alone = [Float](repeating: 0.25, count: M)
    format.narrow_product(1, M, K, row, K, elements, &alone, M, 1, 0, 0)
    for N in 2...26 {
      for position in [0, N / 2, N - 1] {
        var a = drawn(N * K, within: Float(1), using: &rng)
        a.replaceSubrange(position * K..<(position + 1) * K, with: row)
        for (reverse, fetch) in [(0, 0), (1, 1)] as [(Int32, Int32)] {
          var c = [Float](repeating: 0.25, count: N * M)
          format.narrow_product(N, M, K, a, K, elements, &c, M, 1, reverse, fetch)
          #expect(
            Array(c[position * M..<(position + 1) * M]) == alone,
            "\(set) \(kind): row \(position) of \(N), reverse \(reverse), fetch \(fetch)")
        }
      }
    }
  }
}
