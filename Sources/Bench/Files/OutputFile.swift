import Foundation
import WholeFiles

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

  /// Writes `text` over the file at `path`, whole or not at all.
  ///
  /// - Throws: ``BenchError`` (exit 73); `path` is untouched.
  static func write(_ text: String, to path: String) throws {
    do {
      try WholeFile.write(text.utf8, to: path)
    } catch {
      throw BenchError.cannotWrite(error.description)
    }
  }
}
