import Foundation
import Testing

/// `CharacterModel` and `AddingProblem` as their users run them.
@Suite struct CommandLineTests {
  struct Outcome {
    var status: Int32
    var output: String
    var error: String
  }

  /// Runs the program that was built beside these tests.
  func run(_ arguments: [String], program: String = "CharacterModel") throws -> Outcome {
    let tests = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    let process = Process()
    process.executableURL = tests.deletingLastPathComponent().appendingPathComponent(program)
    process.arguments = arguments
    let (output, error) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, error)
    try process.run()
    let written = output.fileHandleForReading.readDataToEndOfFile()
    let complaint = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: written, as: UTF8.self),
      error: String(decoding: complaint, as: UTF8.self))
  }

  /// Calls `body` with the path of a file that holds `contents`.
  func withFile(_ contents: Data, _ body: (String) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "character-model-\(UUID().uuidString).txt")
    try contents.write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    try body(url.path)
  }

  static let text = (0..<200).map { "Line \($0) of \($0 * 7919 % 1013) lines in all.\n" }.joined()

  func lines(_ outcome: Outcome) -> [String] {
    outcome.error.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("warning:") }
  }

  @Test func `trains on a file and writes`() throws {
    try withFile(Data(Self.text.utf8)) { path in
      let arguments =
        "--hidden 12 --embedding 4 --batch 4 --steps 16 --epochs 2 --cell gru --sample-length 20"
        .split(separator: " ").map(String.init) + ["--prompt", "Line ", path]
      let outcome = try run(arguments)
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.output.contains("bits per character"))
      #expect(outcome.output.contains("\nLine "))
      #expect(outcome.error.contains("1 file, "))
      #expect(outcome.error.contains("tokens/s"))
      let again = try run(arguments)
      func sample(_ outcome: Outcome) -> Substring? {
        outcome.output.firstRange(of: "\n\n").map { outcome.output[$0.upperBound...] }
      }
      #expect(sample(outcome) != nil && sample(outcome) == sample(again), "one seed, one text")
    }
  }

  @Test func `a file that is not there`() throws {
    let outcome = try run(["no-such-file.txt"])
    #expect(outcome.status == 66)
    #expect(lines(outcome) == ["error: no-such-file.txt: cannot be read: no such file"])
    #expect(outcome.output.isEmpty)
    let folder = try run([FileManager.default.temporaryDirectory.path])
    #expect(folder.status == 66)
    #expect(folder.error.contains("cannot be read: it is a folder"))
  }

  @Test func `a file that is not UTF-8`() throws {
    try withFile(Data("Gr".utf8) + Data([0xFC, 0xDF, 0x65])) { path in
      let outcome = try run([path])
      #expect(outcome.status == 65)
      #expect(lines(outcome) == ["error: \(path): not UTF-8 text: invalid byte at offset 2"])
    }
  }

  @Test(arguments: [0, 100]) func `a text that is too short`(count: Int) throws {
    try withFile(Data(String(repeating: "x", count: count).utf8)) { path in
      let outcome = try run([path])
      #expect(outcome.status == 65)
      #expect(lines(outcome).count == 1)
      #expect(outcome.error.contains("the text is too short"))
    }
  }

  @Test(arguments: [
    ["--cell", "transformer"], ["--hidden", "0"], ["--batch", "-3"], ["--minutes", "0"],
    ["--learning-rate", "nan"], ["--temperature", "-1"], ["--validation-fraction", "1"],
    ["--dropout", "1"], ["--seed", "-1"], ["--threads", "many"], ["--top-k", "0"], ["--nonsense"],
  ])
  func `bad options`(arguments: [String]) throws {
    let outcome = try run(arguments)
    #expect(outcome.status == 64, "\(arguments): \(outcome.error)")
    #expect(outcome.error.contains("Error: "))
    #expect(outcome.output.isEmpty)
  }

  @Test func `help`() throws {
    let outcome = try run(["--help"])
    #expect(outcome.status == 0)
    for option in ["--cell", "--minutes", "--validation-fraction", "--threads", "--prompt"] {
      #expect(outcome.output.contains(option))
    }
  }

  @Test func `the adding problem prints a table`() throws {
    let arguments =
      "--cells rnn,mut3 --steps 4 --hidden 3 --batch 4 --updates 60 --threads 1"
      .split(separator: " ").map(String.init)
    let outcome = try run(arguments, program: "AddingProblem")
    #expect(outcome.status == 0, "\(outcome.error)")
    let rows = outcome.output.split(separator: "\n").filter { $0.hasPrefix("|") }
    #expect(rows.count == 4 && rows[2].hasPrefix("| rnn |") && rows[3].hasPrefix("| mut3 |"))
    #expect(lines(outcome).last?.hasPrefix("2/2 mut3: update 60 of 60, validation error ") == true)
  }

  @Test(arguments: [
    (["--cells", "tree"], "lstm, gru, "), (["--steps", "1"], "--steps must be in 2...100000."),
    (["--learning-rate", "0"], "--learning-rate must be positive."),
  ])
  func `the adding problem says what is wrong`(arguments: [String], message: String) throws {
    let outcome = try run(arguments, program: "AddingProblem")
    #expect(outcome.status == 64 && outcome.error.contains(message), "\(outcome.error)")
    #expect(outcome.output.isEmpty)
  }
}
