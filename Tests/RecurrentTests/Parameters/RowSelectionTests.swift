import LinAlg
import Testing

@testable import Recurrent

/// An affine map that leaves copies of a row and rows of zeros out gives the bits that it gives with all rows.
@Suite struct RowSelectionTests {
  /// Sizes with columns beyond one block of each product, and narrow ones.
  static let sizes = [(D: 24, K: 40), (D: 5, K: 3), (D: 33, K: 531), (D: 300, K: 17), (D: 1, K: 1)]

  /// Which rows are copies of one: none but the last, a half at random, after the ends of sequences, all but one,
  /// all, the first half.
  static func zeros(_ pattern: Int, rows: Int, using rng: inout SeededGenerator) -> [Bool] {
    switch pattern {
    case 0: return (0..<rows).map { $0 == rows - 1 }
    case 1: return (0..<rows).map { _ in Bool.random(using: &rng) }
    case 2:
      let lengths = (0..<7).map { _ in Int.random(in: 0...rows / 7, using: &rng) }
      return (0..<rows).map { $0 / 7 >= lengths[$0 % 7] }
    case 3: return (0..<rows).map { $0 != rows / 3 }
    case 4: return (0..<rows).map { _ in true }
    default: return (0..<rows).map { $0 < rows / 2 }
    }
  }

  struct Operands {
    let map: AffineMap<Float>
    var block: ParameterBlock<Float>
    var x: [Float]
    var dy: [Float]
    let rows: Int
  }

  /// Numbers of a map with rows of zeros in `x` and in `dy`.
  static func operands(
    D: Int, K: Int, rows: Int, pattern: Int, hasBias: Bool, using rng: inout SeededGenerator
  ) -> Operands {
    let map = AffineMap<Float>(
      inputSize: D, outputSize: K, weights: 0, bias: hasBias ? K * D : nil)
    var specs = [ParameterSpec("W", rows: K, columns: D)]
    if hasBias { specs.append(ParameterSpec("b", rows: 1, columns: K)) }
    var block = ParameterBlock<Float>(ParameterLayout(specs))
    block.withUnsafeMutableBufferPointer {
      for i in $0.indices { $0[i] = .random(in: -1...1, using: &rng) }
    }
    func drawn(_ width: Int, copied: [Float]) -> [Float] {
      let zeros = zeros(pattern, rows: rows, using: &rng)
      return (0..<rows * width).map {
        zeros[$0 / width] ? copied[$0 % width] : .random(in: -1...1, using: &rng)
      }
    }
    // Zeros, or the row that an affine map makes of them.
    let copied = (0..<D).map { _ in hasBias ? 0 : Float.random(in: -1...1, using: &rng) }
    return Operands(
      map: map, block: block, x: drawn(D, copied: copied),
      dy: drawn(K, copied: Array(repeating: 0, count: K)), rows: rows)
  }

  /// All results as bits: `y`, `dx`, and the gradients on top of `start`.
  static func results(_ o: Operands, leavingOut: Bool, threads: Int, start: Float) -> [[UInt32]] {
    let (map, D, K) = (o.map, o.map.inputSize, o.map.outputSize)
    var y = [Float](repeating: .nan, count: o.rows * K)
    var dx = [Float](repeating: .nan, count: o.rows * D)
    var gradients = [Float](repeating: start, count: o.block.count)
    let size = max(
      map.selectionScratchCount(threads: threads), map.scratchCount(rows: o.rows, threads: threads))
    let scratch = AlignedStorage<Float>(repeating: .nan, count: size)
    o.x.withUnsafeBufferPointer { x in
      o.dy.withUnsafeBufferPointer { dy in
        guard let x = x.baseAddress, let dy = dy.baseAddress else { return }
        y.withUnsafeMutableBufferPointer { y in
          guard let y = y.baseAddress else { return }
          var rows = RowSelection()
          if leavingOut && rows.findDistinct(in: x, rows: o.rows, width: D, threads: threads) {
            map.apply(
              o.block, rows, x: x, into: y, scratch: scratch.pointer, threads: threads)
          } else {
            map.apply(o.block, rows: o.rows, x: x, into: y, threads: threads)
          }
        }
        dx.withUnsafeMutableBufferPointer { dx in
          gradients.withUnsafeMutableBufferPointer { gradients in
            guard let dx = dx.baseAddress, let gradients = gradients.baseAddress else { return }
            var rows = RowSelection()
            if leavingOut
              && rows.findNonzero(
                in: dy, rows: o.rows, width: K, of: x, features: D, threads: threads)
            {
              map.applyTransposed(
                o.block, rows, dy: dy, into: dx, scratch: scratch.pointer, threads: threads)
              map.accumulate(
                rows, dy: dy, x: x, into: gradients, scratch: scratch.pointer, threads: threads)
            } else {
              map.applyTransposed(o.block, rows: o.rows, dy: dy, into: dx, threads: threads)
              map.accumulate(
                rows: o.rows, dy: dy, x: x, into: gradients, scratch: scratch.pointer,
                threads: threads)
            }
          }
        }
      }
    }
    return [y, dx, gradients].map { $0.map(\.bitPattern) }
  }

