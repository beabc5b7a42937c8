import CMemoryChecks
import Foundation

/// What came of a sequence.
struct Finding: Codable {
  /// What kind of mistake it is, and which call made it.
  var signature: String
  var seed: UInt64
  var calls: String
  var output: String
}

/// The result of a lane.
struct LaneReport: Codable {
  var sequences = 0
  var calls = 0
  var traps = 0
  var findings: [Finding] = []
  var counts: [String: Int] = [:]
  /// The calls of the last sequence.
  var last = ""

  mutating func add(_ finding: Finding) {
    counts[finding.signature, default: 0] += 1
    if counts[finding.signature] == 1 { findings.append(finding) }
  }

  mutating func add(_ other: LaneReport) {
    sequences += other.sequences
    calls += other.calls
    traps += other.traps
    last = other.last
    for finding in other.findings {
      if let i = findings.firstIndex(where: { $0.signature == finding.signature }) {
        if finding.seed < findings[i].seed { findings[i] = finding }
      } else {
        findings.append(finding)
      }
    }
    for (signature, count) in other.counts { counts[signature, default: 0] += count }
  }
}

/// Runs sequences in children of this process, one child after the other: each goes on with sequences
/// until one of them ends it. This process itself never calls the engine, so that it has one thread.
struct Lane {
  let first: UInt64
  let stride: UInt64
  /// Runs the sequence of a seed.
  let run: (UInt64, SharedLog) -> Void
  /// How long a sequence may take, in seconds.
  let limit: UInt32

  /// How many sequences a child runs at most.
  private static let batch: UInt64 = 500

  /// Runs sequences until `count` have been run or the time is over.
  func report(count: Int, until deadline: Date) -> LaneReport {
    var report = LaneReport()
    let log = SharedLog()
    guard let file = tmpfile() else { stop("no temporary file") }
    var seed = first
    while report.sequences < count && Date() < deadline {
      log.reset()
      let rest = min(Self.batch, UInt64(count - report.sequences))
      let status = child(from: seed, count: rest, log, until: deadline, output: fileno(file))
      let header = log.current
      report.calls += Int(header.calls)
      report.sequences += Int(header.ended)
      seed &+= header.ended &* stride
      report.last = log.lines
      if status == 0 && header.isDone { continue }
      report.sequences += 1
      seed = header.seed &+ stride
      let text = contents(of: fileno(file))
      if let signature = verdict(status, header, text, calls: log.lines) {
        report.add(
          Finding(signature: signature, seed: header.seed, calls: log.lines, output: text))
      } else {
        report.traps += 1
      }
    }
    return report
  }

  private func child(
    from first: UInt64, count: UInt64, _ log: SharedLog, until deadline: Date, output: Int32
  ) -> Int32 {
    ftruncate(output, 0)
    lseek(output, 0, SEEK_SET)
    let process = fork {
      dup2(output, 2)
      // Without the runtime's backtraces, which take seconds and read memory as they please.
      for number in [SIGILL, SIGTRAP, SIGABRT, SIGFPE] { signal(number, SIG_DFL) }
      for i in 0..<count where Date() < deadline {
        alarm(limit)
        let seed = first &+ i &* stride
        log.begin(seed: seed)
        run(seed, log)
        if log.current.isWrong { _exit(3) }
        log.end()
      }
      log.finish()
    }
    if process < 0 { stop("fork failed") }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    return status
  }

  private func contents(of file: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = pread(file, &bytes, bytes.count, 0)
    return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
  }

  /// What is wrong with how a child ended, or nil where it trapped as it should.
  private func verdict(
    _ status: Int32, _ header: SharedLog.Header, _ output: String, calls: String
  ) -> String? {
    let lastCall = calls.split(separator: "\n").last { $0.hasPrefix("  ") } ?? ""
    let call = lastCall.trimmingCharacters(in: .whitespaces).prefix { $0 != "(" && $0 != "[" }
    // Without the numbers of objects: the same call of other objects is the same mistake.
    let name = String(call.filter { !$0.isNumber })
    if let range = output.range(of: "AddressSanitizer: ") {
      let kind = output[range.upperBound...].prefix { $0 != " " && $0 != "\n" }
      return "memory: \(kind) in \(name)"
    }
    if header.isWrong {
      let text = calls.split(separator: "\n").first { $0.hasPrefix("WRONG") } ?? ""
      return "\(text.filter { !$0.isNumber }) by \(name)"
    }
    let signal = status & 0x7f
    if signal == SIGALRM { return "no end of \(name)" }
    guard let line = output.split(separator: "\n").first(where: { $0.contains("Fatal error: ") })
    else { return "signal \(signal), exit \(status >> 8 & 0xff) without a message in \(name)" }
    let isOurs = ["LinAlg/", "Recurrent/", "Autodiff/", "SequenceModels/"].contains {
      line.hasPrefix($0)
    }
    guard isOurs else { return "a message that is not the engine's in \(name): \(line)" }
    if header.expectation == SharedLog.Expectation.fits.rawValue {
      return "refused what fits: \(name): \(line.prefix { $0 != ":" })"
    }
    return nil
  }
}

/// Runs `body` in a thread of a second process that ends with it; see `ct_fork_in_thread`.
func fork(_ body: () -> Void) -> Int32 {
  withoutActuallyEscaping(body) { body in
    withUnsafePointer(to: body) { body in
      ct_fork_in_thread(
        { $0?.assumingMemoryBound(to: (() -> Void).self).pointee() },
        UnsafeMutableRawPointer(mutating: body))
    }
  }
}
