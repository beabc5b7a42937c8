import Foundation

/// What changes on a machine from one minute to the next.
enum SystemState {
  /// How many processes wanted to run, averaged over the last minute. `nil` where not known.
  static var loadAverage: Double? {
    var loads = [Double](repeating: 0, count: 1)
    return getloadavg(&loads, 1) == 1 ? loads[0] : nil
  }

  /// The bytes that can be allocated without swapping. `nil` where not known.
  static var availableMemory: Double? {
    kibibytes("MemAvailable", inFile: "/proc/meminfo").map { $0 * 1024 }
  }

  /// The largest resident size of this program so far, in bytes. `nil` where not known.
  ///
  /// Not `getrusage`'s on Linux: that one begins with the process which started this program.
  static var peakResidentBytes: Int? {
    #if os(Linux)
      return kibibytes("VmHWM", inFile: "/proc/self/status").map { Int($0) * 1024 }
    #else
      var usage = rusage()
      return getrusage(RUSAGE_SELF, &usage) == 0 ? Int(usage.ru_maxrss) : nil
    #endif
  }

  /// The number of a line `name: 123 kB`.
  private static func kibibytes(_ name: String, inFile path: String) -> Double? {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("\(name):") {
      let fields = line.split(whereSeparator: \.isWhitespace)
      if fields.count >= 2 { return Double(fields[1]) }
    }
    return nil
  }

  /// The commit that the package is at, `unknown` where git cannot say.
  static var commit: String {
    guard let root = PackageDirectory.root,
      let hash = Subprocess.output(
        ["git", "-C", root.path, "rev-parse", "--short=12", "HEAD"])
    else { return "unknown" }
    let changes = Subprocess.output(
      ["git", "-C", root.path, "status", "--porcelain", "--untracked-files=no"])
    return changes == "" ? hash : hash + "+changes"
  }
}
