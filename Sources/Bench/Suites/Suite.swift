import Foundation

/// A named list of cases, as a committed text file in `Benchmarks`.
struct Suite {
  /// The file's name without its ending, such as `quick`.
  var name: String
  /// Where it was read from.
  var path: String
  var cases: [BenchCase]

  static let fileExtension = "shapes"

  /// Finds a suite by name in `Benchmarks`, or reads the file at a path: a name with a slash or the
  /// ending `.shapes` is a path.
  ///
  /// - Throws: ``BenchError``: exit 64 for a name that no file has, 65 for a file that cannot be read.
  static func named(_ name: String) throws -> Suite {
    if name.contains("/") || name.hasSuffix(".\(fileExtension)") {
      let base = URL(fileURLWithPath: name).deletingPathExtension().lastPathComponent
      return Suite(name: base, path: name, cases: try ShapeFile.read(path: name))
    }
    guard let directory = PackageDirectory.benchmarks else {
      throw BenchError.usage(
        "no folder 'Benchmarks' found beside the package; give --suite the path of a .shapes file")
    }
    let path = directory.appendingPathComponent("\(name).\(fileExtension)").path
    guard FileManager.default.fileExists(atPath: path) else {
      let known = available().joined(separator: ", ")
      throw BenchError.usage("no suite named '\(name)' (known: \(known))")
    }
    return Suite(name: name, path: path, cases: try ShapeFile.read(path: path))
  }

  /// The names of the committed suites, sorted.
  static func available() -> [String] {
    guard let directory = PackageDirectory.benchmarks,
      let files = try? FileManager.default.contentsOfDirectory(atPath: directory.path)
    else { return [] }
    return files.filter { $0.hasSuffix(".\(fileExtension)") }
      .map { String($0.dropLast(fileExtension.count + 1)) }.sorted()
  }
}
