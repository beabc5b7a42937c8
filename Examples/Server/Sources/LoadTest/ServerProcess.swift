import CharacterServing
import Foundation

/// The server as a process of its own, on a port that is free.
final class ServerProcess {
  private let process = Process()
  let port: Int

  /// Starts it, and returns when it listens.
  init(_ program: String, _ arguments: [String]) throws {
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments + ["--port", "0"]
    process.standardOutput = output
    try process.run()
    var said = Data()
    while !said.contains(UInt8(ascii: "\n")) {
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { throw Failure("the server ended before it listened") }
      said += more
    }
    let line = String(decoding: said, as: UTF8.self).split(separator: "\n")[0]
    guard let port = line.split(separator: ":").last.flatMap({ Int($0) }) else {
      process.terminate()
      throw Failure("expected an address with a port, found \(line)")
    }
    self.port = port
  }

  deinit { if process.isRunning { process.terminate() } }

  /// What it has done.
  func statistics() async throws -> ServerStatistics {
    let answer = try await Exchange.ask(port: port, .GET, "/stats")
    return try JSONDecoder().decode(ServerStatistics.self, from: Data(answer.body))
  }

  /// Sends SIGTERM.
  func end() { process.terminate() }

  /// How it ended; nil where it has not within so many seconds.
  func status(within seconds: Double) async throws -> Int32? {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while process.isRunning {
      if ContinuousClock.now > deadline { return nil }
      try await Task.sleep(for: .milliseconds(20))
    }
    return process.terminationReason == .exit ? process.terminationStatus : -1
  }
}

/// What the test found wrong.
struct Failure: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
