import Foundation
import LinAlg
import Recurrent
import Testing

/// Streams: step by step as in one piece, saved and resumed with the same bits.
@Suite struct StreamingTests {
  func stack() -> Stacked<LSTM<Float>> { SmallLayers.stack(count: 3, dropout: 0.5) }

  func batch<S: LinAlgScalar>(_: S.Type, steps: Int, batch: Int) -> SequenceBatch<S>
  where S.RawSignificand: FixedWidthInteger {
    var rng = SeededGenerator(seed: 21)
    return .uniform(steps: steps, batch: batch, features: 3, using: &rng)
  }

  func stepByStep<Layer: CausalLayer>(_ layer: Layer)
  where Layer.Scalar.RawSignificand: FixedWidthInteger {
    let x = batch(Layer.Scalar.self, steps: 6, batch: 2)
    let whole = layer(x)
    let session = StreamingSession(layer, batch: 2)
    for t in 0..<6 {
      let y = session.step(x[step: t])
      #expect(relativeError(y.elements, whole.outputs[step: t].elements) < 1e-6)
    }
    #expect(session.stepCount == 6)
    #expect(relativeError(session.state.flat, whole.finalState.flat) < 1e-6)
    session.reset()
    #expect(session.stepCount == 0)
    #expect(session.state.flat == layer.initialState(batch: 2).flat)
    #expect(session.advance(x) == whole.outputs)
    #expect(session.state.flat == whole.finalState.flat)
  }

  @Test func `step by step is what it is in one piece`() {
    stepByStep(SmallLayers.lstm() as LSTM<Double>)
    stepByStep(SmallLayers.gru() as GRU<Float>)
    stepByStep(stack())
    stepByStep(SmallLayers.chain() as SmallChain<Float>)
    var learned = LearnedInitialState(stack())
    learned.parameters.initial.withUnsafeMutableBufferPointer { initial in
      for i in initial.indices { initial[i] = 0.1 * Float(i) }
    }
    stepByStep(learned)
  }

  func resumes<Layer: CausalLayer>(_ layer: Layer) throws
  where Layer.Scalar.RawSignificand: FixedWidthInteger {
    let x = batch(Layer.Scalar.self, steps: 9, batch: 2)
    let session = StreamingSession(layer, batch: 2)
    for t in 0..<4 { session.step(x[step: t]) }
    for encoded in [
      try JSONEncoder().encode(session.snapshot()),
      try JSONEncoder().encode(
        JSONDecoder().decode(
          StreamSnapshot.self, from: JSONEncoder().encode(session.snapshot()))),
    ] {
      let snapshot = try JSONDecoder().decode(StreamSnapshot.self, from: encoded)
      #expect(snapshot == session.snapshot())
      let resumed = try StreamingSession(layer, resuming: snapshot)
      #expect(resumed.stepCount == 4)
      let original = StreamingSession(layer, batch: 2)
      for t in 0..<4 { original.step(x[step: t]) }
      for t in 4..<9 {
        #expect(original.step(x[step: t]).elements == resumed.step(x[step: t]).elements)
      }
      #expect(original.state.flat == resumed.state.flat)
    }
  }

  @Test func `a snapshot resumes with the same bits`() throws {
    try resumes(SmallLayers.lstm() as LSTM<Double>)
    try resumes(SmallLayers.gru() as GRU<Float>)
    try resumes(stack())
    try resumes(LearnedInitialState(stack()))
    try resumes(SmallLayers.chain() as SmallChain<Float>)
  }

  @Test func `numbers that decimals would lose survive`() throws {
    let layer: LSTM<Double> = SmallLayers.lstm()
    let session = StreamingSession(layer)
    var state = session.state
    state.flat = [.nan, -0.0, .infinity, .leastNonzeroMagnitude, 0.1, -1e300, .ulpOfOne, 3]
    session.state = state
    let data = try JSONEncoder().encode(session.snapshot())
    let resumed = try StreamingSession(
      layer, resuming: JSONDecoder().decode(StreamSnapshot.self, from: data))
    #expect(resumed.state.flat.map(\.bitPattern) == state.flat.map(\.bitPattern))
  }

  /// What decoding and resuming a changed snapshot throws.
  func error(_ change: (inout [String: Any]) -> Void) throws -> SnapshotError? {
    let session = StreamingSession(stack(), batch: 2)
    session.step(batch(Float.self, steps: 1, batch: 2)[step: 0])
    let data = try JSONEncoder().encode(session.snapshot())
    var fields = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    change(&fields)
    do {
      let snapshot = try JSONDecoder().decode(
        StreamSnapshot.self, from: JSONSerialization.data(withJSONObject: fields))
      try session.restore(snapshot)
      return nil
    } catch let error as SnapshotError {
      return error
    }
  }

