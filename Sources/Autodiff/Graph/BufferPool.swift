import LinAlg
import Recurrent

/// Memory that values and gradients have left, by size: a step of a shape that was seen before finds all
/// that it needs.
struct BufferPool<Scalar: RecurrentScalar> {
  /// Buffers that nobody uses, by class of size.
  private var free: [[SequenceBatch<Scalar>]] = []
  /// The bytes of all buffers that were made, whether in use or not.
  private(set) var byteCount = 0

  /// The smallest class of at least `count` scalars, and its size: four classes for each power of two.
  static func sizeClass(_ count: Int) -> (index: Int, capacity: Int) {
    let smallest = 64
    if count <= smallest { return (0, smallest) }
    let power = Int.bitWidth - (count - 1).leadingZeroBitCount - 1
    let quarter = 1 << (power - 2)
    let quarters = (count - (1 << power) + quarter - 1) / quarter
    return ((power - 6) * 4 + quarters, (1 << power) + quarters * quarter)
  }

  /// A buffer of the given shape that nobody else holds, with unspecified contents.
  mutating func take(_ shape: NodeShape) -> SequenceBatch<Scalar> {
    let (index, capacity) = Self.sizeClass(shape.count)
    if index < free.count, var buffer = free[index].popLast() {
      buffer.renew(steps: shape.steps, batch: shape.batch, features: shape.features)
      return buffer
    }
    byteCount += capacity * MemoryLayout<Scalar>.stride
    var buffer = SequenceBatch<Scalar>(uninitializedSteps: 1, batch: 1, features: capacity)
    buffer.renew(steps: shape.steps, batch: shape.batch, features: shape.features)
    return buffer
  }

  /// Takes the memory of a value back, unless somebody else holds it too.
  mutating func reclaim(_ buffer: inout SequenceBatch<Scalar>?) {
    guard let capacity = buffer?.capacity else { return }
    let (index, size) = Self.sizeClass(capacity)
    // A layer's own buffers have sizes of their own; those stay the layer's.
    if size == capacity, buffer?.isUnshared() == true {
      while free.count <= index { free.append([]) }
      if let buffer { free[index].append(buffer) }
    } else if size == capacity {
      byteCount -= capacity * MemoryLayout<Scalar>.stride
    }
    buffer = nil
  }
}
