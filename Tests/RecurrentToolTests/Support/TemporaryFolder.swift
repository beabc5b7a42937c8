import Foundation
import ModelFiles

/// A folder that goes when its owner does.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("recurrent-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  /// Writes a file and returns its path.
  func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
    let path = path(name)
    try Data(Array(bytes)).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Writes tensors in the format of the name's ending and returns the path.
  func write(_ tensors: Tensor..., to name: String) throws -> String {
    let path = path(name)
    try TensorFile(tensors).write(to: path)
    return path
  }

  /// The names of all files in the folder.
  var contents: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
  }
}
