import LinAlg

/// The products of an affine map `y = x·Wᵀ + b` whose weights stand in a parameter block: forward, back to
/// the inputs, and to the weights, on packed weights and on several threads, with the same bits for any
/// number of them.
package struct AffineMap<Scalar: RecurrentScalar>: Sendable {
  /// `D`, the number of input features.
  package let inputSize: Int
  /// `K`, the number of output features.
  package let outputSize: Int
  let weights: Int
  let bias: Int?
  let forward = PackLayout()
  let backward = PackLayout()

  /// A map with `W [K, D]` at `weights` of its block and `b [K]`, where it has one, at `bias`.
  package init(inputSize: Int, outputSize: Int, weights: Int, bias: Int?) {
    (self.inputSize, self.outputSize) = (inputSize, outputSize)
    (self.weights, self.bias) = (weights, bias)
    let panel = Scalar.packedPanel ?? 1
    func whole(_ columns: Int) -> Int { (columns + panel - 1) / panel * panel }
    let part = PackLayout.Part(
      rows: WeightRows(start: weights, split: outputSize), packed: PackPlace(), m: outputSize,
      k: inputSize, blocks: 1)
    forward.parts = [part]
    forward.size = PackPlace() + (inputSize, whole(outputSize))
    backward.parts = [part]
    backward.size = PackPlace() + (outputSize, whole(inputSize))
  }

  /// `y = x·Wᵀ + b` for `x [rows, D]` and `y [rows, K]`.
  package func apply(
    _ block: ParameterBlock<Scalar>, rows: Int, x: UnsafePointer<Scalar>,
    into y: UnsafeMutablePointer<Scalar>, threads: Int
  ) {
    let threads = allowed(threads, rows: rows)
    let matrix = matrix(block, forward, .forward, threads: threads)
    let start = UnsafePointer(block.pointer)
    ThreadTeam.shared.run(
      threads: threads,
      AffineForward(matrix: matrix, bias: bias.map { start + $0 }, rows: rows, x: x, y: y))
    withExtendedLifetime(block) {}
  }

  /// `dx = dy·W` for `dy [rows, K]` and `dx [rows, D]`.
  package func applyTransposed(
    _ block: ParameterBlock<Scalar>, rows: Int, dy: UnsafePointer<Scalar>,
    into dx: UnsafeMutablePointer<Scalar>, threads: Int
  ) {
    let threads = allowed(threads, rows: rows)
    let matrix = matrix(block, backward, .backward, threads: threads)
    ThreadTeam.shared.run(
      threads: threads, AffineBackward(matrix: matrix, rows: rows, dy: dy, dx: dx))
    withExtendedLifetime(block) {}
  }

  /// How many scalars ``accumulate(rows:dy:x:into:scratch:threads:)`` takes for `threads` threads.
  package func scratchCount(rows: Int, threads: Int) -> Int {
    let each = Scalar.packFormat?.weightGradientScratch(m: outputSize, k: inputSize, rows: rows)
    return (each ?? 0) * threads
  }

  /// `dW += dyᵀ·x` and `db += Σ dy`, in the block of the gradients.
  package func accumulate(
    rows: Int, dy: UnsafePointer<Scalar>, x: UnsafePointer<Scalar>,
    into gradients: UnsafeMutablePointer<Scalar>, scratch: UnsafeMutablePointer<Scalar>,
    threads: Int
  ) {
    let threads = allowed(threads, rows: rows)
    ThreadTeam.shared.run(
      threads: threads,
      AffineGradient(
        D: inputSize, K: outputSize, rows: rows, dy: dy, x: x, dW: gradients + weights,
        db: bias.map { gradients + $0 }, scratch: scratch,
        scratchCount: scratchCount(rows: rows, threads: 1)))
  }

  /// The weights packed for a direction.
  func matrix(
    _ block: ParameterBlock<Scalar>, _ layout: PackLayout, _ direction: ProductDirection,
    threads: Int
  ) -> WeightMatrix<Scalar> {
    let (plain, packed) = block.weights(layout, nil, direction, .automatic, threads: threads)
    return WeightMatrix(
      m: outputSize, k: inputSize, gates: 1, plain: plain + weights, packed: packed)
  }

  /// As many threads as pay: waking one costs some microseconds.
  func allowed(_ threads: Int, rows: Int) -> Int {
    let isSmall = Double(rows) * Double(inputSize) * Double(outputSize) < 200_000
    return isSmall ? 1 : min(threads, ThreadTeam.largestCount)
  }
}

/// The rows that one call of OpenBLAS gets: a share that depended on the number of threads would take
/// other kernels, with other bits.
private let rowsPerCall = 64

