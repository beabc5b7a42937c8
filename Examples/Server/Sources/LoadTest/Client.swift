import CharacterServing
import Foundation
import LinAlg

/// A client that comes, asks, stays or goes, and comes again. What it does follows from its number.
struct Client: Sendable {
  let number: Int
  let port: Int
  let visits: Int
  let alphabet: [String]

  /// What became of one request.
  struct Visit: Sendable {
    var request: GenerationRequest
    var stay: Exchange.Stay
    var exchange: Exchange
    /// When it was sent.
    var sent: ContinuousClock.Instant

    var isToTheEnd: Bool { if case .toTheEnd = stay { true } else { false } }
    /// Seconds until the first character.
    var first: Double? { exchange.arrivals.first.map { Self.seconds($0 - sent) } }
    /// Seconds between two characters.
    var between: [Double] {
      zip(exchange.arrivals.dropFirst(), exchange.arrivals).map { Self.seconds($0 - $1) }
    }

    private static func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
  }

  /// What one client saw.
  struct Found: Sendable {
    var visits: [Visit] = []
    /// How often it was told to come again.
    var refusals = 0
    var failures: [String] = []
  }

  func run() async -> Found {
    var rng = SeededGenerator(seed: UInt64(number))
    var found = Found()
    for visit in 0..<visits {
      let request = GenerationRequest(
        prompt: (0..<Int.random(in: 0...20, using: &rng))
          .compactMap { _ in alphabet.randomElement(using: &rng) }.joined(),
        length: Int.random(in: 10...120, using: &rng),
        seed: UInt64.random(in: 0...UInt64.max, using: &rng),
        temperature: [0, 0.5, 1].randomElement(using: &rng) ?? 1)
      let stay: Exchange.Stay =
        switch Int.random(in: 0..<10, using: &rng) {
        case 0: .pieces(0)
        case 1, 2: .pieces(Int.random(in: 1...request.length, using: &rng))
        default: .toTheEnd
        }
      do {
        try await ask(request, stay, &found, &rng)
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...20, using: &rng)))
      } catch {
        found.failures.append("client \(number), visit \(visit): \(error)")
      }
    }
    return found
  }

  /// Asks, and asks again as long as there is no room.
  private func ask(
    _ request: GenerationRequest, _ stay: Exchange.Stay, _ found: inout Found,
    _ rng: inout SeededGenerator
  ) async throws {
    let json = String(decoding: try JSONEncoder().encode(request), as: UTF8.self)
    for _ in 0..<100 {
      let sent = ContinuousClock.now
      let exchange = try await Exchange.ask(
        port: port, .POST, "/generate", body: json, stay: stay)
      guard exchange.status == 503 else {
        guard exchange.status ?? 200 == 200 else {
          throw Failure("status \(exchange.status ?? 0): \(exchange.text)")
        }
        found.visits.append(Visit(request: request, stay: stay, exchange: exchange, sent: sent))
        return
      }
      guard let seconds = exchange.retryAfter.flatMap({ Double($0) }) else {
        throw Failure("503 without Retry-After")
      }
      found.refusals += 1
      try await Task.sleep(for: .seconds(seconds * Double.random(in: 1...1.5, using: &rng)))
    }
    throw Failure("no room after 100 attempts")
  }
}
