internal import WholeFiles

extension Tensor {
  /// What an `.npy` file of version 1 begins with: NumPy's own bytes for such an array.
  ///
  /// - Throws: where NumPy has no such type, or the shape is too long for the header.
  func numPyHeader(_ path: String) throws(ModelFileError) -> [UInt8] {
    guard let type = elementType.numPyName else {
      throw ModelFileError(
        path: path, place: .tensor(name),
        reason: "has elements of \(elementType.rawValue), which NumPy lacks; expected another type")
    }
    let order = elementType.byteCount == 1 ? "|" : "<"
    let extents = shape.map(String.init).joined(separator: ", ")
    var header = Array(
      """
      {'descr': '\(order)\(type)', 'fortran_order': False, \
      'shape': (\(extents)\(shape.count == 1 ? "," : "")), }
      """.utf8)
    // NumPy leaves room for the first extent to grow to 21 digits, and then ends at a multiple of 64.
    let growth = shape.first.map { max(0, 21 - String($0).utf8.count) } ?? 0
    header += Array(repeating: UInt8(ascii: " "), count: growth)
    header += Array(repeating: UInt8(ascii: " "), count: 64 - (11 + header.count) % 64)
    header.append(UInt8(ascii: "\n"))
    guard let length = UInt16(exactly: header.count) else {
      throw ModelFileError(
        path: path, place: .tensor(name),
        reason: "has \(shape.count) extents, expected fewer: they do not fit the header")
    }
    return numPyMagic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + header
  }
}

extension TensorFile {
  /// Writes the one tensor as an `.npy` file of version 1, in C order.
  func writeNumPyArray(to path: String) throws(ModelFileError) {
    guard let tensor = tensors.first, tensors.count == 1 else {
      throw ModelFileError(
        path: path, reason: "an .npy file holds one tensor, expected one, found \(tensors.count)")
    }
    try checkNoMetadata(path)
    let header = try tensor.numPyHeader(path)
    try writeWhole(path) { (file) throws(ModelFileError) in
      try file.write(header)
      try file.write(tensor)
    }
  }

  func checkNoMetadata(_ path: String) throws(ModelFileError) {
    guard metadata.isEmpty else {
      throw ModelFileError(
        path: path, reason: "the format keeps no texts, expected no metadata; safetensors has them")
    }
  }
}
