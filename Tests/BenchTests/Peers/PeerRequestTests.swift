import Foundation
import Testing

@testable import Bench

/// The lines that `Bench peer` reads and writes.
struct PeerRequestTests {
  static let load =
    #"{"request": "load", "cell": "gru", "mode": "training", "T": 25, "N": 1, "D": 64, "H": 32, "#
    + #""threads": 2, "data": "case.f32"}"#

  @Test func everyRequestIsRead() throws {
    let shape = Shape(T: 25, N: 1, D: 64, H: 32)
    let expected: [(String, PeerRequest)] = [
      (#"{"request": "hello"}"#, .hello),
      (
        Self.load,
        .load(
          PeerCase(
            item: LayerCase(layer: .gru, mode: .training, shape: shape), threads: 2,
            data: "case.f32"))
      ),
      (#"{"path": "r.f32", "request": "results"}"#, .results(path: "r.f32")),
      (
        #"{"request": "time", "warmUp": 0, "callsPerSample": 4, "samples": 10}"#,
        .time(PeerTiming(warmUp: 0, callsPerSample: 4, samples: 10))
      ),
      (#"{"request": "rows"}"#, .rows),
      (#"{"request": "load", "row": "relu f32 n2000"}"#, .loadRow("relu f32 n2000")),
      (
        #"{"request": "time", "warmUp": 0, "callsPerSample": 1, "samples": 1, "clock": "processor"}"#,
        .time(PeerTiming(warmUp: 0, callsPerSample: 1, samples: 1, clock: .processor))
      ),
      (
        Self.load.replacingOccurrences(of: #", "data": "case.f32""#, with: "")
          .replacingOccurrences(of: "gru", with: "gru-before"),
        .load(
          PeerCase(item: LayerCase(layer: .gruBefore, mode: .training, shape: shape), threads: 2))
      ),
      (#"{"request": "memory"}"#, .memory), (#"{"request": "window"}"#, .window),
      (#"{"request": "unload"}"#, .unload),
    ]
    for (line, request) in expected { #expect(try PeerRequest(line: line) == request) }
  }

  /// What is wrong with a line, and what its complaint has to name.
  @Test(arguments: [
    ("nonsense", "JSON"), ("[]", "not an object"), ("{}", "'request'"),
    (#"{"request": 1}"#, "'request' is not text"),
    (#"{"request": "stop"}"#, "expected one of hello, load"),
    (#"{"request": "results"}"#, "'path'"),
    (#"{"request": "time", "warmUp": 0, "callsPerSample": 0, "samples": 1}"#, "'callsPerSample'"),
    (#"{"request": "time", "warmUp": -1, "callsPerSample": 1, "samples": 1}"#, "'warmUp'"),
    (#"{"request": "time", "warmUp": 0, "callsPerSample": 1, "samples": 1.5}"#, "'samples' is 1.5"),
    (load.replacingOccurrences(of: "gru", with: "mut"), "lstm, gru, rnn"),
    (load.replacingOccurrences(of: "training", with: "dreaming"), "inference, forward, training"),
    (load.replacingOccurrences(of: "25", with: "0"), "'T' is 0, expected a whole"),
    (load.replacingOccurrences(of: "25", with: "1048577"), "'T' is 1048577"),
    (load.replacingOccurrences(of: "25", with: #""25""#), "'T' is not a number"),
    (load.replacingOccurrences(of: "\"threads\": 2", with: "\"threads\": 0"), "'threads' is 0"),
    (load.replacingOccurrences(of: #""case.f32""#, with: "7"), "'data' is not text"),
    (
      #"{"request": "time", "warmUp": 0, "callsPerSample": 1, "samples": 1, "clock": "sun"}"#,
      "expected one of wall, processor"
    ),
  ])
  func aBadLineIsRefusedByName(_ line: String, _ complaint: String) throws {
    let error = #expect(throws: PeerError.self) { _ = try PeerRequest(line: line) }
    let message = try #require(error).message
    #expect(message.hasPrefix("bad request: "))
    #expect(message.contains(complaint), "\(message)")
  }

  @Test func lengthsAreThoseOfTheBatch() throws {
    func line(_ lengths: String) -> String {
      Self.load.replacingOccurrences(of: "}", with: ", \"lengths\": \(lengths)}")
    }
    guard case .load(let what) = try PeerRequest(line: line("[7]")) else {
      Issue.record("no load")
      return
    }
    #expect(what.lengths == [7])
    for lengths in ["[26]", "[0]", "[2.5]", "[3, 3]", "[]", "7"] {
      let error = #expect(throws: PeerError.self) { _ = try PeerRequest(line: line(lengths)) }
      #expect(error?.message.contains("'lengths") == true, "\(error?.message ?? "")")
    }
    let drawn = Self.load.replacingOccurrences(
      of: "\"data\": \"case.f32\"", with: "\"lengths\": [3]")
    let error = #expect(throws: PeerError.self) { _ = try PeerRequest(line: drawn) }
    #expect(error?.message.contains("'lengths' goes with 'data'") == true)
  }

  @Test func answersAreOneLineWithWhatWasAsked() throws {
    #expect(try PeerAnswer().line() == #"{"ok":true}"#)
    #expect(
      try PeerAnswer(nanoseconds: [1.5, 2]).line() == #"{"nanoseconds":[1.5,2],"ok":true}"#)
    let refusal = PeerAnswer(.badData("a\nb/c"))
    #expect(try refusal.line() == #"{"error":"a\nb/c","ok":false}"#)
    let tensors = PeerAnswer(tensors: [.init(name: "outputs", count: 3)])
    #expect(
      try JSONDecoder().decode(PeerAnswer.self, from: Data(tensors.line().utf8)) == tensors)
  }
}
