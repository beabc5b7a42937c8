import Foundation
import Testing
import WholeFiles

@Suite struct WholeFileTests {
  /// Calls `body` with an empty folder.
  func inFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder)
  }

  @Test func `writes, replaces and reads`() throws {
    try inFolder { folder in
      let path = folder + "/file"
      for bytes in [[], [0, 1, 255], (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }] {
        try WholeFile.write(bytes as [UInt8], to: path)
        #expect(try WholeFile.read(path, limit: 200_000) == bytes)
        #expect(try names(folder) == ["file"])
      }
    }
  }

  @Test func `what was appended can be written over`() throws {
    try inFolder { folder in
      let path = folder + "/file"
      // More than one call of the system takes.
      var expected = (0..<20_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      try WholeFile.write(to: path) { (file) throws(FileFailure) in
        try expected.withUnsafeBufferPointer { (bytes) throws(FileFailure) in
          try file.append(UnsafeRawBufferPointer(bytes))
        }
        try file.overwrite([1, 2, 3], at: 9_999_999)
      }
      expected.replaceSubrange(9_999_999..<10_000_002, with: [1, 2, 3])
      #expect(try WholeFile.read(path, limit: expected.count) == expected)
    }
  }

  @Test func `a failure on the way leaves the old file and nothing else`() throws {
    try inFolder { folder in
      let path = folder + "/file"
      try WholeFile.write("old".utf8, to: path)
      let failure = #expect(throws: FileFailure.self) {
        try WholeFile.write(to: path) { (file) throws(FileFailure) in
          try Array("new".utf8).withUnsafeBufferPointer { (bytes) throws(FileFailure) in
            try file.append(UnsafeRawBufferPointer(bytes))
          }
          _ = try WholeFile.read(folder + "/absent", limit: 1)
        }
      }
      #expect(failure?.description == "\(folder)/absent: cannot be read: No such file or directory")
      #expect(try WholeFile.read(path, limit: 3) == Array("old".utf8))
      #expect(try names(folder) == ["file"])
    }
  }

  @Test func `what cannot be is named`() throws {
    try inFolder { folder in
      #expect(throws: FileFailure.self) { try WholeFile.write([1], to: folder + "/no/file") }
      // A folder stands where the file should go: known only when all is written.
      try FileManager.default.createDirectory(
        atPath: folder + "/taken/x", withIntermediateDirectories: true)
      let taken = #expect(throws: FileFailure.self) {
        try WholeFile.write([1], to: folder + "/taken")
      }
      #expect(taken?.path == folder + "/taken")
      #expect(taken?.reason.hasPrefix("cannot be written: ") == true)
      #expect(try names(folder) == ["taken"])
      let isFolder = #expect(throws: FileFailure.self) { try WholeFile.read(folder, limit: 9) }
      #expect(isFolder?.reason == "cannot be read: Is a directory")
      try WholeFile.write([1, 2, 3], to: folder + "/long")
      let long = #expect(throws: FileFailure.self) {
        try WholeFile.read(folder + "/long", limit: 2)
      }
      #expect(long?.reason == "expected at most 2 bytes")
    }
  }
}