/// The columns of `y` that one member of a call keeps together when it sums gradients of weights: tiles of 12, 8 or
/// 6 rows of `dW`, and fewer of them where there would not be two for each member.
func gradientColumnUnit(_ K: Int, members: Int) -> Int { K < 96 * members ? 24 : 48 }

private struct AffineForward<Scalar: RecurrentScalar>: TeamWork {
  let matrix: WeightMatrix<Scalar>
  let bias: UnsafePointer<Scalar>?
  let rows: Int
  let x: UnsafePointer<Scalar>
  let y: UnsafeMutablePointer<Scalar>

  func run(_ member: TeamMember) {
    let (K, D) = (matrix.m, matrix.k)
    if matrix.packed == nil {
      let calls = member.share(of: (rows + rowsPerCall - 1) / rowsPerCall)
      for call in calls {
        let first = call * rowsPerCall
        multiply(first..<min(first + rowsPerCall, rows), 0..<K, D)
      }
    } else if rows >= 16 * member.count {
      multiply(member.share(of: rows, inMultiplesOf: 8), 0..<K, D)
    } else {
      multiply(0..<rows, member.share(of: K, inMultiplesOf: Scalar.packedPanel ?? 1), D)
    }
  }

  private func multiply(_ mine: Range<Int>, _ units: Range<Int>, _ D: Int) {
    if mine.isEmpty || units.isEmpty { return }
    let K = matrix.m
    if let bias {
      for row in mine {
        (y + row * K + units.lowerBound).update(from: bias + units.lowerBound, count: units.count)
      }
    }
    matrix.forward(
      rows: mine.count, x: x + mine.lowerBound * D, ldx: D, accumulate: bias != nil,
      gates: y + mine.lowerBound * K, ldg: K, units: units)
  }
}

private struct AffineBackward<Scalar: RecurrentScalar>: TeamWork {
  let matrix: WeightMatrix<Scalar>
  let rows: Int
  let dy: UnsafePointer<Scalar>
  let dx: UnsafeMutablePointer<Scalar>

  func run(_ member: TeamMember) {
    let D = matrix.k
    if matrix.packed == nil {
      let calls = member.share(of: (rows + rowsPerCall - 1) / rowsPerCall)
      for call in calls {
        let first = call * rowsPerCall
        multiply(first..<min(first + rowsPerCall, rows), 0..<D)
      }
    } else if rows >= 16 * member.count {
      multiply(member.share(of: rows, inMultiplesOf: 8), 0..<D)
    } else {
      multiply(0..<rows, member.share(of: D, inMultiplesOf: Scalar.packedPanel ?? 1))
    }
  }

  private func multiply(_ mine: Range<Int>, _ columns: Range<Int>) {
    if mine.isEmpty || columns.isEmpty { return }
    matrix.backward(
      rows: mine.count, dGates: dy + mine.lowerBound * matrix.m, ldg: matrix.m, accumulate: false,
      dx: dx + mine.lowerBound * matrix.k, ldx: matrix.k, columns: columns)
  }
}

private struct AffineGradient<Scalar: RecurrentScalar>: TeamWork {
  let D: Int
  let K: Int
  let rows: Int
  let dy: UnsafePointer<Scalar>
  let x: UnsafePointer<Scalar>
  let dW: UnsafeMutablePointer<Scalar>
  let db: UnsafeMutablePointer<Scalar>?
  let scratch: UnsafeMutablePointer<Scalar>
  let scratchCount: Int

  func run(_ member: TeamMember) {
    let unit = Scalar.packFormat == nil ? 48 : gradientColumnUnit(K, members: member.count)
    let mine = member.share(of: K, inMultiplesOf: unit)
    if mine.isEmpty || rows == 0 { return }
    let (d, target) = (dy + mine.lowerBound, dW + mine.lowerBound * D)
    if let format = Scalar.packFormat {
      format.addWeightGradient(
        m: mine.count, k: D, rows: rows, dGates: d, ldg: K, x: x, ldx: D, to: target,
        split: mine.count, rest: target, scratch: scratch + member.index * scratchCount)
    } else {
      // Fixed pieces, as above.
      for first in stride(from: mine.lowerBound, to: mine.upperBound, by: 48) {
        let m = min(48, mine.upperBound - first)
        Scalar.gemm(
          .transpose, .none, m: m, n: D, k: rows, alpha: 1, a: dy + first, lda: K, b: x, ldb: D,
          beta: 1, c: dW + first * D, ldc: D)
      }
    }
    if let db {
      Scalar.addColumnSums(
        rows: rows, columns: mine.count, of: d, ld: K, to: db + mine.lowerBound)
    }
  }
}
