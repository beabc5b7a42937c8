import Foundation
import Testing

@testable import Bench

/// Models in training as contestants of `Tools/peers --suite models`.
struct ModelSessionTests {
  private static let batch = """
    {"steps": 3, "batch": 2, "lengths": [3, 2], "tokens": [1, 2, 3, 4, 5, 0],
     "points": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.1, 0.2, 0.3],
     "inputs": [0, 0, 1, 2, 3, 0], "labels": [1, 2, 3, 0, 0, 0], "labelSteps": 3,
     "labelLengths": [3, 2]}
    """

  private static func load(_ model: String, _ path: String, dropout: Double = 0) -> String {
    """
    {"request": "load", "model": "\(model)", "threads": 1, "dropout": \(dropout), "path": "\(path)", \
    "sizes": {"vocabulary": 6, "embedding": 4, "hidden": 5, "classes": 7}}
    """
  }

  @Test(arguments: ModelRequest.Model.allCases.map(\.rawValue))
  func itTrainsFromTheWeightsThatItWrites(_ model: String) throws {
    let folder = try TemporaryFolder()
    let batches = try folder.write("[\(Self.batch)]", to: "batches.json")
    var session = ModelSession()
    #expect(session.answer(line: Self.load(model, batches)) == .init())
    let path = folder.path("weights")
    let written = session.answer(line: #"{"request": "weights", "path": "\#(path)"}"#)
    let tensors = try #require(written.tensors)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(bytes.count == 4 * tensors.reduce(0) { $0 + $1.rows * $1.columns })
    #expect(Set(tensors.map(\.name)).count == tensors.count)
    let losses = try #require(
      session.answer(line: #"{"request": "train", "updates": 40}"#).losses)
    #expect(losses.count == 40 && losses[39] < losses[0])
    // The same model begins with the same loss.
    _ = session.answer(line: Self.load(model, batches))
    let again = session.answer(line: #"{"request": "train", "updates": 1}"#).losses
    #expect(again?.first == losses[0])
    let timed = session.answer(
      line: #"{"request": "time", "updates": 0, "updatesPerSample": 2, "samples": 3}"#)
    #expect(timed.nanoseconds?.count == 3 && timed.nanoseconds?.allSatisfy { $0 > 0 } == true)
  }

  @Test func whatCannotBeServedIsSaid() throws {
    let folder = try TemporaryFolder()
    let good = try folder.write("[\(Self.batch)]", to: "good.json")
    let bad = try folder.write(
      "[\(Self.batch.replacingOccurrences(of: "[3, 2]", with: "[3, 4]"))]", to: "bad.json")
    var session = ModelSession()
    for (line, expected) in [
      (#"{"request": "train", "updates": 1}"#, "needs 'load'"),
      (#"{"request": "dance"}"#, "dance"), ("nonsense", "bad request"),
      (Self.load("transformer", good), "transformer"), (Self.load("tagger", bad), "1...3"),
      (Self.load("tagger", folder.path("none")), "none"),
      (Self.load("tagger", good, dropout: 1), "'dropout' is 1"),
    ] {
      let answer = session.answer(line: line)
      #expect(!answer.ok && answer.error?.contains(expected) == true, "\(line): \(answer)")
    }
  }
}
