import Foundation
import LinAlg

/// The machine's fastest single-precision matrix product, the yardstick of every row: `C = A·B` with
/// square matrices.
final class PeakProbe {
  /// The size that rows are compared with: near the best of all sizes, and short enough to be
  /// interleaved with the contestants.
  static let standardSize = 1024

  let size: Int
  private let a, b, c: AlignedStorage<Float>

  init(size: Int = PeakProbe.standardSize) {
    self.size = size
    // Not zeros: operands decide nothing about the time, but their power draw is the usual one.
    a = AlignedStorage(repeating: 0.37, count: size * size)
    b = AlignedStorage(repeating: -1.21, count: size * size)
    c = AlignedStorage(repeating: 0, count: size * size)
  }

  var flops: Double { 2 * pow(Double(size), 3) }

  func call() {
    Float.gemm(
      .none, .none, m: size, n: size, k: size, alpha: 1, a: a.pointer, lda: size,
      b: b.pointer, ldb: size, beta: 0, c: c.pointer, ldc: size)
  }

  /// GFLOP/s over `samples` calls after a warm-up.
  func measure(samples: Int) -> Interval? {
    call()
    let times = (0..<samples).map { _ in Stopwatch.seconds(.wall, call) }
    return Statistics.medianInterval(times)?.dividing(flops * 1e-9)
  }
}

/// How fast memory is read and written by OpenBLAS's vector kernels, on the threads that it may use.
enum MemoryBandwidth {
  /// GB/s of `y ← α·x + y` over two arrays of `bytes` bytes each, which should be several times the
  /// last-level cache. Each element moves 12 bytes: two are read, one is written, and the one that is
  /// written was read before, so that nothing moves that is not counted.
  static func streaming(bytes: Int = 64 << 20, samples: Int = 7) -> Interval? {
    let count = bytes / 4
    let x = AlignedStorage<Float>(repeating: 1, count: count)
    let y = AlignedStorage<Float>(repeating: 0, count: count)
    let pass = { Float.axpy(n: count, alpha: 0.5, x: x.pointer, incx: 1, y: y.pointer, incy: 1) }
    return rate(bytes: 12 * count, samples: samples, pass)
  }

  private static func rate(bytes: Int, samples: Int, _ pass: () -> Void) -> Interval? {
    pass()
    let times = (0..<samples).map { _ in Stopwatch.seconds(.wall, pass) }
    return Statistics.medianInterval(times)?.dividing(Double(bytes) * 1e-9)
  }
}
