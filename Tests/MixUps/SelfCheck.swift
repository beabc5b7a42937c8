import Foundation

/// Runs the suite with each planted mistake, and sees that it is found in the sequences that have it and
/// in no other one, and again when such a sequence is replayed.
struct SelfCheck {
  private let program = CommandLine.arguments[0]
  private var failures: [String] = []

  /// Prints what was not found; nothing else than that means success.
  static func run() -> Bool {
    var check = SelfCheck()
    check.meet()
    check.runWithoutPlant()
    for plant in Plant.allCases { check.run(plant) }
    for failure in check.failures { print("the suite does not notice: \(failure)") }
    if check.failures.isEmpty { print("\(Plant.allCases.count) planted mistakes found") }
    return check.failures.isEmpty
  }

  /// A child's threads must be able to wait for each other where Swift's runtime makes them.
  private mutating func meet() {
    let process = fork {
      alarm(5)
      _exit(Meeting.place == 1 ? 0 : 1)
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    if status != 0 { failures.append("its children's calls, which never end; status \(status)") }
  }

  /// A value that a second thread asks for while the first one is still making it.
  private enum Meeting {
    static let place: Int = {
      Thread.detachNewThread { _ = Meeting.place }
      usleep(100_000)
      return 1
    }()
  }

  /// Without a mistake the same sequences must be good, or finding one means nothing.
  private mutating func runWithoutPlant() {
    let (status, text) = output(of: ["--count", "24"])
    if status != 0 || !findings(text).isEmpty {
      failures.append("that there is nothing to find; status \(status)\n\(text)")
    }
  }

  private mutating func run(_ plant: Plant) {
    // Not every sequence has an answer to spoil. A call that does not end takes its time.
    let count = plant.isCall ? 6 : 24
    let (status, text) = output(of: ["--plant", plant.rawValue, "--count", "\(count)"])
    let found = findings(text)
    let expected = (1...UInt64(count)).filter(Plant.isMade).count
    let times = found.reduce(0) { $0 + $1.times }
    guard status == 1, let first = found.first else {
      return failures.append("\(plant); status \(status)\n\(text)")
    }
    if !found.allSatisfy({ $0.signature.hasPrefix(plant.signature) && Plant.isMade(in: $0.seed) })
      || times > expected || (plant.isCall && times < expected)
    {
      return failures.append("\(plant) for what it is, in \(expected) sequences\n\(text)")
    }
    let replay = output(of: ["--plant", plant.rawValue, "--replay", "\(first.seed)"])
    let again = findings(replay.text)
    if replay.status != 1 || again.map(\.seed) != [first.seed]
      || again.map(\.signature) != [first.signature]
    {
      failures.append("\(plant) in --replay \(first.seed)\n\(replay.text)")
    }
  }

  /// What a report says that went wrong: how, how often, and in which sequence first.
  private func findings(_ text: String) -> [(signature: String, times: Int, seed: UInt64)] {
    let lines = text.split(separator: "\n")
    return lines.indices.compactMap { i in
      let words = lines[i].split(separator: " ")
      guard i > 0, words.count >= 6, words[1...4] == ["times,", "first", "with", "--replay"],
        let times = Int(words[0]), let seed = UInt64(words[5])
      else { return nil }
      return (String(lines[i - 1]), times, seed)
    }
  }

  /// Runs this program, with a limit of time that a mistake's call exceeds soon.
  private func output(of arguments: [String]) -> (status: Int32, text: String) {
    let (process, pipe) = (Process(), Pipe())
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments + ["--seed", "1", "--limit", "2"]
    process.standardOutput = pipe
    do {
      try process.run()
    } catch {
      stop("cannot start itself: \(error)")
    }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}
