import Foundation

/// What results say about where they come from.
enum Machine {
  /// The commit of the checkout that the program was compiled in; `-dirty` behind it where files differ from it.
  static func commit() -> String {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
    return output(["git", "-C", folder, "describe", "--always", "--dirty", "--exclude", "*"])
      ?? "unknown"
  }

  /// The processor's name, as Linux gives it.
  static func processor() -> String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
      ?? "unknown"
  }

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
