/// The members of a zip archive, with or without zip64 fields (APPNOTE 6.3.10).
///
/// The directory at the end is what counts. It must fill the space up to the end record, which must be the last
/// thing in the file; members must lie before it and share no byte. Only stored and deflated members are known.
struct ZipArchive {
  static let magic: [UInt8] = [0x50, 0x4B, 0x03, 0x04]
  /// How an archive without members begins.
  static let emptyMagic: [UInt8] = [0x50, 0x4B, 0x05, 0x06]

  struct Member {
    var name: String
    /// Where its bytes are in the file, packed or not.
    var range: Range<Int>
    var isDeflated: Bool
    /// How many bytes it has unpacked.
    var count: Int
    var checksum: UInt32
  }

  let file: FileBytes
  let members: [Member]

  init(_ file: FileBytes) throws(ModelFileError) {
    self.file = file
    let end = try Self.findEnd(of: file)
    var directory = ByteReader(
      try file.bytes(end.directory), of: file.path, from: end.directory.lowerBound)
    // Each entry has 46 bytes at least.
    guard end.count <= directory.bytes.count / 46 else {
      throw directory.flaw(
        "\(end.count) members do not fit a directory of \(directory.bytes.count) bytes")
    }
    var members: [Member] = []
    var names: Set<String> = []
    var taken: [Range<Int>] = []
    for _ in 0..<end.count {
      let (member, all) = try Self.readMember(&directory, file, before: end.directory.lowerBound)
      guard names.insert(member.name).inserted else {
        throw ModelFileError(
          path: file.path, place: .member(member.name), reason: "expected one member of that name")
      }
      members.append(member)
      taken.append(all)
    }
    guard directory.left == 0 else {
      throw directory.flaw("expected the end of the directory behind \(end.count) members")
    }
    let order = taken.indices.sorted { taken[$0].lowerBound < taken[$1].lowerBound }
    for (i, j) in zip(order, order.dropFirst()) where taken[i].upperBound > taken[j].lowerBound {
      throw ModelFileError(
        path: file.path, place: .member(members[j].name),
        reason: "shares bytes with member \(quoted(members[i].name)), expected its own")
    }
    self.members = members
  }

  /// Where the directory is, and how many members it lists.
  private static func findEnd(
    of file: FileBytes
  ) throws(ModelFileError) -> (directory: Range<Int>, count: Int) {
    let start = max(0, file.count - 22 - Int(UInt16.max))
    var tail = ByteReader(try file.bytes(start..<file.count), of: file.path, from: start)
    let wanted = "expected the end record of a zip archive as the last thing in the file"
    var place = tail.bytes.count - 22
    while place >= 0 {
      tail.next = place
      // The signature, and a comment that reaches exactly to the end.
      if tail.skip("PK\u{05}\u{06}"),
        Int(tail.bytes[place + 20]) | Int(tail.bytes[place + 21]) << 8
          == tail.bytes.count - 22 - place
      {
        break
      }
      place -= 1
    }
    guard place >= 0 else {
      throw ModelFileError(path: file.path, place: .byte(file.count), reason: wanted)
    }
    tail.next = place + 4
    let disks = (try tail.integer(UInt16.self, "a disk"), try tail.integer(UInt16.self, "a disk"))
    var here = Int(try tail.integer(UInt16.self, "a count"))
    var count = Int(try tail.integer(UInt16.self, "a count"))
    var size = Int(try tail.integer(UInt32.self, "a size"))
    var offset = Int(try tail.integer(UInt32.self, "an offset"))
    var end = start + place
    if end >= 20 {
      var locator = ByteReader(try file.bytes(end - 20..<end), of: file.path, from: end - 20)
      if locator.skip("PK\u{06}\u{07}") {
        _ = try locator.integer(UInt32.self, "a disk")
        let record = try locator.size(UInt64.self, "the place of the zip64 record")
        guard record <= end - 20 - 56 else {
          throw locator.flaw("expected a zip64 record before byte \(end - 20), found \(record)")
        }
        var zip64 = ByteReader(try file.bytes(record..<end - 20), of: file.path, from: record)
        guard zip64.skip("PK\u{06}\u{06}"),
          try zip64.size(UInt64.self, "a size") == zip64.bytes.count - 12
        else { throw zip64.flaw("expected a zip64 end record up to its locator", at: 0) }
        _ = try zip64.take(12, "versions and disks")
        here = try zip64.size(UInt64.self, "a count")
        count = try zip64.size(UInt64.self, "a count")
        size = try zip64.size(UInt64.self, "a size")
        offset = try zip64.size(UInt64.self, "an offset")
        end = record
      }
    }
    guard disks == (0, 0), here == count else {
      throw ModelFileError(
        path: file.path, place: .byte(end), reason: "expected an archive of one disk")
    }
    guard offset <= end, size == end - offset else {
      throw ModelFileError(
        path: file.path, place: .byte(end),
        reason: """
          the directory has \(size) bytes from byte \(offset) on, expected it to end at byte \(end)
          """)
    }
    return (offset..<end, count)
  }

