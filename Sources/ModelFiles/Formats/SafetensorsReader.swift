/// Reads the header of a safetensors file: `u64` its length, JSON of that length, then the tensors.
///
/// The header is an object. `"__metadata__"` holds texts; every other entry is a tensor with `dtype`, `shape` and
/// `data_offsets`, which count from the end of the header. All tensors together cover the rest of the file, each
/// byte once.
struct SafetensorsReader {
  private let file: FileBytes
  private var header: ByteReader
  private var entries: [(tensor: String, type: ElementType, shape: [Int], range: Range<Int>)] = []
  private var metadata: [String: String] = [:]
  private var names: Set<String> = []

  /// The most bytes that the format's own reader takes for a header.
  private static let largestHeader = 100_000_000

  init(_ file: FileBytes) throws(ModelFileError) {
    self.file = file
    var start = ByteReader(try file.bytes(0..<min(8, file.count)), of: file.path)
    let length = try start.size(UInt64.self, "the header's length")
    guard length <= file.count - 8 && length <= Self.largestHeader else {
      throw start.flaw(
        """
        the header has \(length) bytes, expected at most the \(file.count - 8) that follow and \
        \(Self.largestHeader)
        """, at: 0)
    }
    header = ByteReader(try file.bytes(8..<8 + length), of: file.path, from: 8)
  }

  mutating func read() throws(ModelFileError) -> TensorFile {
    try readObject { (reader, name, place) throws(ModelFileError) in
      if name == "__metadata__" {
        try reader.readMetadata()
      } else {
        try reader.readTensor(name, at: place)
      }
    }
    while header.left > 0, header.bytes[header.next] == UInt8(ascii: " ") { header.next += 1 }
    guard header.left == 0 else { throw header.flaw("expected the end of the header") }
    return try makeTensors()
  }

  /// The tensors, after checking that they share no byte and leave none out.
  private func makeTensors() throws(ModelFileError) -> TensorFile {
    let data = 8 + header.bytes.count
    // Tensors without bytes come first where another begins at the same place.
    let order = entries.indices.sorted {
      let (a, b) = (entries[$0].range, entries[$1].range)
      return (a.lowerBound, a.upperBound) < (b.lowerBound, b.upperBound)
    }
    var end = 0
    for i in order {
      let (name, range) = (entries[i].tensor, entries[i].range)
      guard range.lowerBound == end else {
        throw ModelFileError(
          path: file.path, place: .tensor(name),
          reason: """
            begins at byte \(range.lowerBound) of the data, expected byte \(end), where the one \
            before it ends
            """)
      }
      end = range.upperBound
    }
    guard end == file.count - data else {
      throw ModelFileError(
        path: file.path, place: .byte(data + min(end, file.count - data)),
        reason: """
          the tensors have \(end) bytes, expected as many as follow the header: \
          \(file.count - data)
          """)
    }
    return TensorFile(
      entries.map {
        Tensor($0.tensor, $0.type, $0.shape, in: file, at: data + $0.range.lowerBound)
      }, metadata: metadata)
  }

  private mutating func readMetadata() throws(ModelFileError) {
    try readObject { (reader, name, place) throws(ModelFileError) in
      let text = try reader.readText("a text")
      guard reader.metadata.updateValue(text, forKey: name) == nil else {
        throw reader.header.flaw("expected \(quoted(name)) once", at: place)
      }
    }
  }

  private mutating func readTensor(_ name: String, at place: Int) throws(ModelFileError) {
    guard names.insert(name).inserted else {
      throw header.flaw("expected one tensor \(quoted(name)), found another", at: place)
    }
    var (type, shape, offsets): (ElementType?, [Int]?, [Int]?)
    try readObject { (reader, key, place) throws(ModelFileError) in
      switch key {
      case "dtype" where type == nil:
        let text = try reader.readText("a type")
        guard let known = ElementType(rawValue: text) else {
          throw ModelFileError(
            path: reader.file.path, place: .tensor(name),
            reason: """
              has the type \(quoted(text)), expected one of \
              \(ElementType.allCases.map(\.rawValue).joined(separator: " "))
              """)
        }
        type = known
      case "shape" where shape == nil: shape = try reader.readNumbers()
      case "data_offsets" where offsets == nil: offsets = try reader.readNumbers()
      default:
        throw reader.header.flaw(
          "expected 'dtype', 'shape' and 'data_offsets' once each, found \(quoted(key))", at: place)
      }
    }
    func flaw(_ reason: String) -> ModelFileError {
      ModelFileError(path: file.path, place: .tensor(name), reason: reason)
    }
    guard let type, let shape, let offsets else {
      throw flaw("expected 'dtype', 'shape' and 'data_offsets', found not all of them")
    }
    guard let byteCount = type.byteCount(ofShape: shape) else {
      throw flaw("has the impossible shape \(shape)")
    }
    let room = file.count - 8 - header.bytes.count
    guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] <= room else {
      throw flaw("has the offsets \(offsets), expected a beginning and an end up to \(room)")
    }
    guard offsets[1] - offsets[0] == byteCount else {
      throw flaw(
        """
        has \(offsets[1] - offsets[0]) bytes, expected \(byteCount) for \(type.rawValue) \(shape)
        """)
    }
    entries.append((name, type, shape, offsets[0]..<offsets[1]))
  }
}

