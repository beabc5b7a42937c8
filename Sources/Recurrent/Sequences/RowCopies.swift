import LinAlg

// Copies of whole rows, as bytes: not generic, so that they are as fast in whatever module the layers
// that use them are instantiated.

/// Writes each sequence of `source [T, N, row]` backwards: step `t` of a sequence of length `l` becomes
/// step `l − 1 − t`. What lies after its end becomes zero.
func copyReversed(
  _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, steps: Int, batch: Int,
  rowBytes: Int, lengths: [Int]?, threads: Int
) {
  withOptionalPointer(to: lengths) { lengths in
    ReversedCopy(
      source: source, target: target, steps: steps, batch: batch, rowBytes: rowBytes,
      lengths: lengths
    ).run(count: steps, scalars: steps * batch * rowBytes / 4, threads: threads)
  }
}

private struct ReversedCopy: DividedWork {
  let source: UnsafeRawPointer
  let target: UnsafeMutableRawPointer
  let steps: Int
  let batch: Int
  let rowBytes: Int
  let lengths: UnsafePointer<Int>?

  func run(_ range: Range<Int>) {
    let stepBytes = batch * rowBytes
    guard let lengths else {
      for t in range {
        (target + t * stepBytes).copyMemory(
          from: source + (steps - 1 - t) * stepBytes, byteCount: stepBytes)
      }
      return
    }
    for t in range {
      for n in 0..<batch {
        let row = target + t * stepBytes + n * rowBytes
        if t < lengths[n] {
          row.copyMemory(
            from: source + (lengths[n] - 1 - t) * stepBytes + n * rowBytes, byteCount: rowBytes)
        } else {
          clear(row, byteCount: rowBytes)
        }
      }
    }
  }
}

/// Copies `rows` rows of `rowBytes` bytes, which begin `sourceStride` and `targetStride` bytes apart.
func copyRows(
  _ rows: Int, of rowBytes: Int, _ source: UnsafeRawPointer, every sourceStride: Int,
  to target: UnsafeMutableRawPointer, every targetStride: Int
) {
  for row in 0..<rows {
    (target + row * targetStride).copyMemory(
      from: source + row * sourceStride, byteCount: rowBytes)
  }
}

/// Rows of two matrices side by side, as one matrix, or that matrix as two.
struct SideBySideRows: DividedWork {
  let left: UnsafeMutableRawPointer
  let right: UnsafeMutableRawPointer
  let leftBytes: Int
  let rightBytes: Int
  let both: UnsafeMutableRawPointer
  /// Whether both are read, and the two written.
  let splits: Bool

  func run(_ rows: Range<Int>) {
    let bytes = leftBytes + rightBytes
    let (left, right) = (left + rows.lowerBound * leftBytes, right + rows.lowerBound * rightBytes)
    let both = both + rows.lowerBound * bytes
    if splits {
      copyRows(rows.count, of: leftBytes, both, every: bytes, to: left, every: leftBytes)
      copyRows(
        rows.count, of: rightBytes, both + leftBytes, every: bytes, to: right, every: rightBytes)
    } else {
      copyRows(rows.count, of: leftBytes, left, every: leftBytes, to: both, every: bytes)
      copyRows(
        rows.count, of: rightBytes, right, every: rightBytes, to: both + leftBytes, every: bytes)
    }
  }
}

/// Sets bytes to zero, which is the number zero in any floating-point type.
package func clear(_ target: UnsafeMutableRawPointer, byteCount: Int) {
  target.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
}

extension SequenceBatch {
  /// The bytes of one step of one sequence.
  var rowBytes: Int { features * MemoryLayout<Scalar>.stride }

  /// Becomes `source` with each sequence backwards within its length, and zeros after its end. Keeps
  /// its storage when that is unshared and of the right size.
  mutating func assignReversed(_ source: SequenceBatch, lengths: [Int]?, threads: Int) {
    renew(steps: source.steps, batch: source.batch, features: source.features)
    copyReversed(
      source.pointer(atStep: 0), to: pointer(atStep: 0), steps: steps, batch: batch,
      rowBytes: rowBytes, lengths: lengths, threads: threads)
    withExtendedLifetime(source) {}
  }

  /// Becomes the given steps of `source`.
  mutating func assign(_ source: SequenceBatch, steps range: Range<Int>) {
    renew(steps: range.count, batch: source.batch, features: source.features)
    UnsafeMutableRawPointer(pointer(atStep: 0)).copyMemory(
      from: source.pointer(atStep: range.lowerBound), byteCount: range.count * batch * rowBytes)
    withExtendedLifetime(source) {}
  }

  /// Writes all steps of `source` over those from `start` on. The storage is not shared.
  func copyIn(_ source: SequenceBatch, at start: Int) {
    UnsafeMutableRawPointer(pointer(atStep: start)).copyMemory(
      from: source.pointer(atStep: 0), byteCount: source.count * MemoryLayout<Scalar>.stride)
    withExtendedLifetime(source) {}
  }

  /// Sets every number to zero. The storage is not shared.
  func clearAll() {
    clear(pointer(atStep: 0), byteCount: count * MemoryLayout<Scalar>.stride)
  }

  /// The bytes that the numbers take.
  var byteCount: Int { count * MemoryLayout<Scalar>.stride }
}