  func part(_ fields: inout [String: Any], _ index: Int, _ change: (inout [String: Any]) -> Void) {
    guard var parts = fields["parts"] as? [[String: Any]] else { return }
    change(&parts[index])
    fields["parts"] = parts
  }

  @Test func `a damaged snapshot says where and what was expected`() throws {
    #expect(try error { _ in } == nil)
    #expect(
      try error { $0["version"] = 2 }?.description == "snapshot: version: expected 1, found 2")
    #expect(
      try error { $0["checksum"] = nil }?.description
        == "snapshot: checksum: expected a value, found none")
    #expect(try error { $0["steps"] = "one" }?.place == "steps")
    #expect(try error { $0["steps"] = 3 }?.place == "checksum")
    for steps in [-1, Int.max] {
      #expect(try error { $0["steps"] = steps }?.expectation == "0...9007199254740992")
    }
    let damaged = try error { self.part(&$0, 1) { $0["bits"] = "00" } }
    #expect(damaged?.place == "parts[1]")
    #expect(damaged?.expectation == "2 rows of 4 numbers of 8 or 16 hexadecimal digits")
    let flipped = try error {
      self.part(&$0, 3) {
        guard let bits = $0["bits"] as? String else { return }
        $0["bits"] = (bits.first == "0" ? "1" : "0") + bits.dropFirst()
      }
    }
    #expect(flipped?.place == "checksum")
    #expect(try error { self.part(&$0, 2) { $0["width"] = "x" } }?.place == "parts[2].width")
    #expect(try error { self.part(&$0, 0) { $0["batch"] = 1 << 60 } }?.place == "parts[0]")
    #expect(try error { $0["layer"] = "LSTM<Float>" }?.place == "checksum")
  }

  @Test func `a snapshot of another layer is refused, and the session stays as it was`() throws {
    let session = StreamingSession(stack(), batch: 2)
    session.step(batch(Float.self, steps: 1, batch: 2)[step: 0])
    let before = session.state.flat
    func refusal(_ snapshot: StreamSnapshot) -> SnapshotError? {
      do {
        try session.restore(snapshot)
        return nil
      } catch { return error }
    }
    #expect(
      refusal(StreamingSession(SmallLayers.lstm() as LSTM<Float>, batch: 2).snapshot())?
        .description
        == "snapshot: layer: expected Stacked<LSTM<Float>>, found LSTM<Float>")
    #expect(
      refusal(StreamingSession(stack(), batch: 1).snapshot())?.description
        == "snapshot: parts[0]: expected shape [2, 4], found [1, 4]")
    let two: Stacked<LSTM<Float>> = SmallLayers.stack(count: 2)
    #expect(
      refusal(StreamingSession(two, batch: 2).snapshot())?.description
        == "snapshot: parts: expected 6, found 4")
    #expect(session.state.flat == before)
  }

  /// A state of the same shapes is not enough where another cell would go on from it.
  @Test func `a snapshot of another cell is refused`() throws {
    var rng = SeededGenerator(seed: 12)
    func defined(_ cell: CellDefinition) throws -> DefinedLayer<Float> {
      try DefinedLayer(cell, inputSize: 4, hiddenSize: 4, using: &rng)
    }
    func isRefused<Layer: CausalLayer>(_ layer: Layer, _ other: Layer) throws -> Bool {
      let snapshot = StreamingSession(layer).snapshot()
      try StreamingSession(layer).restore(snapshot)
      do {
        try StreamingSession(other).restore(snapshot)
        return false
      } catch {
        return error.place == "layer"
      }
    }
    var clipped = LSTMOptions()
    clipped.clipping.cell = 3
    let cells = try [
      .gruResetAfter, .gruResetBefore, .gruLectureNotes, .elman(), .lstm(), .peepholeLSTM(),
      clipped.definition(),
    ].map(defined)
    for (i, a) in cells.enumerated() {
      for (j, b) in cells.enumerated() {
        #expect(try isRefused(a, b) == (i != j), "\(a.kind), \(b.kind)")
        #expect(
          try isRefused(LearnedInitialState(Stacked([a])), LearnedInitialState(Stacked([b])))
            == (i != j))
        #expect(try isRefused(Stacked([cells[0], a]), Stacked([cells[0], b])) == (i != j))
        #expect(try isRefused(Chain(cells[0], a), Chain(cells[0], b)) == (i != j))
      }
    }
    #expect(
      try isRefused(
        SmallLayers.gru(variant: .resetAfter) as GRU<Float>, SmallLayers.gru(variant: .resetBefore))
    )
    let (tanh, relu) = (
      SimpleRNN<Float>(inputSize: 2, hiddenSize: 3, using: &rng),
      SimpleRNN<Float>(inputSize: 2, hiddenSize: 3, activation: .relu, using: &rng)
    )
    #expect(try isRefused(tanh, relu))
  }
}
