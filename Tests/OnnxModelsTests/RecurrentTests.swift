import LinAlg
import Testing

@testable import OnnxModels

/// Sequences of different lengths, which are run in stretches.
@Suite struct RecurrentTests {
  private struct Draw {
    var rng: SeededGenerator

    mutating func tensor(_ shape: [Int]) -> OnnxTensor {
      OnnxTensor(
        shape: shape,
        (0..<shape.reduce(1, *)).map { _ in Float.random(in: -0.7...0.7, using: &rng) })
    }
  }

  private static func string(_ name: String, _ value: String) -> Onnx_AttributeProto {
    .with {
      $0.name = name
      $0.type = 3
      $0.s.append(contentsOf: Array(value.utf8))
    }
  }

  /// The sequences of a batch and their states: those of one alone, or all.
  private func cut(
    _ given: [String: OnnxTensor], _ n: Int, length: Int, isBatchFirst: Bool
  ) -> [String: OnnxTensor] {
    var result = given.filter { ["W", "R", "B"].contains($0.key) }
    if let x = given["X"] {
      let (N, T, D) = (
        x.shape[isBatchFirst ? 0 : 1], x.shape[isBatchFirst ? 1 : 0], x.shape[2]
      )
      let all = x.elements(as: Float.self)
      var own: [Float] = []
      for t in 0..<length {
        let row = (isBatchFirst ? n * T + t : t * N + n) * D
        own += all[row..<row + D]
      }
      result["X"] = OnnxTensor(shape: isBatchFirst ? [1, length, D] : [length, 1, D], own)
    }
    for name in ["h", "c"] {
      if let state = given[name] { result[name] = one(state, n, isBatchFirst: isBatchFirst) }
    }
    return result
  }

  /// A sequence's state of `[directions, N, H]` or `[N, directions, H]`.
  private func one(_ state: OnnxTensor, _ n: Int, isBatchFirst: Bool) -> OnnxTensor {
    let (directions, N, H) = (
      state.shape[isBatchFirst ? 1 : 0], state.shape[isBatchFirst ? 0 : 1], state.shape[2]
    )
    let all = state.elements(as: Float.self)
    var own: [Float] = []
    for d in 0..<directions {
      let row = (isBatchFirst ? n * directions + d : d * N + n) * H
      own += all[row..<row + H]
    }
    return OnnxTensor(shape: isBatchFirst ? [1, directions, H] : [directions, 1, H], own)
  }

  /// Each sequence of a batch gets what it gets alone, bit for bit, on any number of threads; its outputs
  /// behind its end are zero.
  @Test(arguments: ["RNN", "LSTM", "GRU"], ["forward", "reverse", "bidirectional"])
  func eachSequenceAsIfAlone(_ kind: String, _ direction: String) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var draw = Draw(rng: SeededGenerator(seed: seed))
    for round in 0..<8 {
      let (isBatchFirst, hasState) = (round % 2 == 1, round % 4 < 2)
      let (directions, G) = (
        direction == "bidirectional" ? 2 : 1, ["RNN": 1, "GRU": 3, "LSTM": 4][kind] ?? 0
      )
      let (T, N, D, H) = (
        Int.random(in: 1...12, using: &draw.rng), Int.random(in: 1...9, using: &draw.rng),
        Int.random(in: 1...5, using: &draw.rng), Int.random(in: 1...20, using: &draw.rng)
      )
      let lengths = (0..<N).map { _ in Int.random(in: 0...T, using: &draw.rng) }
      let state = isBatchFirst ? [N, directions, H] : [directions, N, H]
      var given = [
        "X": draw.tensor(isBatchFirst ? [N, T, D] : [T, N, D]),
        "W": draw.tensor([directions, G * H, D]), "R": draw.tensor([directions, G * H, H]),
        "B": draw.tensor([directions, 2 * G * H]),
      ]
      if hasState { given["h"] = draw.tensor(state) }
      if hasState && kind == "LSTM" { given["c"] = draw.tensor(state) }
      let outputs = kind == "LSTM" ? ["Y", "Y_h", "Y_c"] : ["Y", "Y_h"]
      func model(_ withLengths: Bool) throws -> OnnxModel {
        var builder = GraphBuilder(
          inputs: given.keys.sorted().map { ($0, .float32, nil) }
            + (withLengths ? [("lengths", .int32, nil)] : []), outputs: outputs)
        builder.node(
          kind,
          ["X", "W", "R", "B", withLengths ? "lengths" : ""]
            + (hasState ? ["h"] + (kind == "LSTM" ? ["c"] : []) : []), outputs,
          attributes: [
            Self.string("direction", direction), GraphBuilder.int("hidden_size", H),
            GraphBuilder.int("layout", isBatchFirst ? 1 : 0),
          ])
        return try builder.model()
      }
      let (ragged, alone) = (try model(true), try model(false))
      var all = given
      all["lengths"] = OnnxTensor(shape: [N], lengths.map { Int32($0) })
      let place: Comment = "seed \(seed), round \(round), lengths \(lengths) of \(T)"
      var bits: [String: [UInt32]] = [:]
      for threads in 1...3 {
        let results = try ragged.run(all, threads: threads)
        let now = results.mapValues { $0.elements(as: Float.self).map(\.bitPattern) }
        if threads > 1 { #expect(now == bits, place) }
        bits = now
        for n in 0..<N where threads == 1 {
          let own = try alone.run(
            cut(given, n, length: lengths[n], isBatchFirst: isBatchFirst), threads: 1)
          for name in outputs.dropFirst() {
            let (mine, theirs) = (try #require(results[name]), try #require(own[name]))
            #expect(
              one(mine, n, isBatchFirst: isBatchFirst).elements(as: Float.self)
                == theirs.elements(as: Float.self), place)
          }
          let (y, expected) = (
            try #require(results["Y"]).elements(as: Float.self),
            try #require(own["Y"]).elements(as: Float.self)
          )
          for t in 0..<T {
            for d in 0..<directions {
              let row =
                (isBatchFirst ? (n * T + t) * directions + d : (t * directions + d) * N + n) * H
              let mine = Array(y[row..<row + H])
              if t < lengths[n] {
                let at = (t * directions + d) * H
                #expect(mine == Array(expected[at..<at + H]), place)
              } else {
                #expect(mine.allSatisfy { $0 == 0 }, place)
              }
            }
          }
        }
      }
    }
  }
}
