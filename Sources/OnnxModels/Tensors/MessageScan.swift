/// Counts the messages of a file before it is decoded: an empty one takes two bytes in the file, and some
/// hundreds in memory.
///
/// It goes through the wire format as the decoder does, but looks at tags and lengths alone, so that tensors
/// are skipped. <https://protobuf.dev/programming-guides/encoding/>
struct MessageScan {
  /// The messages of `Schema/onnx.proto`.
  enum Message {
    case model, graph, node, attribute, tensor, sparseTensor, value, type, tensorType, shape
    /// One without messages in it.
    case plain

    /// The message that a field holds; nil where it holds none.
    fileprivate func message(inField number: UInt64) -> Message? {
      switch (self, number) {
      case (.model, 7): .graph
      case (.model, 8), (.model, 14): .plain
      case (.graph, 1): .node
      case (.graph, 5): .tensor
      case (.graph, 11), (.graph, 12), (.graph, 13): .value
      case (.graph, 15): .sparseTensor
      case (.node, 5): .attribute
      case (.attribute, 5): .tensor
      case (.attribute, 6): .graph
      case (.tensor, 13): .plain
      case (.sparseTensor, 1): .tensor
      case (.value, 2): .type
      case (.type, 1): .tensorType
      case (.type, 4), (.type, 5), (.type, 7), (.type, 8), (.type, 9): .plain
      case (.tensorType, 2): .shape
      case (.shape, 1): .plain
      default: nil
      }
    }
  }

  /// As deep as the decoder goes.
  private static let deepest = 100

  private let bytes: UnsafeBufferPointer<UInt8>
  private var place = 0

  /// Throws where bytes hold more messages than `limit`, or are no message.
  static func check(
    _ bytes: [UInt8], holding message: Message, limit: Int
  ) throws(OnnxError) {
    try bytes.withUnsafeBufferPointer { (bytes) throws(OnnxError) in
      var scan = MessageScan(bytes: bytes)
      try scan.check(message, limit)
    }
  }

  private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private mutating func check(_ message: Message, _ limit: Int) throws(OnnxError) {
    var path = [(message: message, end: bytes.count)]
    var count = 1
    while let (message, end) = path.last {
      guard place < end else {
        path.removeLast()
        continue
      }
      let tag = try varint(end)
      guard tag & 7 == 2 else {
        try skip(tag, end)
        continue
      }
      let length = try varint(end)
      guard length <= UInt64(end - place) else { throw damage("a length of \(length) bytes") }
      guard let inner = message.message(inField: tag >> 3) else {
        place += Int(length)
        continue
      }
      count += 1
      guard count <= limit else {
        throw OnnxError(
          .limit, at: "byte \(place)", "more than \(limit) messages, which is what is allowed")
      }
      guard path.count < Self.deepest else { throw damage("messages nested too deeply") }
      path.append((inner, place + Int(length)))
    }
  }

  /// Skips a field without a length; groups, which no message here has, to their ends.
  private mutating func skip(_ tag: UInt64, _ end: Int) throws(OnnxError) {
    var (open, tag) = (0, tag)
    while true {
      switch tag & 7 {
      case 0: _ = try varint(end)
      case 1: try advance(8, end)
      case 2: try advance(varint(end), end)
      case 3: open += 1
      case 4: open -= 1
      case 5: try advance(4, end)
      default: throw damage("a field of kind \(tag & 7)")
      }
      guard open >= 0 else { throw damage("the end of a group that has not begun") }
      if open == 0 { return }
      tag = try varint(end)
    }
  }

  private mutating func advance(_ count: UInt64, _ end: Int) throws(OnnxError) {
    guard count <= UInt64(end - place) else { throw damage("a field of \(count) bytes") }
    place += Int(count)
  }

  private mutating func varint(_ end: Int) throws(OnnxError) -> UInt64 {
    var (value, shift) = (UInt64(0), UInt64(0))
    while place < end, shift < 64 {
      let byte = bytes[place]
      place += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw damage("a number without an end")
  }

  private func damage(_ what: String) -> OnnxError {
    OnnxError(.malformed, at: "byte \(place)", "no ONNX model: \(what)")
  }
}
