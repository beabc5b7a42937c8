import LinAlg
internal import WholeFiles

extension TensorFile {
  /// Writes a safetensors file with the bytes that the format's own library writes: larger element types
  /// first, so that each tensor is aligned, and those of one type by name.
  ///
  /// - Parameter key: where among the metadata the file's checksum goes, ``checksum(without:ofTensors:)``; nil
  ///   for none. It is computed while the tensors are written, and set when they are.
  func writeSafetensors(to path: String, checksum key: String? = nil) throws(ModelFileError) {
    var metadata = metadata
    if let key { metadata[key] = hexadecimal(0) }
    // Where in the file the checksum's digits are.
    var digits = 0
    let ordered = tensors.sorted { a, b in
      let (x, y) = (a.elementType.safetensorsRank, b.elementType.safetensorsRank)
      return x != y ? x > y : a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
    }
    if let reserved = self["__metadata__"] {
      throw ModelFileError(
        path: path, place: .tensor(reserved.name),
        reason: "has the name of the metadata, expected another")
    }
    var json: [UInt8] = []
    if !metadata.isEmpty {
      json += "\"__metadata__\":{".utf8
      for (i, name) in metadata.keys.sorted().enumerated() {
        if i > 0 { json.append(UInt8(ascii: ",")) }
        appendText(name, to: &json)
        json.append(UInt8(ascii: ":"))
        // Behind the file's first eight bytes, a brace and a quote.
        if name == key { digits = json.count + 10 }
        appendText(metadata[name] ?? "", to: &json)
      }
      json.append(UInt8(ascii: "}"))
    }
    var offset = 0
    for tensor in ordered {
      if !json.isEmpty { json.append(UInt8(ascii: ",")) }
      appendText(tensor.name, to: &json)
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      json += ":{\"dtype\":\"\(tensor.elementType.rawValue)\",\"shape\":[\(shape)],".utf8
      json += "\"data_offsets\":[\(offset),\(offset + tensor.byteCount)]}".utf8
      offset += tensor.byteCount
    }
    json = [UInt8(ascii: "{")] + json + [UInt8(ascii: "}")]
    json += Array(repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)

    try writeWhole(path) { (file) throws(ModelFileError) in
      var head: [UInt8] = []
      withUnsafeBytes(of: UInt64(json.count).littleEndian) { head += $0 }
      try file.write(head + json)
      guard let key else {
        for tensor in ordered { try file.write(tensor) }
        return
      }
      var sums: [String: UInt32] = [:]
      for tensor in ordered { sums[tensor.name] = try file.writeAndSum(tensor) }
      try file.replace(try checksum(without: key, ofTensors: sums).utf8, at: digits)
    }
  }
}

private func appendText(_ text: String, to json: inout [UInt8]) {
  json.append(UInt8(ascii: "\""))
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): json += [UInt8(ascii: "\\"), byte]
    case 0x08: json += "\\b".utf8
    case 0x09: json += "\\t".utf8
    case 0x0A: json += "\\n".utf8
    case 0x0C: json += "\\f".utf8
    case 0x0D: json += "\\r".utf8
    case 0..<0x20:
      let digits = String(byte, radix: 16)
      json += "\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)".utf8
    default: json.append(byte)
    }
  }
  json.append(UInt8(ascii: "\""))
}

extension ElementType {
  /// The order of the types in the format's own library.
  fileprivate var safetensorsRank: Int {
    switch self {
    case .bool: 0
    case .uint8: 1
    case .int8: 2
    case .int16: 3
    case .uint16: 4
    case .float16: 5
    case .bfloat16: 6
    case .int32: 7
    case .uint32: 8
    case .float32: 9
    case .float64: 10
    case .int64: 11
    case .uint64: 12
    }
  }
}
