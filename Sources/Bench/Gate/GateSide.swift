import Foundation

/// One of the two programs that are compared: a process of `Bench peer`.
final class GateSide {
  /// The names of its rows; nil for a program that cannot tell, from before there were any.
  private(set) var rows: [String]?

  private let process = Process()
  private let input = Pipe(), output = Pipe()
  private var pending = Data()

  /// Starts the program at `path`.
  ///
  /// - Throws: ``BenchError`` when it cannot be started or does not answer.
  init(program path: String, environment: [String: String]) throws {
    // A program that died makes writing fail, which is reported, instead of ending this one.
    signal(SIGPIPE, SIG_IGN)
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["peer"] + (Relaunch.isDebugBuild ? ["--allow-debug"] : [])
    process.environment = environment
    process.standardInput = input
    process.standardOutput = output
    do {
      try process.run()
    } catch {
      throw BenchError.failure("\(path): cannot be started")
    }
    _ = try served(["request": "hello"])
    rows = try ask(["request": "rows"]).rows
  }

  deinit {
    // The end of its input ends the process.
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// The answer to a request, which may be a refusal.
  func ask(_ request: [String: Any]) throws -> PeerAnswer {
    let path = process.executableURL?.path ?? ""
    do {
      var line = try JSONSerialization.data(withJSONObject: request)
      line.append(UInt8(ascii: "\n"))
      try input.fileHandleForWriting.write(contentsOf: line)
      return try JSONDecoder().decode(PeerAnswer.self, from: nextLine())
    } catch {
      throw BenchError.failure("\(path): ended or answered nonsense in the middle of a measurement")
    }
  }

  /// The answer to a request that every program serves.
  func served(_ request: [String: Any]) throws -> PeerAnswer {
    let answer = try ask(request)
    guard answer.ok else {
      throw BenchError.failure(
        "\(process.executableURL?.path ?? ""): \(answer.error ?? "refused a request")")
    }
    return answer
  }

  /// Sets a row up; false where the program lacks it.
  func load(_ row: GateRow) throws -> Bool {
    if case .kernel(let name) = row.what, let rows, !rows.contains(name) { return false }
    return try ask(row.request).ok
  }

  private func nextLine() throws -> Data {
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        let line = pending[..<end]
        pending = Data(pending[(end + 1)...])
        return Data(line)
      }
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { throw CocoaError(.fileReadUnknown) }
      pending.append(more)
    }
  }
}

/// Something that is timed on both sides.
struct GateRow {
  enum What {
    case kernel(String)
    /// A layer, with the file of its numbers where it has one.
    case layer(LayerCase, data: String?)
  }

  var what: What
  var threads = 1

  /// What it is called, such as `lstm training T25xN8xD64xH64`.
  var name: String {
    switch what {
    case .kernel(let name): name
    case .layer(let item, _): item.description
    }
  }

  /// The request that sets it up.
  var request: [String: Any] {
    switch what {
    case .kernel(let name): return ["request": "load", "row": name]
    case .layer(let item, let data):
      var request: [String: Any] = [
        "request": "load", "cell": item.layer.rawValue, "mode": item.mode.rawValue,
        "T": item.shape.T, "N": item.shape.N, "D": item.shape.D, "H": item.shape.H,
        "threads": threads,
      ]
      request["data"] = data
      return request
    }
  }
}
