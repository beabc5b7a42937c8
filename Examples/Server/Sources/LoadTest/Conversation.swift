import CharacterServing
import Foundation
import NIOHTTP1

/// One thing after the other: what is no request, a server that is full, and one that ends while it writes.
struct Conversation {
  let text: TextModel
  let program: String
  let model: String

  func run() async throws {
    let server = try ServerProcess(
      program,
      ["--model", model, "--max-sessions", "2", "--max-prompt", "30", "--max-length", "1000000"])
    try await requests(server.port)
    try await room(server)
    try await end(server)
  }

  private func expect(
    _ status: Int, _ words: String, _ exchange: Exchange, _ what: String
  ) throws {
    guard exchange.status == status, exchange.isWhole,
      words.isEmpty || exchange.text.contains(words)
    else {
      throw Failure(
        "\(what): expected \(status) and '\(words)', found \(exchange.status ?? 0): "
          + exchange.text.prefix(200))
    }
  }

  private func requests(_ port: Int) async throws {
    try expect(200, "ok", try await .ask(port: port, .GET, "/health"), "health")
    try expect(404, "", try await .ask(port: port, .GET, "/nowhere"), "another path")
    for (body, status, words) in [
      ("", 400, "no JSON"),
      ("{\"prompt\": \"a\"", 400, "no JSON"),
      ("[1]", 400, "expected an object"),
      ("{\"length\": 3}", 400, "\\\"prompt\\\" is missing"),
      ("{\"prompt\": 3}", 400, "\\\"prompt\\\": expected String"),
      ("{\"prompt\": \"a\", \"lenght\": 3}", 400, "unknown field \\\"lenght\\\""),
      ("{\"prompt\": \"a\", \"length\": 0}", 400, "a length of 0, expected 1 to 1000000"),
      ("{\"prompt\": \"a\", \"length\": 1000001}", 400, "a length of 1000001"),
      ("{\"prompt\": \"a\", \"length\": 1.5}", 400, "\\\"length\\\": expected a whole"),
      ("{\"prompt\": \"a\", \"seed\": -1}", 400, "\\\"seed\\\": expected a whole number from 0"),
      ("{\"prompt\": \"a\", \"temperature\": -1}", 400, "a temperature of -1"),
      (
        "{\"prompt\": \"\(String(repeating: "é", count: 31))\"}", 400,
        "a prompt of 31 characters, expected at most 30"
      ),
      // One byte more than the server reads, which closes the connection on what is beyond that.
      (String(repeating: " ", count: 12 * 30 + 4097), 413, ""),
    ] {
      let exchange = try await Exchange.ask(port: port, .POST, "/generate", body: body)
      try expect(status, words, exchange, "the request \(body.prefix(60))")
    }
    // Characters that the model does not know, and none at all.
    for prompt in ["", "Ω≠", "The "] {
      let request = GenerationRequest(prompt: prompt, length: 40, seed: 3, temperature: 1)
      try await expectWhole(request, port)
    }
  }

  private func ask(
    _ request: GenerationRequest, _ port: Int, _ stay: Exchange.Stay = .toTheEnd
  ) async throws -> Exchange {
    let json = String(decoding: try JSONEncoder().encode(request), as: UTF8.self)
    return try await Exchange.ask(port: port, .POST, "/generate", body: json, stay: stay)
  }

  private func expectWhole(_ request: GenerationRequest, _ port: Int) async throws {
    let exchange = try await ask(request, port)
    guard exchange.isWhole, exchange.text == Answer.alone(to: request, by: text) else {
      throw Failure("\(request): \(exchange.text) is not the answer of a session of its own")
    }
    guard exchange.arrivals.count > 1 else { throw Failure("the answer came in one piece") }
  }

  /// Waits until something holds.
  private func wait(
    for what: String, _ isSo: (ServerStatistics) -> Bool, _ server: ServerProcess
  ) async throws {
    for _ in 0..<500 {
      if isSo(try await server.statistics()) { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw Failure("no \(what) within 10 s: \(try await server.statistics())")
  }

  /// The third of two is told to come again, and gets in when one has gone.
  private func room(_ server: ServerProcess) async throws {
    let port = server.port
    try await wait(for: "rest", { $0.sessions == 0 }, server)
    let before = try await server.statistics()
    let long = GenerationRequest(prompt: "a", length: 1_000_000, seed: 1)
    // They read no more than they must: two clients that read all would keep this process from anything else.
    let staying = (0..<2).map { _ in Task { try await ask(long, port, .untilCancelled) } }
    try await wait(for: "two sessions", { $0.sessions == 2 }, server)
    let refused = try await ask(long, port)
    try expect(503, "come again in 1 s", refused, "a third session")
    guard refused.retryAfter == "1" else { throw Failure("503 without Retry-After") }
    // Both break off: at once, and by themselves.
    for task in staying { task.cancel() }
    for task in staying { _ = try? await task.value }
    try await wait(
      for: "room", { $0.sessions == 0 && $0.brokenOff == before.brokenOff + 2 }, server)
    try await expectWhole(GenerationRequest(prompt: "b", length: 30), port)
  }

  /// SIGTERM: the answer under way is written to its end, nobody else is let in.
  private func end(_ server: ServerProcess) async throws {
    let port = server.port
    let request = GenerationRequest(prompt: "a", length: 5000, seed: 2, temperature: 1)
    let last = Task { try await ask(request, port) }
    try await wait(for: "a session", { $0.sessions == 1 && $0.steps > 0 }, server)
    server.end()
    let exchange = try await last.value
    guard exchange.isWhole else {
      throw Failure("SIGTERM cut an answer off after \(exchange.arrivals.count) characters")
    }
    guard exchange.text == Answer.alone(to: request, by: text) else {
      throw Failure("the answer under way is not that of a session of its own")
    }
    guard let status = try await server.status(within: 10) else {
      throw Failure("the server has not ended 10 s after its last answer")
    }
    guard status == 0 else { throw Failure("SIGTERM: the server ended with status \(status)") }
    guard (try? await Exchange.ask(port: port, .GET, "/health")) == nil else {
      throw Failure("somebody listens after the end")
    }
    print("requests, a full server, and its end: as expected")
  }
}
