import ArgumentParser
import CharacterServing
import Foundation
import LinAlg
import SequenceModels

@main
struct LoadTest: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "LoadTest",
    abstract: "Visits a server as many clients that come, go and break off.",
    discussion: """
      Starts the CharacterServer that was built beside it, on the loopback. Every answer must be, character for \
      character, the one that a session of its own gives; of one that a client breaks off, what it got must be \
      its beginning. In the end no session may be left, and the server's counts must be the clients'. The model \
      has random weights that make much of little: where one bit of a state differs, the text soon does.
      """)

  @Option(help: "Clients at the same time.")
  var clients = 200

  @Option(help: "How often each comes.")
  var visits = 5

  @Option(help: "How many answers the server writes at once.")
  var maxSessions = 150

  @Option(help: "Hidden units of the model.")
  var units = 128

  @Option(help: "Threads of a step.")
  var threads = 1

  @Option(help: "How long a batch waits for those missing, in microseconds.")
  var patience: Int?

  func run() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("LoadTest-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("model.safetensors").path
    let text = Self.model(units: units)
    try text.write(to: path)

    do {
      try await Conversation(text: text, program: Self.server, model: path).run()
      let crowd = Crowd(
        text: text, clients: clients, visits: visits, maximumSessions: maxSessions,
        arguments: [
          "--model", path, "--max-sessions", "\(maxSessions)", "--threads", "\(threads)",
        ] + (patience.map { ["--patience", "\($0)"] } ?? []))
      try await crowd.run(Self.server)
    } catch {
      FileHandle.standardError.write(Data("LoadTest: \(error)\n".utf8))
      throw ExitCode.failure
    }
  }

  /// The program beside this one.
  private static var server: String {
    URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appendingPathComponent("CharacterServer").path
  }

  /// A model that nobody has trained: states that wander far, and scores that are far apart.
  private static func model(units: Int) -> TextModel {
    let alphabet = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJ.,;äéЖ漢🙂\n".unicodeScalars
    let vocabulary = Vocabulary(alphabet.map { String($0) }, special: [.unknown])
    var text = TextModel(vocabulary: vocabulary, features: 32, units: units, seed: 7)
    var recurrent = text.model.layer.parameters.U
    recurrent.scale(by: 4)
    text.model.layer.parameters.U = recurrent
    if var output = text.model.output.linear {
      var weights = output.parameters.W
      weights.scale(by: 10)
      output.parameters.W = weights
      text.model.output.linear = output
    }
    return text
  }
}

extension Matrix<Float> {
  fileprivate mutating func scale(by factor: Float) {
    withUnsafeMutableBufferPointer { for i in $0.indices { $0[i] *= factor } }
  }
}
