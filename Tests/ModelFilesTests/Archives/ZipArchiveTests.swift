import Foundation
import Testing

@testable import ModelFiles

@Suite struct ZipArchiveTests {
  /// Where these bytes are.
  func place(_ needle: [UInt8], in bytes: [UInt8], after start: Int = 0) throws -> Int {
    try #require(
      (start..<bytes.count - needle.count).first {
        bytes[$0..<$0 + needle.count].elementsEqual(needle)
      })
  }

  @Test func `members that share bytes, lie outside or are doubled are refused`() throws {
    let bytes = try GoldenFiles.bytes("stored.npz")
    let first = try place([0x50, 0x4B, 0x01, 0x02], in: bytes)
    let second = try place([0x50, 0x4B, 0x01, 0x02], in: bytes, after: first + 4)
    // The second entry says that it is where the first one is.
    var shared = bytes
    shared.replaceSubrange(second + 42..<second + 46, with: bytes[first + 42..<first + 46])
    #expect(refusal(of: shared).contains("is another member at its place than in the directory"))
    // And the name of the first one, too.
    shared.replaceSubrange(second..<second + 46 + 7, with: bytes[first..<first + 46 + 7])
    #expect(refusal(of: shared).contains("expected one member of that name"))
    var outside = bytes
    outside.replaceSubrange(first + 42..<first + 46, with: [255, 255, 255, 127])
    #expect(refusal(of: outside).contains("expected it before the directory"))
    var longer = bytes
    for place in [first + 20, first + 24] { longer[place + 2] = 1 }
    #expect(refusal(of: longer).contains("expected its end before byte"))
    var larger = bytes
    larger[first + 20] += 1
    #expect(refusal(of: larger).contains("is stored in"))
    var overlapping = bytes
    for place in [first + 20, first + 24] { overlapping[place] += 1 }
    #expect(refusal(of: overlapping).contains("shares bytes with member"))
    var encrypted = bytes
    encrypted[first + 8] |= 1
    #expect(refusal(of: encrypted).contains("is encrypted"))
    var packed = bytes
    packed[first + 10] = 12
    #expect(refusal(of: packed).contains("is packed by method 12"))
  }

  @Test func `bytes in front, behind or missing are refused`() throws {
    let bytes = try GoldenFiles.bytes("stored.npz")
    #expect(refusal(of: bytes + [0]).contains("as the last thing in the file"))
    #expect(refusal(of: [0] + bytes, .npz).contains("expected it to end at byte"))
    #expect(refusal(of: Array(bytes.dropLast())).contains("as the last thing in the file"))
    var count = bytes
    for place in [bytes.count - 14, bytes.count - 12] { count[place] += 1 }
    #expect(refusal(of: count).contains("expected a member"))
    for place in [bytes.count - 14, bytes.count - 12] { count[place + 1] = 200 }
    #expect(refusal(of: count).contains("members do not fit a directory"))
  }

  @Test func `a changed number is found by its checksum`() throws {
    for name in ["stored.npz", "deflated.npz"] {
      var bytes = try GoldenFiles.bytes(name)
      let directory = try place([0x50, 0x4B, 0x01, 0x02], in: bytes)
      bytes[directory + 16] ^= 1
      #expect(refusal(of: bytes).contains("has the checksum"))
    }
  }

  @Test func `what unpacks to more or less than it says is refused`() throws {
    let bytes = try GoldenFiles.bytes("deflated.npz")
    let first = try place([0x50, 0x4B, 0x01, 0x02], in: bytes)
    var more = bytes
    more[first + 24] -= 1
    #expect(refusal(of: more).contains("unpacks to more than the"))
    var less = bytes
    less[first + 24] += 1
    #expect(refusal(of: less).contains("unpacks to 176 bytes, expected 177"))
    var bomb = bytes
    bomb[first + 27] = 127
    #expect(refusal(of: bomb).contains("deflated ones cannot be"))
    #expect(
      refusal(of: bytes, limits: ReadingLimits(unpackedBytes: 200)).contains(
        "bytes unpacked, expected at most 200"))
  }
}
