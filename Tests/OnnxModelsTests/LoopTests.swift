import Foundation
import Testing

@testable import OnnxModels

/// Loops of several runs, which keep what they have from one to the next.
@Suite struct LoopTests {
  /// `s[t] = s[t−1] + x[t]` from zero on, and all `tanh s[t]`, as a `Scan` over `x [T, 2]`, or as a `Loop` of so many
  /// rounds, with `x[t] = [t, t]`.
  static func sums(_ type: String) -> GraphBuilder {
    let isScan = type == "Scan"
    var body = GraphBuilder(
      inputs: isScan
        ? [("before", .float32, [2]), ("x", .float32, [2])]
        : [("round", .int64, []), ("goesOn", .bool, []), ("before", .float32, [2])],
      outputs: (isScan ? [] : ["still"]) + ["sum", "squashed"])
    if !isScan {
      body.node("Identity", ["goesOn"], ["still"])
      body.node("Cast", ["round"], ["x"], attributes: [GraphBuilder.int("to", 1)])
    }
    body.node("Add", ["before", "x"], ["sum"])
    body.node("Tanh", ["sum"], ["squashed"])
    var builder = GraphBuilder(
      inputs: [isScan ? ("x", .float32, nil) : ("rounds", .int64, [])], outputs: ["last", "all"])
    builder.constant("zeros", shape: [2], [0, 0] as [Float])
    var attributes = [GraphBuilder.graph("body", body.graph)]
    if isScan { attributes.append(GraphBuilder.int("num_scan_inputs", 1)) }
    builder.node(
      type, isScan ? ["zeros", "x"] : ["rounds", "", "zeros"], ["last", "all"],
      attributes: attributes)
    return builder
  }

  static func given(_ type: String, rounds: Int) -> [String: OnnxTensor] {
    if type == "Loop" { return ["rounds": OnnxTensor(Int64(rounds))] }
    return [
      "x": OnnxTensor(shape: [rounds, 2], (0..<rounds).flatMap { [Float($0), Float($0)] })
    ]
  }

  @Test(arguments: ["Scan", "Loop"])
  func anyNumberOfRounds(_ type: String) throws {
    let model = try Self.sums(type).model()
    for rounds in [3, 3, 20, 1, 7, 0, 2] {
      let results = try model.run(Self.given(type, rounds: rounds))
      var (sum, all) = (Float(0), [Float]())
      for t in 0..<rounds {
        sum += Float(t)
        all += [sum, sum]
      }
      #expect(results["last"]?.elements(as: Float.self) == [sum, sum], "\(rounds) rounds")
      let found = try #require(results["all"])
      // Without a round nobody knows the shape of its outputs.
      #expect(found.shape == (rounds == 0 ? [0] : [rounds, 2]))
      for (x, y) in zip(found.elements(as: Float.self), all) {
        #expect(abs(x - tanh(y)) < 1e-6, "\(rounds) rounds")
      }
    }
  }

  /// Memory is asked for by twice as many rounds, and yet only what they need counts.
  @Test func aLimitIsThatOfTheRoundsThereAre() throws {
    // Nine rounds of two floats.
    let limits = OnnxLimits(tensorBytes: 9 * 8)
    let model = try Self.sums("Loop").model(limits: limits)
    #expect(try model.run(Self.given("Loop", rounds: 9))["all"]?.shape == [9, 2])
    let error = #expect(throws: OnnxError.self) {
      try model.run(Self.given("Loop", rounds: 10))
    }
    #expect(error?.kind == .limit)
  }
}
