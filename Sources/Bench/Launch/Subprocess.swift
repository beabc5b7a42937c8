import Foundation

/// Runs other programs.
enum Subprocess {
  /// What the command found on the path prints on its standard output, without the last newline;
  /// `nil` when it cannot be run or fails. Its standard error is dropped.
  static func output(_ command: [String]) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    do { try process.run() } catch { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    var text = String(decoding: data, as: UTF8.self)
    if text.hasSuffix("\n") { text.removeLast() }
    return text
  }

  /// Runs the command found on the path with its output on standard error, or nowhere, and returns its
  /// status.
  static func run(_ command: [String], quiet: Bool = false) -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardOutput = quiet ? FileHandle.nullDevice : FileHandle.standardError
    process.standardInput = FileHandle.nullDevice
    do { try process.run() } catch { return 127 }
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Replaces this process by the program at `path`. Returns only when that fails.
  static func replaceProcess(
    path: String, arguments: [String], environment: [String: String]
  ) {
    var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
    argv.append(nil)
    var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
    envp.append(nil)
    fflush(nil)
    execve(path, argv, envp)
    for pointer in argv + envp { free(pointer) }
  }
}
