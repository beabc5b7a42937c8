import CharacterServing
import Foundation

/// Many clients at once.
struct Crowd {
  let text: TextModel
  let clients: Int
  let visits: Int
  let maximumSessions: Int
  let arguments: [String]

  func run(_ program: String) async throws {
    let server = try ServerProcess(program, arguments)
    let alphabet = (1..<text.vocabulary.count).map { text.vocabulary.symbol(of: .init($0)) }
    let start = ContinuousClock.now
    let found = await withTaskGroup(of: Client.Found.self) { group in
      for number in 0..<clients {
        let client = Client(
          number: number, port: server.port, visits: visits, alphabet: alphabet)
        group.addTask { await client.run() }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)

    if let failure = found.flatMap(\.failures).first {
      throw Failure("\(found.flatMap(\.failures).count) failures, such as \(failure)")
    }
    var statistics = try await server.statistics()
    for _ in 0..<500 where statistics.sessions > 0 || statistics.begun != ended(statistics) {
      try await Task.sleep(for: .milliseconds(20))
      statistics = try await server.statistics()
    }
    let seen = found.flatMap(\.visits)
    let refusals = found.reduce(0) { $0 + $1.refusals }
    try checkTexts(seen)
    try check(statistics, seen, refusals: refusals)
    try checkThatErrorsAreFound(statistics, seen, refusals: refusals)
    report(statistics, seen, seconds: seconds)

    server.end()
    guard try await server.status(within: 10) == 0 else {
      throw Failure("the server did not end well")
    }
  }

  private func ended(_ statistics: ServerStatistics) -> Int {
    statistics.completed + statistics.brokenOff
  }

  /// Every answer is that of a session of its own, or its beginning.
  private func checkTexts(_ visits: [Client.Visit]) throws {
    for visit in visits {
      let alone = Array(Answer.alone(to: visit.request, by: text).utf8)
      let isRight =
        visit.isToTheEnd
        ? visit.exchange.isWhole && visit.exchange.body == alone
        : alone.starts(with: visit.exchange.body)
      guard isRight else {
        throw Failure(
          "\(visit.request): got '\(visit.exchange.text)', a session of its own gives "
            + "'\(String(decoding: alone, as: UTF8.self))'")
      }
    }
  }

  /// What the server counted is what the clients saw; of those who left at once it may have seen any number.
  private func check(
    _ statistics: ServerStatistics, _ visits: [Client.Visit], refusals: Int
  ) throws {
    let whole = visits.count { $0.isToTheEnd }
    let atOnce = visits.count { $0.exchange.status == nil }
    let others = visits.count - whole - atOnce
    let (s, began) = (statistics, whole + others)
    let steps = visits.filter(\.isToTheEnd).reduce(0) {
      $0 + max($1.request.prompt.unicodeScalars.count, 1) + $1.request.length - 1
    }
    for (what, isSo) in [
      ("no session is left", s.sessions == 0 && s.waiting == 0),
      ("what began has ended", s.begun == ended(s)),
      ("all that clients saw began", (began...began + atOnce).contains(s.begun)),
      ("all whole answers were completed", (whole...whole + others + atOnce).contains(s.completed)),
      ("all refusals were seen", (refusals...refusals + atOnce).contains(s.refused)),
      ("every step of a whole answer was done", s.steps >= steps),
      ("every visit had its end", visits.count == clients * self.visits),
    ] where !isSo {
      throw Failure(
        "not so: \(what); \(whole) answers to the end, \(others) broken off, \(atOnce) left at "
          + "once, \(refusals) refused: \(s)")
    }
  }

  /// An answer with another character, or cut off, and counts that are not the clients' do not pass.
  private func checkThatErrorsAreFound(
    _ statistics: ServerStatistics, _ visits: [Client.Visit], refusals: Int
  ) throws {
    var wrong: [Client.Visit] = []
    for isToTheEnd in [true, false] {
      let isOne = { (visit: Client.Visit) in
        visit.isToTheEnd == isToTheEnd && !visit.exchange.body.isEmpty
      }
      guard var visit = visits.first(where: isOne) else { continue }
      visit.exchange.body[visit.exchange.body.count / 2] ^= 1
      wrong.append(visit)
    }
    if let whole = visits.first(where: \.isToTheEnd) {
      var (short, open) = (whole, whole)
      short.exchange.body.removeLast()
      open.exchange.isWhole = false
      wrong += [short, open]
    }
    for visit in wrong where (try? checkTexts([visit])) != nil {
      throw Failure("takes '\(visit.exchange.text)' for the answer to \(visit.request)")
    }
    for (field, change) in [
      (\ServerStatistics.sessions, 1), (\.waiting, 1), (\.begun, 1), (\.begun, -visits.count - 1),
      (\.completed, -visits.count - 1), (\.refused, visits.count + 1),
      (\.steps, -statistics.steps - 1),
    ] as [(WritableKeyPath<ServerStatistics, Int>, Int)] {
      var counts = statistics
      counts[keyPath: field] += change
      if (try? check(counts, visits, refusals: refusals)) != nil {
        throw Failure("takes \(counts) for the counts of \(visits.count) visits")
      }
    }
  }

  private func report(
    _ statistics: ServerStatistics, _ visits: [Client.Visit], seconds: Double
  ) {
    let whole = visits.count { $0.isToTheEnd }
    func fixed(_ value: Double, _ digits: Int) -> String {
      value.formatted(.number.precision(.fractionLength(digits)).grouping(.never))
    }
    func shares(_ values: [Double]) -> String {
      let sorted = values.sorted()
      guard !sorted.isEmpty else { return "none" }
      return [50, 95, 99].map { percent in
        "p\(percent) \(fixed(sorted[(sorted.count * percent - 1) / 100] * 1000, 2)) ms"
      }.joined(separator: ", ")
    }
    print(
      """
      \(clients) clients, \(visits.count) visits in \(fixed(seconds, 1)) s: \(whole) answers, each \
      that of a session of its own; \(visits.count - whole) broken off, \(statistics.refused) told \
      to come again, 0 sessions left
      \(fixed(Double(statistics.steps) / seconds, 0)) steps/s, \
      \(fixed(Double(statistics.steps) / Double(max(1, statistics.batches)), 1)) together, \
      at most \(statistics.largestBatch)
      first character: \(shares(visits.compactMap(\.first)))
      between two characters: \(shares(visits.flatMap(\.between)))
      """)
  }
}
