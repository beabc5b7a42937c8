import Foundation
import Testing

@testable import Bench

/// What more threads bring a step, from given times, and that what the subjects come to is told apart by its bits.
struct StepsTests {
  /// On two threads: gains of 1.5, 2 and 1, where two processes do 2, 1.6 and 2.5 times as much as one.
  static let turns = [
    StepsTurn(one: 6, all: 4, processes: [6, 6]), StepsTurn(one: 8, all: 4, processes: [10, 10]),
    StepsTurn(one: 10, all: 10, processes: [10, 20 / 3]),
  ]

  private func areClose(_ a: Interval, _ median: Double, _ low: Double, _ high: Double) -> Bool {
    [a.median - median, a.low - low, a.high - high].allSatisfy { abs($0) < 1e-12 }
  }

  @Test func aRowIsTheMediansOfItsTurns() throws {
    #expect(StepsRow(.tagger, threads: 2, []) == nil)
    let row = try #require(StepsRow(.tagger, threads: 2, Self.turns))
    #expect(row.subject == "tagger" && row.what == StepsSubject.tagger.what)
    #expect(row.threads == 2 && row.seconds == 8)
    #expect(areClose(row.gain, 1.5, 1, 2), "\(row.gain)")
    #expect(areClose(row.processes, 2, 1.6, 2.5), "\(row.processes)")
    // Turn by turn: 1.5 of 2, 2 of 1.6 and 1 of 2.5, times two threads.
    #expect(areClose(row.share, 1.5, 0.8, 2.5), "\(row.share)")
  }

  /// As much as the processes gain is as many as there are threads, whatever that is.
  @Test(arguments: [2, 3, 8])
  func asMuchAsTheProcessesIsAllThreads(threads: Int) throws {
    let turn = StepsTurn(
      one: 1, all: 1.25 / Double(threads), processes: Array(repeating: 1.25, count: threads))
    let row = try #require(StepsRow(.character, threads: threads, [turn]))
    let all = Double(threads)
    #expect(areClose(row.share, all, all, all), "\(row.share)")
    #expect(areClose(row.gain, all / 1.25, all / 1.25, all / 1.25), "\(row.gain)")
  }

  private func result() throws -> StepsResult {
    StepsResult(
      cpu: "one", isa: "AVX2", layers: .apart,
      rows: [
        try #require(StepsRow(.tagger, threads: 2, Self.turns)),
        try #require(StepsRow(.stack128, threads: 2, [Self.turns[0]])),
      ], warnings: ["load 9"])
  }

