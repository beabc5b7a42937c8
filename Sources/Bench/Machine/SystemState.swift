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
    guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8) else {
      return nil
    }
    for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("MemAvailable:") {
      let fields = line.split(separator: " ")
      if fields.count >= 2, let kibibytes = Double(fields[1]) { return kibibytes * 1024 }
    }
    return nil
  }

  /// The most memory that this process has held at once, in bytes. `nil` where not known.
  static var peakResidentBytes: Int? {
    var usage = rusage()
    // RUSAGE_SELF, which Glibc's header gives another type than its function takes.
    guard getrusage(0, &usage) == 0 else { return nil }
    #if canImport(Darwin)
      return Int(usage.ru_maxrss)
    #else
      return Int(usage.ru_maxrss) * 1024
    #endif
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
