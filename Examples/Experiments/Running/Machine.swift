import Foundation

/// What results say about where they come from.
enum Machine {
  /// The commit of the checkout that the program was compiled in; `-dirty` behind it where files differ from
  /// it, or where it is younger than the program.
  static func commit() -> String {
    let git = ["git", "-C", URL(fileURLWithPath: #filePath).deletingLastPathComponent().path]
    guard let commit = output(git + ["describe", "--always", "--dirty", "--exclude", "*"]) else {
      return "unknown"
    }
    guard !commit.hasSuffix("-dirty"), let path = Bundle.main.executablePath,
      let built = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate],
      let time = output(git + ["log", "-1", "--format=%ct"]).flatMap(Double.init)
    else { return commit }
    let isOlder = (built as? Date).map { $0.timeIntervalSince1970 < time } ?? false
    return isOlder ? commit + "-dirty" : commit
  }

  /// The processor's name, as Linux gives it.
  static func processor() -> String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
      ?? "unknown"
  }

  /// What a command prints; nil where it fails.
  private static func output(_ command: [String]) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
