import Autodiff
import Foundation

/// A program that did not do what it was run for.
struct ToolError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The IRST Language Modelling Toolkit (Federico et al. 2008), as `make data` lays it into the folder.
struct IRSTLM {
  let folder: DataFolder

  /// An n-gram model of sequences, each by itself, with Kneser and Ney's discounts (`improved-shift-beta`;
  /// Kneser & Ney 1995, Chen & Goodman 1999).
  func model(of sequences: [[Token]], order: Int, vocabularySize: Int) throws -> BackoffModel {
    _ = try folder.bytes("irstlm/bin/build-lm.sh")
    let work = FileManager.default.temporaryDirectory
      .appendingPathComponent("irstlm-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: work) }
    // Numbers for words, so that none is one of the program's own.
    let text = sequences.map { "<s> " + $0.map { "\($0) " }.joined() + "</s>\n" }.joined()
    try Data(text.utf8).write(to: work.appendingPathComponent("text"))
    try run(
      "bash", "build-lm.sh", "-i", "text", "-n", "\(order)", "-o", "lm.gz", "-k", "1", "-s",
      "improved-shift-beta", "-b", "-t", "stat", in: work)
    try run(nil, "compile-lm", "lm.gz", "--text=yes", "lm.arpa", in: work)
    let bytes = try Data(contentsOf: work.appendingPathComponent("lm.arpa"))
    return try BackoffModel(arpa: Array(bytes), vocabularySize: vocabularySize)
  }

  private func run(
    _ interpreter: String?, _ program: String, _ arguments: String..., in work: URL
  ) throws {
    let root = URL(fileURLWithPath: folder.path).appendingPathComponent("irstlm").path
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = (interpreter.map { [$0] } ?? []) + ["\(root)/bin/\(program)"] + arguments
    var environment = ProcessInfo.processInfo.environment
    environment["IRSTLM"] = root
    environment["LD_LIBRARY_PATH"] = "\(root)/lib"
    process.environment = environment
    process.currentDirectoryURL = work
    let log = work.appendingPathComponent("log")
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    let handle = try FileHandle(forWritingTo: log)
    (process.standardOutput, process.standardError) = (handle, handle)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let said = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
      throw ToolError(
        "\(program) of IRSTLM: status \(process.terminationStatus): \(said.suffix(300))")
    }
  }
}
