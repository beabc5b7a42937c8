import Foundation

/// Writes a report so that its file is complete or absent.
enum OutputFile {
  /// Fails early, before minutes of measuring, when `path` cannot be written to.
  ///
  /// - Throws: ``BenchError`` (exit 64).
  static func checkWritable(path: String) throws {
    var isDirectory: ObjCBool = false
    let manager = FileManager.default
    if manager.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
      throw BenchError.usage("\(path): is a folder")
    }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard manager.fileExists(atPath: folder, isDirectory: &isDirectory), isDirectory.boolValue
    else { throw BenchError.usage("\(path): the folder does not exist") }
    guard manager.isWritableFile(atPath: folder) else {
      throw BenchError.usage("\(path): the folder is not writable")
    }
  }

  /// Writes `text` to a temporary file in the same folder, syncs it and renames it over `path`.
  ///
  /// - Throws: ``BenchError`` (exit 73); the temporary file is removed and `path` untouched.
  static func write(_ text: String, to path: String) throws {
    let temporary = "\(path).\(ProcessInfo.processInfo.processIdentifier).partial"
    let manager = FileManager.default
    do {
      guard manager.createFile(atPath: temporary, contents: nil) else {
        throw CocoaError(.fileWriteUnknown)
      }
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: temporary))
      try handle.write(contentsOf: Data(text.utf8))
      try handle.synchronize()
      try handle.close()
      guard rename(temporary, path) == 0 else { throw CocoaError(.fileWriteUnknown) }
    } catch {
      try? manager.removeItem(atPath: temporary)
      throw BenchError.cannotWrite("\(path): cannot be written")
    }
  }
}