  /// The next member of the directory, and all bytes that are its own, with its local header.
  private static func readMember(
    _ directory: inout ByteReader, _ file: FileBytes, before limit: Int
  ) throws(ModelFileError) -> (Member, Range<Int>) {
    let start = directory.next
    guard directory.skip("PK\u{01}\u{02}") else { throw directory.flaw("expected a member") }
    _ = try directory.take(4, "versions")
    let flags = try directory.integer(UInt16.self, "flags")
    let method = try directory.integer(UInt16.self, "a method")
    _ = try directory.take(4, "a time")
    let checksum = try directory.integer(UInt32.self, "a checksum")
    var packed = Int(try directory.integer(UInt32.self, "a size"))
    var count = Int(try directory.integer(UInt32.self, "a size"))
    let nameCount = Int(try directory.integer(UInt16.self, "a count"))
    let extraCount = Int(try directory.integer(UInt16.self, "a count"))
    let commentCount = Int(try directory.integer(UInt16.self, "a count"))
    _ = try directory.take(8, "a disk and attributes")
    var offset = Int(try directory.integer(UInt32.self, "an offset"))
    let name = try directory.text(nameCount, "a name")
    let extra = try directory.take(extraCount, "extra fields")
    _ = try directory.take(commentCount, "a comment")

    // Only what did not fit 32 bits stands in the zip64 field, in this order.
    var fields = ByteReader(
      Array(directory.bytes[extra]), of: file.path, from: directory.base + extra.lowerBound)
    while fields.left >= 4 {
      let kind = try fields.integer(UInt16.self, "a kind")
      let field = try fields.take(Int(try fields.integer(UInt16.self, "a count")), "an extra field")
      guard kind == 1 else { continue }
      var wide = ByteReader(
        Array(fields.bytes[field]), of: file.path, from: fields.base + field.lowerBound)
      if count == UInt32.max { count = try wide.size(UInt64.self, "a size") }
      if packed == UInt32.max { packed = try wide.size(UInt64.self, "a size") }
      if offset == UInt32.max { offset = try wide.size(UInt64.self, "an offset") }
    }

    func flaw(_ reason: String) -> ModelFileError {
      ModelFileError(path: file.path, place: .member(name), reason: reason)
    }
    guard flags & 0x2041 == 0 else { throw flaw("is encrypted, expected plain bytes") }
    guard method == 0 || method == 8 else {
      throw flaw("is packed by method \(method), expected 0 (stored) or 8 (deflated)")
    }
    guard method == 8 || packed == count else {
      throw flaw("is stored in \(packed) bytes, expected \(count)")
    }
    guard count <= (method == 8 ? Deflate.largestUnpacked(packed) : packed) else {
      throw flaw("declares \(count) bytes, which \(packed) deflated ones cannot be")
    }
    guard offset <= limit - 30, limit >= 30 else {
      throw flaw("begins at byte \(offset), expected it before the directory at byte \(limit)")
    }
    var local = ByteReader(
      try file.bytes(offset..<min(limit, offset + 30 + nameCount)), of: file.path, from: offset)
    guard local.skip("PK\u{03}\u{04}") else {
      throw local.flaw("expected the member \(quoted(name))")
    }
    _ = try local.take(2, "a version")
    let localFlags = try local.integer(UInt16.self, "flags")
    let localMethod = try local.integer(UInt16.self, "a method")
    _ = try local.take(16, "a time, a checksum and sizes")
    let localName = Int(try local.integer(UInt16.self, "a count"))
    let localExtra = Int(try local.integer(UInt16.self, "a count"))
    guard localFlags & 0x2041 == 0, localMethod == method, localName == nameCount,
      local.bytes[try local.take(nameCount, "a name")].elementsEqual(
        directory.bytes[start + 46..<start + 46 + nameCount])
    else { throw flaw("is another member at its place than in the directory") }
    let begin = offset + 30 + nameCount + localExtra
    guard begin <= limit, packed <= limit - begin else {
      throw flaw(
        "has \(packed) bytes from byte \(begin) on, expected its end before byte \(limit)")
    }
    let range = begin..<begin + packed
    return (
      Member(
        name: name, range: range, isDeflated: method == 8, count: count, checksum: checksum),
      offset..<range.upperBound
    )
  }

  /// The bytes of a member, and where in them it begins: the file's own where it is stored, else unpacked.
  ///
  /// - Parameter isVerified: whether its checksum has to be right.
  func contents(
    of member: Member, _ allowance: inout Allowance, isVerified: Bool
  ) throws(ModelFileError) -> (bytes: FileBytes, range: Range<Int>) {
    var (bytes, range) = (file, member.range)
    if member.isDeflated {
      try allowance.unpack(member.count, file.path, .member(member.name))
      bytes = FileBytes(
        try Deflate.unpack(member.range, of: file, to: member.count, member.name),
        named: file.path)
      range = 0..<member.count
    }
    guard isVerified else { return (bytes, range) }
    var checksum: UInt32 = 0
    var next = range.lowerBound
    while next < range.upperBound {
      let piece = try bytes.bytes(next..<min(next + (1 << 20), range.upperBound))
      checksum = piece.withUnsafeBytes { Deflate.checksum($0, after: checksum) }
      next += piece.count
    }
    guard checksum == member.checksum else {
      throw ModelFileError(
        path: file.path, place: .member(member.name),
        reason: """
          has the checksum \(String(checksum, radix: 16)), expected \
          \(String(member.checksum, radix: 16))
          """)
    }
    return (bytes, range)
  }
}
