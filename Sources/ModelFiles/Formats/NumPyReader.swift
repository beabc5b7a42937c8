/// How an `.npy` file begins.
let numPyMagic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]

/// Reads the one array of an `.npy` file, of version 1, 2 or 3.
///
/// - Throws: ``ModelFileError`` also where bytes follow the array.
func readNumPyArray(
  _ file: FileBytes, _ range: Range<Int>? = nil, named name: String, _ allowance: inout Allowance
) throws(ModelFileError) -> Tensor {
  let range = range ?? 0..<file.count
  let header = try NumPyHeader(file, range)
  guard let byteCount = header.elementType.byteCount(ofShape: header.shape) else {
    throw header.flaw("the shape \(header.shape) is impossible")
  }
  let data = header.data
  guard range.upperBound - data == byteCount else {
    throw header.flaw(
      """
      expected \(byteCount) bytes behind the header for \(header.elementType.rawValue) \
      \(header.shape), found \(range.upperBound - data)
      """)
  }
  if header.isBigEndian || (header.isFortran && header.shape.count > 1) {
    try allowance.unpack(byteCount, file.path, .tensor(name))
    var strides: [Int] = []
    var next = 1
    for extent in header.isFortran ? header.shape : header.shape.reversed() {
      strides.append(next)
      next *= max(extent, 1)
    }
    if !header.isFortran { strides.reverse() }
    return try StridedElements(
      file: file, range: data..<range.upperBound, first: 0, shape: header.shape, strides: strides,
      type: header.elementType, isBigEndian: header.isBigEndian
    ).tensor(named: name)
  }
  return Tensor(name, header.elementType, header.shape, in: file, at: data)
}

/// What stands before the numbers of an `.npy` file: a dictionary of Python's, as text.
private struct NumPyHeader {
  let elementType: ElementType
  let isBigEndian: Bool
  let isFortran: Bool
  let shape: [Int]
  /// Where the numbers begin in the file.
  let data: Int
  private let path: String

  init(_ file: FileBytes, _ range: Range<Int>) throws(ModelFileError) {
    var start = ByteReader(
      try file.bytes(range.lowerBound..<min(range.lowerBound + 12, range.upperBound)),
      of: file.path, from: range.lowerBound)
    guard start.bytes.starts(with: numPyMagic) else {
      throw start.flaw("expected an .npy file")
    }
    start.next = 6
    let version = try start.byte("a version")
    let minor = try start.byte("a version")
    guard (1...3).contains(version), minor == 0 else {
      throw start.flaw("is of version \(version).\(minor), expected 1.0, 2.0 or 3.0", at: 6)
    }
    let length =
      version == 1
      ? Int(try start.integer(UInt16.self, "the header's length"))
      : Int(try start.integer(UInt32.self, "the header's length"))
    let begin = range.lowerBound + start.next
    guard length <= min(range.upperBound - begin, 1 << 20) else {
      throw start.flaw(
        "the header has \(length) bytes, expected at most the \(range.upperBound - begin) that follow"
      )
    }
    var text = ByteReader(try file.bytes(begin..<begin + length), of: file.path, from: begin)
    var (descr, order, shape): (String?, Bool?, [Int]?)
    text.skipSpace()
    try text.expect("{")
    while !text.skipToken("}") {
      let place = text.next
      switch try text.quotedText() {
      case "descr" where descr == nil:
        try text.expect(":")
        descr = try text.quotedText()
      case "fortran_order" where order == nil:
        try text.expect(":")
        order = try text.truth()
      case "shape" where shape == nil:
        try text.expect(":")
        shape = try text.numbers()
      case let key:
        throw text.flaw(
          "expected 'descr', 'fortran_order' and 'shape' once each, found \(quoted(key))", at: place
        )
      }
      guard text.skipToken(",") else {
        try text.expect("}")
        break
      }
    }
    text.skipSpace()
    guard text.left == 0 else { throw text.flaw("expected the end of the header") }
    guard let descr, let order, let shape else {
      throw text.flaw("expected 'descr', 'fortran_order' and 'shape', found not all of them", at: 0)
    }
    guard let type = Self.type(descr) else {
      throw text.flaw(
        "has elements of type \(quoted(descr)), expected numbers of f2 f4 f8 i1…i8 u1…u8 or b1",
        at: 0)
    }
    (elementType, isBigEndian, isFortran, self.shape) = (type.0, type.isBig, order, shape)
    (data, path) = (begin + length, file.path)
  }

  func flaw(_ reason: String) -> ModelFileError {
    ModelFileError(path: path, place: .byte(data), reason: reason)
  }

  /// The type that a text such as `<f4` stands for.
  private static func type(_ descr: String) -> (ElementType, isBig: Bool)? {
    let name = String(descr.dropFirst())
    guard let known = ElementType.allCases.first(where: { $0.numPyName == name }),
      let order = descr.first
    else { return nil }
    switch order {
    case "<", "=": return (known, false)
    case "|": return known.byteCount == 1 ? (known, false) : nil
    case ">": return (known, known.byteCount > 1)
    default: return nil
    }
  }
}

extension ElementType {
  /// What NumPy calls the type, without the order of bytes; nil where it has none.
  var numPyName: String? {
    switch self {
    case .float64: "f8"
    case .float32: "f4"
    case .float16: "f2"
    case .bfloat16: nil
    case .int64: "i8"
    case .int32: "i4"
    case .int16: "i2"
    case .int8: "i1"
    case .uint64: "u8"
    case .uint32: "u4"
    case .uint16: "u2"
    case .uint8: "u1"
    case .bool: "b1"
    }
  }
}

// The Python that such a header is made of.
extension ByteReader {
  fileprivate mutating func skipSpace() {
    while left > 0, bytes[next] == 0x20 || bytes[next] == 0x0A { next += 1 }
  }

  /// Passes `token`, if it comes next.
  fileprivate mutating func skipToken(_ token: StaticString) -> Bool {
    skipSpace()
    return skip(token)
  }

  fileprivate mutating func expect(_ token: StaticString) throws(ModelFileError) {
    guard skipToken(token) else { throw flaw("expected '\(token)'") }
  }

  fileprivate mutating func quotedText() throws(ModelFileError) -> String {
    skipSpace()
    let start = next
    let quote = try byte("a text")
    guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw flaw("expected a text in quotes", at: start)
    }
    guard let end = bytes[next...].firstIndex(of: quote) else {
      throw flaw("the text does not end", at: start)
    }
    guard !bytes[next..<end].contains(UInt8(ascii: "\\")) else {
      throw flaw("expected a text without escapes", at: start)
    }
    let text = try text(end - next, "a text")
    next = end + 1
    return text
  }

  fileprivate mutating func truth() throws(ModelFileError) -> Bool {
    if skipToken("True") { return true }
    if skipToken("False") { return false }
    throw flaw("expected True or False")
  }

  /// A tuple of whole numbers that are not negative.
  fileprivate mutating func numbers() throws(ModelFileError) -> [Int] {
    try expect("(")
    var numbers: [Int] = []
    while !skipToken(")") {
      let start = next
      while left > 0, (0x30...0x39).contains(bytes[next]) { next += 1 }
      guard let number = Int(String(decoding: bytes[start..<next], as: UTF8.self)) else {
        throw flaw("expected a whole number that fits 63 bits", at: start)
      }
      numbers.append(number)
      // NumPy under Python 2 wrote `3L`.
      _ = skip("L")
      guard skipToken(",") else {
        guard numbers.count != 1 else { throw flaw("expected ',': a tuple of one is (\(number),)") }
        try expect(")")
        break
      }
    }
    return numbers
  }
}