// The JSON that such a header is made of.
extension SafetensorsReader {
  private mutating func skipSpace() {
    while header.left > 0 {
      switch header.bytes[header.next] {
      case 0x20, 0x09, 0x0A, 0x0D: header.next += 1
      default: return
      }
    }
  }

  /// Passes `character`, if it comes next.
  private mutating func skip(_ character: StaticString) -> Bool {
    skipSpace()
    return header.skip(character)
  }

  private mutating func expect(_ character: StaticString) throws(ModelFileError) {
    guard skip(character) else { throw header.flaw("expected '\(character)'") }
  }

  /// Calls `entry` at each value of an object, with its name and the place of that.
  private mutating func readObject(
    _ entry: (inout SafetensorsReader, String, Int) throws(ModelFileError) -> Void
  ) throws(ModelFileError) {
    try expect("{")
    if skip("}") { return }
    repeat {
      skipSpace()
      let place = header.next
      let name = try readText("a name")
      try expect(":")
      try entry(&self, name, place)
    } while skip(",")
    try expect("}")
  }

  /// An array of whole numbers that are not negative.
  private mutating func readNumbers() throws(ModelFileError) -> [Int] {
    try expect("[")
    var numbers: [Int] = []
    if skip("]") { return numbers }
    repeat {
      skipSpace()
      let start = header.next
      while header.left > 0, (0x30...0x39).contains(header.bytes[header.next]) { header.next += 1 }
      let digits = header.bytes[start..<header.next]
      guard digits.count == 1 || (digits.count > 1 && digits.first != 0x30),
        let number = Int(String(decoding: digits, as: UTF8.self))
      else { throw header.flaw("expected a whole number that fits 63 bits", at: start) }
      numbers.append(number)
    } while skip(",")
    try expect("]")
    return numbers
  }

  private mutating func readText(_ what: String) throws(ModelFileError) -> String {
    skipSpace()
    let start = header.next
    guard header.skip("\"") else { throw header.flaw("expected \(what) in quotes") }
    var text: [UInt8] = []
    while true {
      let byte = try header.byte("the rest of \(what)")
      switch byte {
      case UInt8(ascii: "\""):
        guard let valid = String(validating: text, as: UTF8.self) else {
          throw header.flaw("expected \(what) as UTF-8", at: start)
        }
        return valid
      case UInt8(ascii: "\\"): try readEscape(into: &text)
      case 0..<0x20: throw header.flaw("found a control character in \(what)", at: header.next - 1)
      default: text.append(byte)
      }
    }
  }

  private mutating func readEscape(into text: inout [UInt8]) throws(ModelFileError) {
    let start = header.next - 1
    switch try header.byte("an escape") {
    case UInt8(ascii: "\""): text.append(UInt8(ascii: "\""))
    case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"))
    case UInt8(ascii: "/"): text.append(UInt8(ascii: "/"))
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = UInt32(try readHexadecimal())
      if (0xD800...0xDBFF).contains(code), header.skip("\\u") {
        let low = UInt32(try readHexadecimal())
        guard (0xDC00...0xDFFF).contains(low) else {
          throw header.flaw("expected two surrogates", at: start)
        }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else {
        throw header.flaw("expected two surrogates, found one", at: start)
      }
      text += String(Character(scalar)).utf8
    default: throw header.flaw("found an unknown escape", at: start)
    }
  }

  private mutating func readHexadecimal() throws(ModelFileError) -> UInt16 {
    let range = try header.take(4, "four digits")
    let digits = String(decoding: header.bytes[range], as: UTF8.self)
    // `UInt16` takes a sign, too.
    guard digits.utf8.allSatisfy({ $0 != 0x2B && $0 != 0x2D }), let code = UInt16(digits, radix: 16)
    else { throw header.flaw("expected four hexadecimal digits", at: range.lowerBound) }
    return code
  }
}
