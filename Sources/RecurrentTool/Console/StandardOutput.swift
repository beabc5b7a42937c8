import Foundation

/// Standard output, where results go.
enum StandardOutput {
  /// - Throws: ``ToolError`` (exit 74) where nothing can be written there.
  static func write(_ text: String) throws(ToolError) {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    } catch {
      throw ToolError.cannotWrite("standard output: cannot be written")
    }
  }

  /// Writes lines.
  static func write(lines: [String]) throws(ToolError) {
    try write(lines.map { $0 + "\n" }.joined())
  }
}
