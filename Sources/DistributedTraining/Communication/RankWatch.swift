#if Distributed
  internal import CMPI
  import SequenceModels

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #else
    import Darwin
  #endif

  /// Finds out which rank keeps the others waiting, and ends the job with one message; of the thread of
  /// messages.
  ///
  /// A rank that has waited too long asks the others where they are. Every rank answers from its thread of
  /// messages, also while its computation hangs; one that has been stopped, or whose machine is gone, does not.
  /// Of several ranks that want to end the job, that of the lowest number says why.
  struct RankWatch {
    /// Where the computation of a rank is.
    struct Place {
      /// How many exchanges it has submitted.
      var submitted: Int
      /// What the last one was.
      var name: String
      /// How long ago it was submitted or ended.
      var seconds: Double
    }

    /// Between two looks for messages.
    private static let pause = 5e-3
    private static let room = 1024

    let rank: Int
    let size: Int
    let timeout: Double
    let group: cmpi_group
    private var lastLook = 0.0
    private var answers: [Int: Place] = [:]
    /// When the others were asked; nil while this rank has not.
    private var asked: Double?
    /// Until when another rank says what is wrong.
    private var quietUntil = 0.0
    /// What is being sent: memory that has to stay.
    private var sent: [(memory: ExchangeMemory<UInt8>, request: cmpi_request)] = []

    init(rank: Int, size: Int, timeout: Double, group: cmpi_group) {
      (self.rank, self.size, self.timeout, self.group) = (rank, size, timeout, group)
    }

    /// How long answers are waited for.
    private var grace: Double { min(2, max(timeout / 2, 0.2)) }

    /// Answers questions, and asks some where it is time.
    mutating func look(at place: Place, waitingFor exchange: Exchange?, now: Double) {
      guard now - lastLook >= Self.pause else { return }
      lastLook = now
      receive(place)
      guard let exchange, now - exchange.since > timeout, now > quietUntil else {
        asked = nil
        return
      }
      guard let asked else {
        self.asked = now
        answers.removeAll()
        for other in 0..<size where other != rank { send("?", to: other) }
        return
      }
      if now - asked > grace { end(verdict(on: exchange)) }
    }

    /// Who is missing from an exchange, by the answers.
    private func verdict(on exchange: Exchange) -> String {
      let others = (0..<size).filter { $0 != rank }
      let silent = others.filter { answers[$0] == nil }
      let late = others.filter { (answers[$0]?.submitted ?? exchange.number) < exchange.number }
      let waited = "\(shortest(timeout)) s"
      if !silent.isEmpty {
        return """
          \(listed(silent)) of \(size) did not come to \(exchange.name) within \(waited), and answers \
          nothing: stopped, killed or cut off
          """
      }
      if let first = late.first, let place = answers[first] {
        return """
          \(listed(late)) of \(size) did not come to \(exchange.name) within \(waited): \
          the last that rank \(first) did with the others was \(place.name), \
          \(shortest(place.seconds)) s ago
          """
      }
      return """
        \(exchange.name) did not end within \(waited) though all \(size) ranks have come to it: \
        the network is too slow or broken
        """
    }

    private func shortest(_ seconds: Double) -> String { "\((seconds * 10).rounded() / 10)" }

    /// Ends the job where a call of MPI has failed.
    mutating func check(_ code: Int32, _ name: String) {
      guard code != Int32(CMPI_SUCCESS) else { return }
      if monotonicSeconds() < quietUntil { endSilently() }
      end("rank \(rank) of \(size): \(name) failed: \(textOfMPI { cmpi_describe(code, $0) })")
    }

    /// Ends the job on all ranks; this one says why, unless another does.
    mutating func end(_ reason: String) -> Never {
      for other in 0..<size where other != rank { send("!", to: other) }
      let begin = monotonicSeconds()
      while monotonicSeconds() - begin < 0.1 {
        receive(nil)
        rest(1e-3)
      }
      say(reason)
      // Before the launcher begins to kill: what was written is read by it.
      rest(0.1)
      cmpi_abort(1)
      _exit(1)
    }

    /// Lets another rank say why the job ends, and goes when it does.
    private func endSilently() -> Never {
      rest(5)
      cmpi_abort(1)
      _exit(1)
    }

    private mutating func send(_ text: String, to other: Int) {
      sent.removeAll { entry in
        var (request, done) = (entry.request, Int32(0))
        return cmpi_test(&request, &done) == Int32(CMPI_SUCCESS) && done != 0
      }
      let memory = ExchangeMemory(Array(text.utf8.prefix(Self.room)))
      var request = cmpi_request()
      guard
        cmpi_send(memory.pointer, Int32(memory.count), Int32(other), group, &request)
          == Int32(CMPI_SUCCESS)
      else { return }
      sent.append((memory, request))
    }

    /// Reads what has come; answers with a place, where there is one.
    private mutating func receive(_ place: Place?) {
      let memory = ExchangeMemory(repeating: UInt8(0), count: Self.room)
      while true {
        var (count, from): (Int32, Int32) = (0, -1)
        guard
          cmpi_receive(memory.pointer, Int32(Self.room), &count, &from, group)
            == Int32(CMPI_SUCCESS), from >= 0
        else { return }
        let text = String(decoding: memory.elements.prefix(Int(count)), as: UTF8.self)
        switch text.first {
        case "?":
          guard let place else { continue }
          // Of two that ask, the lower number ends the job.
          if from < rank { quietUntil = monotonicSeconds() + 2 * grace + 5 }
          send("=\(place.submitted) \(place.seconds) \(place.name)", to: Int(from))
        case "=":
          let parts = text.dropFirst().split(separator: " ", maxSplits: 2)
          guard parts.count == 3, let submitted = Int(parts[0]), let seconds = Double(parts[1])
          else { continue }
          answers[Int(from)] = Place(submitted: submitted, name: String(parts[2]), seconds: seconds)
        case "!":
          if place == nil && from < rank { endSilently() }
          quietUntil = monotonicSeconds() + 5
        default: continue
        }
      }
    }
  }
#endif
