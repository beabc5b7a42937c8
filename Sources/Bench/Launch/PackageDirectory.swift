import Foundation

/// Where this package lies on disk: the suites, the baseline and the sources to rebuild from.
enum PackageDirectory {
  /// The package's root: the folder above the executable that holds `Package.swift`, `Benchmarks` and
  /// `Sources/Bench`, which a package that uses this one has not, else the folder that this file was compiled in, else one above the current one.
  static let root: URL? = {
    var candidates: [URL] = []
    if let executable = executablePath {
      candidates += ancestors(of: URL(fileURLWithPath: executable))
    }
    candidates += ancestors(of: URL(fileURLWithPath: #filePath))
    let current = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
    candidates += [current] + ancestors(of: current)
    return candidates.first(where: isRoot)
  }()

  /// The folder of suites and baseline.
  static var benchmarks: URL? { root?.appendingPathComponent("Benchmarks", isDirectory: true) }

  /// The running executable's path with links resolved.
  static var executablePath: String? {
    #if os(Linux)
      return try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    #else
      return Bundle.main.executablePath
    #endif
  }

  private static func ancestors(of url: URL) -> [URL] {
    var result: [URL] = []
    var url = url.standardizedFileURL
    while url.path != "/" {
      url = url.deletingLastPathComponent()
      result.append(url)
    }
    return result
  }

  private static func isRoot(_ url: URL) -> Bool {
    ["Package.swift", "Benchmarks", "Sources/Bench"].allSatisfy {
      FileManager.default.fileExists(atPath: url.appendingPathComponent($0).path)
    }
  }
}
