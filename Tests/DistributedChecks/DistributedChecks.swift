// What several ranks do, for Tools/test-distributed.sh: each call is one job, and writes what came of it.
//
//   DistributedChecks alone out=FILE [updates=50] …        without MPI: what the others are compared with
//   DistributedChecks train out=FILE [groups=8] [batches=3] [task=text] [shared=no] [keep=FILE] [fault=KIND:RANK:UPDATE] …
//   DistributedChecks compare FILE FILE [TOLERANCE]        equal bits without a tolerance
//   DistributedChecks shares                               how a batch is divided, without MPI
//   DistributedChecks messages                             sums, broadcasts and texts
//   DistributedChecks speed …                              the time of an update, for Tools/bench-distributed.sh
//   DistributedChecks sums                                 the time of sums, for the same
//   DistributedChecks plot LOG FILE.svg                    what that has printed, drawn
#if Distributed
  import Foundation

  @main
  struct DistributedChecks {
    static func main() throws {
      let words = Array(CommandLine.arguments.dropFirst())
      let options = CheckOptions(words.dropFirst())
      switch words.first {
      case "alone":
        try options.real ? trainAlone(Float.self, options) : trainAlone(Double.self, options)
      case "train": options.real ? train(Float.self, options) : train(Double.self, options)
      case "compare":
        guard words.count >= 3 else { return usage() }
        exit(
          try compare(words[1], words[2], tolerance: words.count > 3 ? Double(words[3]) : nil)
            ? 0 : 1)
      case "shares": try checkShares()
      case "messages": checkMessages(options)
      case "speed": measureSpeed(options)
      case "sums": measureSums(options)
      case "plot":
        guard words.count == 3 else { return usage() }
        try plotCosts(log: words[1], to: words[2])
      default: usage()
      }
    }

    private static func usage() {
      FileHandle.standardError.write(Data("DistributedChecks: see its sources\n".utf8))
      exit(64)
    }
  }

  /// `key=value`, in any order.
  struct CheckOptions {
    private var values: [String: String] = [:]

    init(_ words: some Sequence<String>) {
      for word in words {
        let parts = word.split(separator: "=", maxSplits: 1)
        if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
      }
    }

    subscript(_ key: String) -> String? { values[key] }

    func number(_ key: String, _ usual: Int) -> Int { values[key].flatMap { Int($0) } ?? usual }

    var sharesMemory: Bool { self["shared"] != "no" }
    var real: Bool { values["type"] == "float" }
    var timeout: Double { values["timeout"].flatMap { Double($0) } ?? 60 }
  }

  /// Whether two files of numbers are equal, and by how much they are not.
  func compare(_ a: String, _ b: String, tolerance: Double?) throws -> Bool {
    let (x, y) = (try numbers(a), try numbers(b))
    guard x.count == y.count, !x.isEmpty else {
      print("\(a) has \(x.count) numbers, \(b) \(y.count)")
      return false
    }
    let same = zip(x, y).count { $0.bitPattern == $1.bitPattern }
    let most = zip(x, y).reduce(0.0) { most, pair in
      let difference = abs(pair.0 - pair.1)
      return difference.isNaN ? .infinity : max(most, difference)
    }
    print("\(x.count) numbers, \(same) with equal bits, largest difference \(most)")
    if let tolerance { return most <= tolerance }
    return same == x.count
  }

  private func numbers(_ path: String) throws -> [Double] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      .map { UInt64($0, radix: 16).map { Double(bitPattern: $0) } ?? .nan }
  }

  func write(_ numbers: [Double], to path: String) throws {
    let text = numbers.map { String($0.bitPattern, radix: 16) }.joined(separator: "\n") + "\n"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }
#else
  @main
  struct DistributedChecks {
    static func main() { print("DistributedChecks needs --traits Distributed") }
  }
#endif
