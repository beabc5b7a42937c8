import LinAlg

/// A weight matrix `[m, k]` as the products of one pass read it: `m` gate columns, `k` features.
struct WeightMatrix<Scalar: RecurrentScalar> {
  let m: Int
  let k: Int
  /// The gates whose columns follow each other, `m / gates` units each; packed one by one, so that a
  /// range of units is a range of each.
  let gates: Int
  let plain: UnsafePointer<Scalar>
  /// The copy packed for the pass's direction, where packed kernels are used.
  let packed: PackedWeights<Scalar>?

  /// At and below this many rows one matrix–vector product of OpenBLAS for each is faster than its
  /// matrix product, which packs the weights first.
  static var largestVectorBatch: Int { 4 }

  /// From this many bytes on packed weights are fetched ahead: 8 MB with registers of 8 lanes, where with
  /// 4 MB it costs up to 4 %, with 16 MB it gains 5–20 %; 4 MB with 16 lanes, which consume them twice as
  /// fast and gain 5–9 % from there on; see `Benchmarks/NOTES.md`.
  static var largestKept: Int { (Scalar.packedPanel ?? 0) < 32 ? 1 << 23 : 1 << 22 }

  /// Some gate columns of one gate as a matrix of their own; the first is that of a panel.
  func columns(_ columns: Range<Int>) -> WeightMatrix {
    WeightMatrix(
      m: columns.count, k: k, gates: 1, plain: plain + columns.lowerBound * k,
      packed: packed.map { $0 + columns.lowerBound * $0.format.depth(k) })
  }

  /// `gates = x·Wᵀ`, or `gates += x·Wᵀ`, in a pass forward, for a range of units of every gate.
  ///
  /// - Parameters:
  ///   - rows: the rows of `x` and of `gates`.
  ///   - ldx: scalars between two rows of `x`.
  ///   - ldg: scalars between two rows of `gates`.
  ///   - units: all of them, where the weights are not packed.
  ///   - reverse: reads the weights from their end. Steps that alternate find in the cache what the step
  ///     before read last.
  func forward(
    rows: Int, x: UnsafePointer<Scalar>, ldx: Int, accumulate: Bool,
    gates: UnsafeMutablePointer<Scalar>, ldg: Int, units: Range<Int>, reverse: Bool = false
  ) {
    let beta: Scalar = accumulate ? 1 : 0
    if let packed {
      let format = packed.format
      let width = m / self.gates
      let fetch = format.bytes(units.count * self.gates * k) >= Self.largestKept
      if units.count == width && width % format.panel == 0 {
        format.product(
          n: rows, m: m, k: k, a: x, lda: ldx, packed: packed.start, c: gates, ldc: ldg,
          accumulate: accumulate, reverse: reverse, fetch: fetch)
      } else if !units.isEmpty {
        let gateSize = format.size(k: k, m: width)
        let start = units.lowerBound
        for i in 0..<self.gates {
          let gate = reverse ? self.gates - 1 - i : i
          format.product(
            n: rows, m: units.count, k: k, a: x, lda: ldx,
            packed: (packed + (gate * gateSize + start * format.depth(k))).start,
            c: gates + gate * width + start,
            ldc: ldg, accumulate: accumulate, reverse: reverse, fetch: fetch)
        }
      }
    } else if rows <= Self.largestVectorBatch {
      for n in 0..<rows {
        Scalar.gemv(
          .none, m: m, n: k, alpha: 1, a: plain, lda: k, x: x + n * ldx, incx: 1,
          beta: beta, y: gates + n * ldg, incy: 1)
      }
    } else {
      Scalar.gemm(
        .none, .transpose, m: rows, n: m, k: k, alpha: 1, a: x, lda: ldx, b: plain, ldb: k,
        beta: beta, c: gates, ldc: ldg)
    }
  }

  /// `dx = dgates·W`, or `dx += dgates·W`, in a pass backward, for a range of the `k` columns, which
  /// `reverse` reads from their end.
  func backward(
    rows: Int, dGates: UnsafePointer<Scalar>, ldg: Int, accumulate: Bool,
    dx: UnsafeMutablePointer<Scalar>, ldx: Int, columns: Range<Int>, reverse: Bool = false
  ) {
    let beta: Scalar = accumulate ? 1 : 0
    if let packed {
      packed.format.product(
        n: rows, m: columns.count, k: m, a: dGates, lda: ldg,
        packed: (packed + columns.lowerBound * m).start, c: dx + columns.lowerBound, ldc: ldx,
        accumulate: accumulate, reverse: reverse,
        fetch: packed.format.bytes(columns.count * m) >= Self.largestKept)
    } else if rows <= Self.largestVectorBatch {
      for n in 0..<rows {
        Scalar.gemv(
          .transpose, m: m, n: k, alpha: 1, a: plain, lda: k, x: dGates + n * ldg, incx: 1,
          beta: beta, y: dx + n * ldx, incy: 1)
      }
    } else {
      Scalar.gemm(
        .none, .none, m: rows, n: k, k: m, alpha: 1, a: dGates, lda: ldg, b: plain, ldb: k,
        beta: beta, c: dx, ldc: ldx)
    }
  }
}