  @Test(arguments: 0..<6)
  func `the bits are those of all rows`(pattern: Int) {
    let seed = UInt64(700 + pattern)
    var rng = SeededGenerator(seed: seed)
    for (D, K) in Self.sizes {
      for rows in [63, 64, 200, 1001] {
        let hasBias = rows != 200
        let o = Self.operands(
          D: D, K: K, rows: rows, pattern: pattern, hasBias: hasBias, using: &rng)
        let expected = Self.results(o, leavingOut: false, threads: 1, start: 0.5)
        for threads in 1...3 {
          let actual = Self.results(o, leavingOut: true, threads: threads, start: 0.5)
          for (i, name) in ["y", "dx", "gradients"].enumerated() {
            #expect(
              actual[i] == expected[i],
              "\(name) of \(rows) rows, \(D) to \(K), \(threads) threads, seed \(seed)")
          }
        }
      }
    }
  }

  /// What is no number is not lost: in the weights, in a bias of −0, and in inputs whose gradients are zeros.
  @Test func `numbers that are none come out as with all rows`() {
    var rng = SeededGenerator(seed: 711)
    for place in [0, 30, 24 * 40 - 1] {
      for value in [Float.nan, .infinity, -0.0] {
        var o = Self.operands(D: 24, K: 40, rows: 320, pattern: 2, hasBias: true, using: &rng)
        o.block.withUnsafeMutableBufferPointer {
          $0[place] = value
          $0[24 * 40 + place % 40] = -0.0
        }
        for row in [0, 150, 319] { o.x[row * 24 + 3] = value }
        let expected = Self.results(o, leavingOut: false, threads: 1, start: 0)
        for threads in 1...2 {
          let actual = Self.results(o, leavingOut: true, threads: threads, start: 0)
          for i in 0..<3 {
            let isSame = zip(actual[i], expected[i]).allSatisfy {
              $0 == $1 || (Float(bitPattern: $0).isNaN && Float(bitPattern: $1).isNaN)
            }
            #expect(isSame, "result \(i), \(value) at \(place), \(threads) threads, seed 711")
          }
        }
      }
    }
  }

  /// Whether enough rows are zeros, from some element on.
  func find<Scalar: RecurrentScalar>(
    _ rows: inout RowSelection, _ x: [Scalar], from start: Int = 0, rows count: Int, width: Int
  ) -> Bool {
    x[start...].withUnsafeBufferPointer { x in
      x.baseAddress.map {
        rows.findNonzero(in: $0, rows: count, width: width, of: nil, features: 0, threads: 1)
      } ?? false
    }
  }

  /// The most frequent row is found among others that begin as it does. So many rows that threads share them.
  @Test(arguments: [1, 2, 3, 5])
  func `copies of a row are left out, wherever they are`(threads: Int) {
    var rng = SeededGenerator(seed: 712)
    var rows = RowSelection()
    let (count, width) = (1701, 20)
    var x = (0..<count * width).map { _ in max(0, Float.random(in: -1...1, using: &rng)) }
    let copied = (0..<width).map { $0 % 3 == 0 ? 0 : Float($0) }
    // Among them the one in the middle.
    let places = (0..<count).filter { Bool.random(using: &rng) && $0 != count / 2 }
    for row in 0..<count where !places.contains(row) {
      x.replaceSubrange(row * width..<(row + 1) * width, with: copied)
    }
    func find() -> Bool {
      x.withUnsafeBufferPointer { x in
        x.baseAddress.map {
          rows.findDistinct(in: $0, rows: count, width: width, threads: threads)
        } ?? false
      }
    }
    #expect(find())
    #expect(rows.places == places)
    // One that differs in its last numbers alone is no copy.
    if let row = (0..<count).last(where: { !places.contains($0) }) {
      x[row * width + 18] += 1
      #expect(find())
      #expect(rows.places == (places + [row]).sorted())
    }
    for row in 0..<count { x[row * width + 7] = Float(row) }
    #expect(!find())
  }

  /// Zeros whose factors are not finite are not left out, whoever looks at them.
  @Test(arguments: [1, 2, 3, 5])
  func `rows of zeros are left out, wherever they are`(threads: Int) {
    var rng = SeededGenerator(seed: 713)
    var rows = RowSelection()
    let (count, width, features) = (1701, 3, 17)
    var dy = [Float](repeating: 0, count: count * width)
    var x = [Float](repeating: 1, count: count * features)
    let places = (0..<count).filter { Bool.random(using: &rng) && $0 != count / 2 }
    for (i, row) in places.enumerated() {
      if i.isMultiple(of: 5) {
        x[row * features + i % features] = i.isMultiple(of: 2) ? .nan : -.infinity
      } else {
        dy[row * width + i % width] = 1
      }
    }
    let isSelected = dy.withUnsafeBufferPointer { dy in
      x.withUnsafeBufferPointer { x in
        dy.baseAddress.map {
          rows.findNonzero(
            in: $0, rows: count, width: width, of: x.baseAddress, features: features,
            threads: threads)
        } ?? false
      }
    }
    #expect(isSelected)
    #expect(rows.places == places)
  }

  @Test func `rows are left out where one of eight is zeros, and listed in order`() {
    var rows = RowSelection()
    var x = [Float](repeating: 1, count: 400 * 3)
    #expect(!find(&rows, x, rows: 400, width: 3))
    for row in 200..<400 { for j in 0..<3 { x[row * 3 + j] = 0 } }
    x[250 * 3 + 2] = 1e-30
    x[251 * 3 + 1] = -0.0
    #expect(find(&rows, x, rows: 400, width: 3))
    #expect(rows.places == Array(0..<200) + [250, 251])
    // Too few, and in double precision.
    #expect(!find(&rows, x, from: 1000, rows: 60, width: 3))
    let double = [Double](repeating: 0, count: 400 * 3)
    #expect(!find(&rows, double, rows: 400, width: 3))
  }
}
