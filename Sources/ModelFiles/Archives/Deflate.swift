internal import CZLib
import LinAlg

/// Checksums, packing and unpacking by the system's zlib.
enum Deflate {
  /// The most bytes that one deflated byte can stand for, and what its end and beginning may add.
  static func largestUnpacked(_ packed: Int) -> Int {
    let (product, overflow) = packed.multipliedReportingOverflow(by: 1032)
    return overflow ? .max : product
  }

  /// CRC-32 of bytes that follow others with the checksum `start`.
  static func checksum(_ bytes: UnsafeRawBufferPointer, after start: UInt32 = 0) -> UInt32 {
    var result = uLong(start)
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
      result = crc32(
        result, piece.baseAddress?.assumingMemoryBound(to: Bytef.self), uInt(piece.count))
      rest = rest.dropFirst(piece.count)
    }
    return UInt32(truncatingIfNeeded: result)
  }

  /// CRC-32 of bytes with the checksum `first` and then `count` bytes with the checksum `second`.
  static func checksum(
    _ first: UInt32, followedBy second: UInt32, ofBytes count: Int
  ) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32_combine(uLong(first), uLong(second), .init(count)))
  }

  /// Unpacks bytes that were deflated to exactly `count` bytes.
  ///
  /// - Throws: where they are no deflated bytes, or unpack to more or fewer.
  static func unpack(
    _ range: Range<Int>, of file: FileBytes, to count: Int, _ member: String
  ) throws(ModelFileError) -> [UInt8] {
    func flaw(_ reason: String) -> ModelFileError {
      ModelFileError(path: file.path, place: .member(member), reason: reason)
    }
    var stream = z_stream()
    guard
      inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw flaw("zlib cannot begin") }
    defer { inflateEnd(&stream) }
    var result = [UInt8](repeating: 0, count: count)
    var input = [UInt8](repeating: 0, count: min(range.count, 1 << 16))
    var (read, written) = (range.lowerBound, 0)
    // Room for one byte more, so that what unpacks to more is seen.
    var spare: UInt8 = 0
    while true {
      let piece = min(input.count, range.upperBound - read)
      input = try file.bytes(read..<read + piece)
      var status = Z_OK
      var consumed = 0
      repeat {
        let before = written
        let (inUse, outUse, code) = input.withUnsafeMutableBufferPointer { input in
          result.withUnsafeMutableBufferPointer { output in
            withUnsafeMutablePointer(to: &spare) { spare in
              stream.next_in = input.baseAddress.map { $0 + consumed }
              stream.avail_in = uInt(piece - consumed)
              let room = min(count - written, 1 << 30)
              stream.next_out = room > 0 ? output.baseAddress.map { $0 + written } : spare
              stream.avail_out = uInt(max(room, 1))
              let code = inflate(&stream, Z_NO_FLUSH)
              return (
                piece - Int(stream.avail_in), max(room, 1) - Int(stream.avail_out), code
              )
            }
          }
        }
        (consumed, status) = (inUse, code)
        written += outUse
        guard written <= count else {
          throw flaw("unpacks to more than the \(count) bytes that are declared")
        }
        guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
          throw flaw("expected deflated bytes, found others at byte \(read + consumed) of the file")
        }
        if written == before && consumed == piece { break }
      } while status == Z_OK
      read += piece
      if status == Z_STREAM_END {
        guard consumed == piece && read == range.upperBound else {
          throw flaw("expected the end of the deflated bytes, found more")
        }
        break
      }
      guard read < range.upperBound else { throw flaw("the deflated bytes do not end") }
      guard consumed == piece else { throw flaw("the deflated bytes make no progress") }
    }
    guard written == count else {
      throw flaw("unpacks to \(written) bytes, expected \(count)")
    }
    return result
  }

  /// The bytes, deflated.
  static func pack(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    let begun = deflateInit2_(
      &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    require(begun == Z_OK, "zlib cannot begin to deflate: \(begun)")
    defer { deflateEnd(&stream) }
    var input = bytes
    var result: [UInt8] = []
    var output = [UInt8](repeating: 0, count: 1 << 16)
    var read = 0
    while true {
      let piece = min(input.count - read, 1 << 30)
      let isLast = read + piece == input.count
      let (used, made, code) = input.withUnsafeMutableBufferPointer { input in
        output.withUnsafeMutableBufferPointer { output in
          stream.next_in = input.baseAddress.map { $0 + read }
          stream.avail_in = uInt(piece)
          stream.next_out = output.baseAddress
          stream.avail_out = uInt(output.count)
          let code = deflate(&stream, isLast ? Z_FINISH : Z_NO_FLUSH)
          return (piece - Int(stream.avail_in), output.count - Int(stream.avail_out), code)
        }
      }
      read += used
      result += output[..<made]
      if code == Z_STREAM_END { return result }
      require(code == Z_OK || code == Z_BUF_ERROR, "zlib cannot deflate: \(code)")
    }
  }
}
