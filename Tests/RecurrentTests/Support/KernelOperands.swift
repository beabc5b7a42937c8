import CKernels
import LinAlg
import TestNumbers

/// Random operands of one call of a kernel, and what is in them afterwards.
final class KernelOperands {
  private var rng: SeededGenerator
  private var buffers: [UnsafeMutableBufferPointer<Float>] = []
  private var lengths: [UnsafeMutablePointer<Int64>] = []

  init(seed: UInt64) { rng = SeededGenerator(seed: seed) }

  deinit {
    for buffer in buffers { buffer.deallocate() }
    for pointer in lengths { pointer.deallocate() }
  }

  func int(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &rng) }

  func flag() -> Int32 { .random(in: 0...1, using: &rng) }

  func double(_ range: ClosedRange<Double>) -> Double { .random(in: range, using: &rng) }

  /// Numbers in a range, and with `specials` now and then one that is not like the others.
  func floats(
    _ count: Int, in range: ClosedRange<Float> = -2...2, specials: Bool = false
  ) -> UnsafeMutablePointer<Float> {
    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(count, 1))
    buffer.initialize(repeating: 0)
    let odd: [Float] = [
      .nan, .infinity, -.infinity, 0, -0.0, 0x1p-140, -0x1p-140, .greatestFiniteMagnitude, 90, -90,
      1, -1,
    ]
    _ = buffer.update(
      fromContentsOf: drawn(count, in: range, specials: specials ? odd : [], using: &rng))
    buffers.append(buffer)
    guard let start = buffer.baseAddress else { preconditionFailure("no memory") }
    return start
  }

  /// Numbers, or nil.
  func optional(_ count: Int) -> UnsafeMutablePointer<Float>? {
    flag() == 0 ? nil : floats(count)
  }

  /// The lengths of some rows, or nil.
  func rowLengths(_ rows: Int) -> UnsafePointer<Int64>? {
    guard flag() == 1 else { return nil }
    let pointer = UnsafeMutablePointer<Int64>.allocate(capacity: rows)
    for row in 0..<rows { pointer[row] = .random(in: 0...3, using: &rng) }
    lengths.append(pointer)
    return UnsafePointer(pointer)
  }

  /// All operands' bits; every NaN counts as the same.
  var bits: [UInt32] { buffers.flatMap { TestNumbers.bits($0) } }
}
