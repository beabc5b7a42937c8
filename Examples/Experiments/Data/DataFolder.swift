import Foundation
import WholeFiles

/// The folder that `make data` fills with real text, a folder in it for each source.
struct DataFolder: Sendable, Hashable {
  /// Where it is.
  let path: String

  init(_ path: String) { self.path = path }

  /// The one of this checkout, from wherever the program is run.
  static var ofPackage: DataFolder {
    var root = URL(fileURLWithPath: #filePath)
    // Data, Experiments, Examples.
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return DataFolder(root.appendingPathComponent("data").path)
  }

  /// Every byte of a file.
  ///
  /// - Parameter file: its path in the folder, such as `reviews/neg.txt`.
  /// - Throws: ``DataError``, which names the file and the command that fetches it.
  func bytes(_ file: String) throws(DataError) -> [UInt8] {
    do {
      return try WholeFile.read("\(path)/\(file)", limit: 1 << 28)
    } catch {
      throw DataError(self, file, error.reason)
    }
  }

  /// The lines of a text in UTF-8, without their ends.
  func lines(_ file: String) throws(DataError) -> [String] {
    var lines = try bytes(file).split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    var texts: [String] = []
    texts.reserveCapacity(lines.count)
    for (i, line) in lines.enumerated() {
      guard let text = String(validating: line, as: UTF8.self) else {
        throw DataError(self, file, line: i + 1, "not UTF-8")
      }
      texts.append(text)
    }
    return texts
  }
}

extension ExperimentRun {
  /// The folder of texts that the experiment was given.
  var data: DataFolder { DataFolder(dataFolder) }
}

/// Data that is missing or not what it should be.
struct DataError: Error, Hashable, CustomStringConvertible {
  /// The file, with the path of its folder.
  let file: String
  /// Counted from 1.
  let line: Int?
  let reason: String
  /// What brings the file.
  let command: String

  init(_ folder: DataFolder, _ file: String, line: Int? = nil, _ reason: String) {
    self.file = "\(folder.path)/\(file)"
    self.line = line
    self.reason = reason
    command = "make data ARGS=\(file.prefix { $0 != "/" })"
  }

  var description: String {
    let place = line.map { "\(file): line \($0)" } ?? file
    return "\(place): \(reason); `\(command)` fetches it"
  }
}
