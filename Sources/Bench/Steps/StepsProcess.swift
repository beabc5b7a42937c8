import Foundation

/// A process of this program that runs a subject on some threads when it is told to: whole processes, so that what
/// two threads of one gain can be held against two of them.
final class StepsProcess {
  private let process = Process()
  private let requests = Pipe()
  private let answers = Pipe()
  private var unread: [UInt8] = []

  /// Starts one.
  ///
  /// - Throws: ``BenchError`` where it cannot be started.
  init(
    _ subject: StepsSubject, threads: Int, seed: UInt64, layers: StepsLayers, plantedError: Double
  ) throws {
    guard let path = PackageDirectory.executablePath else {
      throw BenchError.failure("a process for steps could not be started: no path of this program")
    }
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = [
      StepsProcessCommand.name, "--subject", subject.rawValue, "--threads", "\(threads)",
      "--seed", "\(seed)", "--layers", layers.rawValue,
      "--inject-error", "\(plantedError)",
    ]
    process.standardInput = requests
    process.standardOutput = answers
    do {
      try process.run()
    } catch {
      throw BenchError.failure("a process for steps could not be started: \(error)")
    }
  }

  deinit {
    try? requests.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Asks for so many steps.
  func begin(_ steps: Int) { ask("run \(steps)") }

  /// The seconds of one of the steps that were asked for.
  func secondsPerStep() throws -> Double {
    guard let nanoseconds = Double(try answer()), nanoseconds > 0 else { throw failure }
    return nanoseconds * 1e-9
  }

  /// The bits of what `steps` more steps come to.
  func digest(after steps: Int) throws -> String {
    ask("digest \(steps)")
    return try answer()
  }

  private func ask(_ request: String) {
    try? requests.fileHandleForWriting.write(contentsOf: Data("\(request)\n".utf8))
  }

  private func answer() throws -> String {
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: unread[..<end], as: UTF8.self)
        unread.removeFirst(end + 1)
        return line
      }
      let more = answers.fileHandleForReading.availableData
      if more.isEmpty { throw failure }
      unread += more
    }
  }

  private var failure: BenchError { .failure("a process for steps ended before it answered") }
}
