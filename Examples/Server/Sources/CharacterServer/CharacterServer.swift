import ArgumentParser
import CharacterServing
import Foundation
import Hummingbird
import Logging

@main
struct CharacterServer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "CharacterServer",
    abstract: "Serves a language model of characters over HTTP.",
    discussion: """
      POST /generate with {"prompt": "…", "length": 200, "seed": 0, "temperature": 0.7} answers with text, one \
      character at a time; the same request always with the same text. All answers are written by one \
      StreamBatcher: those whose next character is due at about the same time step together. GET /health says \
      ok, GET /stats what has been done, as JSON.

      400 is no request, 503 with Retry-After says that all sessions are taken. SIGTERM and SIGINT end the \
      server when the answers under way are written.

      EXAMPLES
        CharacterServer --model kjv.safetensors --text data/bible/kjv.txt
        curl -N localhost:8080/generate -d '{"prompt": "In the beginning "}'
      """)

  @Option(
    help: ArgumentHelp(
      "Weights; the characters stand beside them, in FILE.vocabulary.", valueName: "file"))
  var model: String

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "UTF-8 text to train a model on where there is none yet.", valueName: "file"))
  var text: [String] = []

  @Option(help: "How long to train it.")
  var minutes = 2.0

  @Option(help: "Hidden units of a model to train.")
  var units = 256

  @Option(help: "The address to listen on.")
  var host = "127.0.0.1"

  @Option(help: "The port to listen on; 0 for any that is free.")
  var port = 8080

  @Option(help: "How many answers are written at once.")
  var maxSessions = 256

  @Option(help: "The most that step together.")
  var batch = 64

  @Option(
    help: ArgumentHelp(
      "How long a batch waits for those missing. [default: for a sixteenth of the batch before]",
      valueName: "microseconds"))
  var patience: Int?

  @Option(help: "Threads of a step, and of training.")
  var threads = 1

  @Option(help: "The longest answer, in characters.")
  var maxLength = 2000

  @Option(help: "The longest prompt, in characters.")
  var maxPrompt = 1000

  func validate() throws {
    for (option, value, range) in [
      ("units", units, 1...8192), ("port", port, 0...65535),
      ("max-sessions", maxSessions, 1...1_000_000), ("batch", batch, 1...100_000),
      ("patience", patience ?? 0, 0...1_000_000), ("threads", threads, 1...1024),
      ("max-length", maxLength, 1...1_000_000), ("max-prompt", maxPrompt, 0...1_000_000),
    ] where !range.contains(value) {
      throw ValidationError(
        "--\(option) must be from \(range.lowerBound) to \(range.upperBound), not \(value)")
    }
    guard minutes > 0, minutes.isFinite else {
      throw ValidationError("--minutes must be positive")
    }
  }

  func run() async throws {
    let text: TextModel
    do {
      text = try readOrTrain()
    } catch {
      Self.say("error: \(error)", to: .standardError)
      // EX_DATAERR of sysexits.h.
      throw ExitCode(65)
    }
    var limits = GenerationLimits()
    (limits.length, limits.prompt) = (maxLength, maxPrompt)
    // A character of JSON takes 12 bytes at most.
    limits.bytes = 12 * maxPrompt + 4096
    let service = GenerationService(
      text, limits: limits, maximumSessions: maxSessions, maximumBatch: batch,
      patience: patience.map { .microseconds($0) }, threads: threads)
    let host = host
    let app = Application(
      router: service.routes(),
      configuration: .init(address: .hostname(host, port: port), backlog: 1024),
      onServerRunning: { channel in
        let port = channel.localAddress?.port ?? 0
        Self.say("listening on http://\(host):\(port)", to: .standardOutput)
      },
      logger: Self.logger)
    try await app.runService()
    let done = service.statistics
    Self.say(
      "ended: \(done.completed) answers written, \(done.brokenOff) broken off, "
        + "\(done.refused) refused, \(done.sessions) sessions left",
      to: .standardError)
  }

  /// The model's file; where there is none, a model of the texts, whose file is then there.
  private func readOrTrain() throws -> TextModel {
    if FileManager.default.fileExists(atPath: model) { return try TextModel(contentsOf: model) }
    guard !text.isEmpty else {
      throw TextModelError(
        path: model, reason: "no such file; with --text FILE a model is trained and kept there")
    }
    let texts = try text.map { path in
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      guard let text = String(validating: data, as: UTF8.self) else {
        throw TextModelError(path: path, reason: "no UTF-8 text")
      }
      return text
    }
    let (trained, bits) = try TextModel.trained(
      on: texts, units: units, minutes: minutes, seed: 1, threads: threads)
    try trained.write(to: model)
    let shown = String(format: "%.2f", bits)
    Self.say(
      "\(model): \(shown) bits per character of what was held out", to: .standardError)
    return trained
  }

  private static var logger: Logger {
    var logger = Logger(label: "CharacterServer")
    logger.logLevel = .warning
    return logger
  }

  /// Writes a line at once, also where nobody reads lines.
  private static func say(_ line: String, to file: FileHandle) {
    file.write(Data((line + "\n").utf8))
  }
}
