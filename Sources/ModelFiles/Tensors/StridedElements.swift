import LinAlg

/// Elements of a file that are not in row-major order, or whose bytes are the other way round.
struct StridedElements {
  var file: FileBytes
  /// The bytes that the elements are in.
  var range: Range<Int>
  /// The element, counted from the beginning of the bytes, that is the tensor's first.
  var first: Int
  var shape: [Int]
  /// How many elements further an extent's next one is, not negative.
  var strides: [Int]
  var type: ElementType
  var isBigEndian = false

  /// The place behind the last element, counted in elements from the beginning of the bytes; nil where it does
  /// not fit the address space. That of a tensor without elements is 0.
  var end: Int? {
    guard !shape.contains(0) else { return 0 }
    var last = first
    for (extent, stride) in zip(shape, strides) {
      let (distance, tooFar) = stride.multipliedReportingOverflow(by: extent - 1)
      let (next, overflow) = last.addingReportingOverflow(distance)
      guard !tooFar && !overflow && stride >= 0 else { return nil }
      last = next
    }
    return last < .max ? last + 1 : nil
  }

  /// Whether the elements are in row-major order already, one behind the other.
  var isContiguous: Bool {
    var expected = 1
    for (extent, stride) in zip(shape, strides).reversed() where extent != 1 {
      if stride != expected { return false }
      expected *= max(extent, 1)
    }
    return !isBigEndian
  }

  /// The tensor, its elements copied into row-major order.
  ///
  /// - Precondition: all elements are within the bytes.
  func tensor(named name: String) throws(ModelFileError) -> Tensor {
    let size = type.byteCount
    guard let count = type.byteCount(ofShape: shape), let end, end <= range.count / size else {
      failRequirement("elements \(shape) at strides \(strides) in \(range.count) bytes")
    }
    var result = [UInt8](repeating: 0, count: count)
    guard count > 0 else { return Tensor(name, type, shape: shape, bytes: result) }
    // Copied, not mapped: another program may shorten the file meanwhile.
    let source = try file.bytes(range.lowerBound + first * size..<range.lowerBound + end * size)
    result.withUnsafeMutableBytes { target in
      source.withUnsafeBytes { source in
        var index = Array(repeating: 0, count: shape.count)
        var place = 0
        for i in 0..<count / size {
          for byte in 0..<size {
            target[i * size + byte] =
              source[
                place * size + (isBigEndian ? size - 1 - byte : byte)]
          }
          // The next index, the last axis fastest.
          for axis in shape.indices.reversed() {
            index[axis] += 1
            place += strides[axis]
            if index[axis] < shape[axis] { break }
            place -= index[axis] * strides[axis]
            index[axis] = 0
          }
        }
      }
    }
    return Tensor(name, type, shape: shape, bytes: result)
  }
}
