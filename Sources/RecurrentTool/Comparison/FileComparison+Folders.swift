import Foundation
import ModelFiles

extension FileComparison {
  /// Compares two files, or two folders of files.
  ///
  /// - Throws: ``ToolError``: exit 66 where one is not there, 65 where one is none of the formats, 64 where
  ///   one is a folder and the other a file.
  init(
    _ a: String, _ b: String, _ tolerance: Tolerance, _ progress: Progress
  ) throws(ToolError) {
    let (isFolder, other) = (try Self.isFolder(a), try Self.isFolder(b))
    guard isFolder == other else {
      throw .usage("\(isFolder ? a : b): is a folder, expected two folders or two files")
    }
    guard isFolder else {
      try add(
        try InputFile.tensors(a), try InputFile.tensors(b), paths: (a, b), name: "", tolerance,
        progress)
      progress.end()
      return
    }
    let (own, others) = (try Self.names(a), try Self.names(b))
    for name in own.union(others).sorted() {
      if others.contains(name) && own.contains(name) {
        let paths = ("\(a)/\(name)", "\(b)/\(name)")
        try add(
          try InputFile.tensors(paths.0), try InputFile.tensors(paths.1), paths: paths, name: name,
          tolerance,
          progress)
      } else {
        unpaired.append("\(name): only in \(own.contains(name) ? a : b)")
      }
    }
    progress.end()
    guard count + unpaired.count > 0 else {
      throw .data("\(a): has no files of arrays, expected some that end in \(Self.endings)")
    }
  }

  private static let endings = [".npy", ".npz", ".safetensors", ".pt", ".pth", ".onnx"]

  private static func isFolder(_ path: String) throws(ToolError) -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw .noInput("\(path): no such file or folder")
    }
    return isFolder.boolValue
  }

  /// The files of arrays that lie in a folder itself.
  private static func names(_ path: String) throws(ToolError) -> Set<String> {
    do {
      return Set(
        try FileManager.default.contentsOfDirectory(atPath: path)
          .filter { name in endings.contains { name.lowercased().hasSuffix($0) } })
    } catch {
      throw ToolError.noInput("\(path): the folder cannot be read")
    }
  }
}
