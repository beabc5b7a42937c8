extension TensorFile {
  /// CRC-32 of all names, shapes, numbers and texts but the checksum's own, whatever order a file has them in.
  ///
  /// - Parameters:
  ///   - key: the text that is left out.
  ///   - known: the checksums of tensors' bytes; those of others are computed.
  func checksum(
    without key: String, ofTensors known: [String: UInt32] = [:]
  ) throws(ModelFileError) -> String {
    var result: UInt32 = 0
    func add(_ text: String) {
      var text = text
      result = text.withUTF8 { Deflate.checksum(UnsafeRawBufferPointer($0), after: result) }
    }
    for tensor in tensors.sorted(by: { $0.name < $1.name }) {
      add("\(tensor)\n")
      if let sum = known[tensor.name] {
        result = Deflate.checksum(result, followedBy: sum, ofBytes: tensor.byteCount)
      } else {
        result = try tensor.withUnsafeBytes { (bytes) throws(ModelFileError) in
          Deflate.checksum(bytes, after: result)
        }
      }
    }
    for name in metadata.keys.sorted() where name != key {
      add("\(name)=\(metadata[name] ?? "")\n")
    }
    return hexadecimal(UInt64(result))
  }
}

/// Sixteen digits.
func hexadecimal(_ bits: UInt64) -> String {
  let digits = String(bits, radix: 16)
  return String(repeating: "0", count: 16 - digits.utf8.count) + digits
}
