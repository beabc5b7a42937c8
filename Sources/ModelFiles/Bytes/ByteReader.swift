/// Reads numbers and texts from bytes that anybody may have made, one behind the other.
///
/// Errors name the byte of the whole file, of which these bytes may be a piece.
struct ByteReader {
  let bytes: [UInt8]
  /// What errors call the file.
  let path: String
  /// Where the bytes begin in the file.
  let base: Int
  /// The byte that is read next.
  var next: Int

  init(_ bytes: [UInt8], of path: String, from base: Int = 0) {
    (self.bytes, self.path, self.base, next) = (bytes, path, base, 0)
  }

  /// How many bytes are left.
  var left: Int { bytes.count - next }

  /// An error at a byte of these; at the next one unless told.
  func flaw(_ reason: String, at byte: Int? = nil) -> ModelFileError {
    ModelFileError(path: path, place: .byte(base + (byte ?? next)), reason: reason)
  }

  /// The places of the next `count` bytes, which are passed.
  mutating func take(_ count: Int, _ what: @autoclosure () -> String) throws(ModelFileError)
    -> Range<Int>
  {
    guard count >= 0 && count <= left else {
      throw flaw("expected \(what()) of \(count) bytes, found \(left)")
    }
    next += count
    return next - count..<next
  }

  /// The next byte.
  mutating func byte(_ what: @autoclosure () -> String) throws(ModelFileError) -> UInt8 {
    bytes[try take(1, what()).lowerBound]
  }

  /// The next bytes as a number, the least significant first.
  mutating func integer<Number: FixedWidthInteger & UnsignedInteger>(
    _: Number.Type, _ what: @autoclosure () -> String
  ) throws(ModelFileError) -> Number {
    var result: Number = 0
    for place in try take(MemoryLayout<Number>.size, what()).reversed() {
      result = result << 8 | Number(bytes[place])
    }
    return result
  }

  /// The next bytes as a count or an offset, the least significant first.
  mutating func size<Number: FixedWidthInteger & UnsignedInteger>(
    _ type: Number.Type, _ what: @autoclosure () -> String
  ) throws(ModelFileError) -> Int {
    let start = next
    let number = try integer(type, what())
    guard let size = Int(exactly: number) else {
      throw flaw("expected \(what()), found the impossible \(number)", at: start)
    }
    return size
  }

  /// The next `count` bytes as text.
  mutating func text(_ count: Int, _ what: @autoclosure () -> String) throws(ModelFileError)
    -> String
  {
    let range = try take(count, what())
    guard let text = String(validating: bytes[range], as: UTF8.self) else {
      throw flaw("expected \(what()) as UTF-8 text", at: range.lowerBound)
    }
    return text
  }

  /// Passes the bytes of `text`, if they come next.
  mutating func skip(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard count <= left else { return false }
    let matches = text.withUTF8Buffer { bytes[next..<next + count].elementsEqual($0) }
    if matches { next += count }
    return matches
  }
}

/// A name as errors quote it: not longer than a line.
func quoted(_ name: some StringProtocol) -> String {
  name.unicodeScalars.count <= 80 ? "'\(name)'" : "'\(name.prefix(77))…'"
}
