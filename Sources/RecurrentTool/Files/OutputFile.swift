import Foundation
import ModelFiles

/// Files that are written, whole or not at all.
enum OutputFile {
  /// The format that a path's ending asks for.
  ///
  /// - Throws: ``ToolError`` (exit 64) where it asks for none that is written.
  static func format(_ path: String) throws(ToolError) -> TensorFile.Format {
    let ending = path.split(separator: ".", omittingEmptySubsequences: false).last ?? ""
    switch ending.lowercased() {
    case "safetensors": return .safetensors
    case "npz": return .npz
    case "npy": return .npy
    case "pt", "pth":
      throw .usage("\(path): PyTorch's files are read only, expected .safetensors, which it reads")
    default: throw .usage("\(path): expected a name that ends in .safetensors, .npz or .npy")
    }
  }

  /// Writes tensors.
  ///
  /// - Throws: ``ToolError``: exit 65 where the format cannot hold them, 74 where the file cannot be written.
  static func write(
    _ file: TensorFile, to path: String, as format: TensorFile.Format
  ) throws(ToolError) {
    do {
      try file.write(to: path, as: format)
    } catch {
      // A place is that of a tensor that the format cannot hold, or that can no longer be read.
      throw error.place == nil && error.path == path
        ? .cannotWrite(error.description) : ToolError(error)
    }
  }

  /// Makes the folder at `path` where it is not there yet.
  ///
  /// - Throws: ``ToolError`` (exit 74).
  static func makeFolder(_ path: String) throws(ToolError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw ToolError.cannotWrite("\(path): the folder cannot be made")
    }
    guard FileManager.default.isWritableFile(atPath: path) else {
      throw ToolError.cannotWrite("\(path): the folder is not writable")
    }
  }
}