  @Test func theTableHoldsTheNumbersOfItsRows() throws {
    let lines = try result().render().split(separator: "\n").map(String.init)
    #expect(lines.allSatisfy { $0.count <= 120 })
    #expect(lines.first == "one, engine kernels AVX2, Float, layers of stacks apart")
    #expect(lines.contains("warning: load 9"))
    let header = try #require(lines.first { $0.hasPrefix("subject") })
    #expect(
      header.split(separator: " ").joined(separator: " ")
        == "subject threads one thread gain processes' of 2 95 %")
    let tagger = try #require(lines.first { $0.hasPrefix("tagger ") })
    #expect(
      tagger.split(separator: " ")
        == ["tagger", "2", "8.00", "s", "1.50", "2.00", "1.50", "0.80–2.50"], "\(tagger)")
    #expect(lines.contains("stack-128: \(StepsSubject.stack128.what)"))
  }

  @Test func theJSONHasItsFields() throws {
    let result = try result()
    let text = try JSONReport.encode(result)
    let data = Data(text.utf8)
    #expect(try JSONDecoder().decode(StepsResult.self, from: data) == result)
    let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(Set(object.keys) == ["cpu", "isa", "layers", "rows", "warnings"])
    #expect(object["layers"] as? String == "apart")
    let rows = try #require(object["rows"] as? [[String: Any]])
    #expect(rows.map { $0["subject"] as? String } == ["tagger", "stack-128"])
    for row in rows {
      #expect(
        Set(row.keys) == ["subject", "what", "threads", "seconds", "gain", "processes", "share"])
      for interval in ["gain", "processes", "share"] {
        #expect(Set((row[interval] as? [String: Any] ?? [:]).keys) == ["median", "low", "high"])
      }
    }
  }

  /// What a subject comes to on two threads, and with another seed.
  @Test(arguments: StepsSubject.allCases)
  func theBitsOfASubjectAreThoseOfItsSteps(_ subject: StepsSubject) throws {
    func digest(threads: Int, seed: UInt64 = 1, plantedError: Float = 0) throws -> UInt64 {
      let steps = subject.make(threads: threads, seed: seed, together: nil)
      try steps.step()
      return steps.digest(plantedError: plantedError)
    }
    let one = try digest(threads: 1)
    #expect(try digest(threads: 2) == one)
    #expect(try digest(threads: 1, plantedError: 1e-6) != one)
    #expect(try digest(threads: 1, seed: 2) != one)
  }

  /// The losses and weights of a model in training follow from all of its steps.
  @Test func everyStepOfAModelIsInItsBits() throws {
    let steps = StepsSubject.character.make(threads: 2, seed: 1, together: nil)
    try steps.step()
    let one = steps.digest(plantedError: 0)
    try steps.step()
    #expect(steps.digest(plantedError: 0) != one)
  }

  /// A model whose losses and weights are given.
  private final class GivenModel: TrainedModel {
    private var losses: [Double]
    let weights: [(name: String, rows: Int, columns: Int, elements: [Float])]

    init(losses: [Double], weights: [[Float]]) {
      self.losses = losses.reversed()
      self.weights = weights.map { ("W", 1, $0.count, $0) }
    }

    func update() -> Double { losses.removeLast() }
  }

  @Test func lossesAndWeightsOfAModelAreInItsBits() throws {
    func digest(
      _ losses: [Double], _ weights: [[Float]], plantedError: Float = 0
    ) throws -> UInt64 {
      let steps = TrainingSteps(GivenModel(losses: losses, weights: weights))
      for _ in losses { try steps.step() }
      return steps.digest(plantedError: plantedError)
    }
    let one = try digest([1, 2], [[3, 4], [5]])
    #expect(try digest([1, 2], [[3, 4], [5]]) == one)
    for losses in [[1, 2.5], [1.5, 2], [2, 1]] {
      #expect(try digest(losses, [[3, 4], [5]]) != one, "\(losses)")
    }
    for weights in [[[3, 4], [6]], [[3, 7], [5]], [[4, 3], [5]]] as [[[Float]]] {
      #expect(try digest([1, 2], weights) != one, "\(weights)")
    }
    #expect(try digest([1, 2], [[3, 4], [5]], plantedError: 1e-6) != one)
  }

  /// Two stacks with the same weights, inputs and outputs, of which one has gradients, too.
  @Test(arguments: [
    (StepsSubject.stack128, StepsSubject.stack128Training),
    (StepsSubject.stack256, StepsSubject.stack256Training),
  ])
  func gradientsOfAStackAreInItsBits(inference: StepsSubject, training: StepsSubject) throws {
    let digests = try [inference, training].map { subject in
      let steps = subject.make(threads: 1, seed: 1, together: nil)
      try steps.step()
      return steps.digest(plantedError: 0)
    }
    #expect(digests[0] != digests[1])
  }

  @Test func bitsInAnotherOrderAreOthers() {
    func digest(_ numbers: [Float]) -> UInt64 {
      var digest = BitDigest()
      digest.add(numbers)
      return digest.value
    }
    #expect(digest([1, 2]) == digest([1, 2]))
    #expect(digest([1, 2]) != digest([2, 1]))
    #expect(digest([0]) != digest([-0.0]))
    #expect(digest([]) != digest([0]))
  }
}
