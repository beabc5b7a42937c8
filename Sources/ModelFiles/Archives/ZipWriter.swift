internal import WholeFiles

/// Writes a zip archive member by member; sizes that need them get zip64 fields.
///
/// Times are the first that the format knows, so that the same members give the same bytes.
struct ZipWriter {
  private var directory: [UInt8] = []
  private var count = 0
  private var offset = 0

  /// Writes a member of these pieces, which are stored as they are.
  mutating func add(
    _ name: String, stored head: [UInt8], _ tensor: Tensor, to file: borrowing PartialFile
  ) throws(ModelFileError) {
    var checksum = head.withUnsafeBytes { Deflate.checksum($0) }
    checksum = try tensor.withUnsafeBytes { (bytes) throws(ModelFileError) in
      Deflate.checksum(bytes, after: checksum)
    }
    let size = head.count + tensor.byteCount
    try addHeader(name, method: 0, checksum, packed: size, size, to: file)
    try file.write(head)
    try file.write(tensor)
    offset += size
  }

  /// Writes a member, deflated.
  mutating func add(
    _ name: String, deflating bytes: [UInt8], to file: borrowing PartialFile
  ) throws(ModelFileError) {
    let packed = Deflate.pack(bytes)
    let checksum = bytes.withUnsafeBytes { Deflate.checksum($0) }
    try addHeader(name, method: 8, checksum, packed: packed.count, bytes.count, to: file)
    try file.write(packed)
    offset += packed.count
  }

  private mutating func addHeader(
    _ name: String, method: UInt16, _ checksum: UInt32, packed: Int, _ size: Int,
    to file: borrowing PartialFile
  ) throws(ModelFileError) {
    let isWide = size >= UInt32.max || packed >= UInt32.max
    let isFar = offset >= UInt32.max
    // What both headers have in common: version, flags (the name is UTF-8), method, time, sizes.
    var common: [UInt8] = []
    append(UInt16(isWide || isFar ? 45 : 20), to: &common)
    append(UInt16(name.utf8.contains { $0 > 0x7F } ? 0x800 : 0), to: &common)
    append(method, to: &common)
    append(UInt16(0), to: &common)
    append(UInt16(0x21), to: &common)
    append(checksum, to: &common)
    append(isWide ? UInt32.max : UInt32(packed), to: &common)
    append(isWide ? UInt32.max : UInt32(size), to: &common)
    append(UInt16(name.utf8.count), to: &common)

    var wide: [UInt8] = []
    if isWide {
      append(UInt64(size), to: &wide)
      append(UInt64(packed), to: &wide)
    }
    var local: [UInt8] = [0x50, 0x4B, 0x03, 0x04] + common
    append(UInt16(wide.isEmpty ? 0 : wide.count + 4), to: &local)
    local += name.utf8
    appendField(wide, to: &local)

    if isFar { append(UInt64(offset), to: &wide) }
    directory += [0x50, 0x4B, 0x01, 0x02]
    append(UInt16(45), to: &directory)
    directory += common
    append(UInt16(wide.isEmpty ? 0 : wide.count + 4), to: &directory)
    // No comment, disk 0, attributes.
    directory += Array(repeating: 0, count: 10)
    append(isFar ? UInt32.max : UInt32(offset), to: &directory)
    directory += name.utf8
    appendField(wide, to: &directory)

    try file.write(local)
    offset += local.count
    count += 1
  }

  /// The zip64 field, unless it is empty.
  private func appendField(_ content: [UInt8], to bytes: inout [UInt8]) {
    guard !content.isEmpty else { return }
    append(UInt16(1), to: &bytes)
    append(UInt16(content.count), to: &bytes)
    bytes += content
  }

  /// Writes the directory.
  func finish(_ file: borrowing PartialFile) throws(ModelFileError) {
    var end: [UInt8] = []
    if count >= UInt16.max || offset >= UInt32.max || directory.count >= UInt32.max {
      end += [0x50, 0x4B, 0x06, 0x06]
      append(UInt64(44), to: &end)
      append(UInt16(45), to: &end)
      append(UInt16(45), to: &end)
      append(UInt64(0), to: &end)
      append(UInt64(count), to: &end)
      append(UInt64(count), to: &end)
      append(UInt64(directory.count), to: &end)
      append(UInt64(offset), to: &end)
      end += [0x50, 0x4B, 0x06, 0x07, 0, 0, 0, 0]
      append(UInt64(offset + directory.count), to: &end)
      append(UInt32(1), to: &end)
    }
    end += [0x50, 0x4B, 0x05, 0x06, 0, 0, 0, 0]
    append(UInt16(clamping: count), to: &end)
    append(UInt16(clamping: count), to: &end)
    append(UInt32(clamping: directory.count), to: &end)
    append(UInt32(clamping: offset), to: &end)
    append(UInt16(0), to: &end)
    try file.write(directory)
    try file.write(end)
  }
}

private func append<Number: FixedWidthInteger>(_ number: Number, to bytes: inout [UInt8]) {
  withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
}
