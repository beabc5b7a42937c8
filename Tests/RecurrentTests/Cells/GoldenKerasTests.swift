import GoldenSupport
import LinAlg
import Recurrent
import Testing

/// The layers against values that Keras computed, converted as the article "Gate layouts" says.
@Suite struct GoldenKerasTests {
  /// Keras's weights as ours, by the names that the shipped definitions use: `W_i [H, D]`, `U_i [H, H]`,
  /// `b_i [H]` for a gate i; `b_hn` for what `reset_after` adds.
  static func convert<S: RecurrentScalar>(
    _ weights: GoldenKeras.Weights, _ c: GoldenKeras, isGradient: Bool
  ) -> [String: [S]] {
    let (D, H, columns) = (c.inputSize, c.hiddenSize, c.layer.gates * c.hiddenSize)
    let kerasOrder: [String] =
      switch c.layer {
      case .lstm: ["_i", "_f", "_g", "_o"]
      case .gru: ["_z", "_r", "_n"]
      case .simpleRNN: [""]
      }
    // Rows of ours are columns of theirs.
    func transposed(_ kernel: [Double], rows: Int, gate: Int) -> [S] {
      (0..<H).flatMap { unit in
        (0..<rows).map { S(kernel[$0 * columns + gate * H + unit]) }
      }
    }
    var result: [String: [S]] = [:]
    for (gate, name) in kerasOrder.enumerated() {
      result["W" + name] = transposed(weights.kernel, rows: D, gate: gate)
      result["U" + name] = transposed(weights.recurrentKernel, rows: H, gate: gate)
      let own = weights.bias[gate * H..<(gate + 1) * H].map { S($0) }
      result["b" + name] = own
      guard c.resetAfter else { continue }
      // Two biases: they are added outside the reset gate, where the gradient of the sum is that of
      // either; behind it the second stays by itself.
      let other = weights.bias[columns + gate * H..<columns + (gate + 1) * H].map { S($0) }
      if name == "_n" {
        result["b_hn"] = other
      } else if !isGradient {
        result["b" + name] = zip(own, other).map { $0 + $1 }
      }
    }
    return result
  }

  func check<Layer: RecurrentLayer>(_ layer: Layer, _ c: GoldenKeras, names: [String]) {
    typealias S = Layer.Scalar
    func batch(_ values: [Double], features: Int) -> SequenceBatch<S> {
      SequenceBatch(
        batchFirst: values.map { S($0) }, batch: c.batch, steps: c.steps, features: features)
    }
    func flat(_ weights: GoldenKeras.Weights, isGradient: Bool) -> [S] {
      let converted: [String: [S]] = Self.convert(weights, c, isGradient: isGradient)
      #expect(Set(names) == Set(converted.keys), "\(c)")
      return names.flatMap { converted[$0] ?? [] }
    }
    var layer = layer
    layer.parameters.flat = flat(c.weights, isGradient: false)
    var (state, dFinalState) = (layer.zeroState(batch: c.batch), layer.zeroState(batch: c.batch))
    state.flat = c.initialState.map { S($0) }
    dFinalState.flat = c.dFinalState.map { S($0) }
    let tape = layer.makeTape(steps: c.steps, batch: c.batch)
    var gradients = layer.parameters.zeros()
    let out = layer.forward(batch(c.x, features: c.inputSize), from: state, recording: tape)
    let d = layer.backward(
      batch(c.dOutputs, features: c.hiddenSize), finalState: dFinalState, through: tape,
      accumulatingInto: &gradients)
    let mine = LayerResults(
      outputs: out.outputs.batchFirst, finalState: out.finalState.flat, dx: d.x.batchFirst,
      dParameters: gradients.flat, dInitialState: d.initialState.flat)
    let expected = LayerResults<S>(
      outputs: c.outputs.map { S($0) }, finalState: c.finalState.map { S($0) },
      dx: c.dx.map { S($0) }, dParameters: flat(c.dWeights, isGradient: true),
      dInitialState: c.dInitialState.map { S($0) })
    let wrong = disagreements(
      mine, expected, tolerance: c.precision == .float32 ? 1e-5 : tolerance(S.self))
    #expect(wrong.isEmpty, "\(c) \(Layer.self): \(wrong)")
  }

  func check<S: RecurrentScalar>(_ c: GoldenKeras, _: S.Type) throws {
    var rng = SeededGenerator(seed: 1)
    let (D, H) = (c.inputSize, c.hiddenSize)
    func check(_ definition: CellDefinition) throws {
      let layer = try DefinedLayer<S>(definition, inputSize: D, hiddenSize: H, using: &rng)
      self.check(layer, c, names: layer.parameters.names)
    }
    func names(_ gates: [String], _ more: String...) -> [String] {
      ["W", "U", "b"].flatMap { tensor in gates.map { tensor + $0 } } + more
    }
    switch (c.layer, c.recurrentActivation) {
    case (.lstm, "sigmoid"):
      let layer = LSTM<S>(inputSize: D, hiddenSize: H, using: &rng)
      self.check(layer, c, names: names(["_i", "_f", "_g", "_o"]))
      try check(.lstm())
      if c.freshBias {
        #expect(layer.parameters.b.elements == c.weights.bias.map { S($0) }, "unit_forget_bias")
      }
    case (.lstm, "hard_sigmoid"): try check(Self.hardLSTM())
    case (.gru, "sigmoid"):
      let variant: GRUOptions.Candidate = c.resetAfter ? .resetAfter : .resetBefore
      let layer = GRU<S>(inputSize: D, hiddenSize: H, variant: variant, using: &rng)
      let gates = names(["_r", "_z", "_n"])
      self.check(layer, c, names: c.resetAfter ? gates + ["b_hn"] : gates)
      try check(c.resetAfter ? .gruResetAfter : .gruResetBefore)
    case (.gru, "hard_sigmoid"): try check(Self.hardGRU())
    case (.simpleRNN, _):
      let activation = try #require(RNNActivation(rawValue: c.activation))
      let layer = SimpleRNN<S>(inputSize: D, hiddenSize: H, activation: activation, using: &rng)
      self.check(layer, c, names: names([""]))
      try check(.elman(activation: c.activation == "relu" ? .relu : .tanh))
    default: Issue.record("\(c): an activation of the gates that is not compared")
    }
  }

  /// Keras 3's hard sigmoid, which is not ONNX's: a sixth of `x` and a half, within 0 and 1.
  static let hardSigmoid = Activation.hardSigmoid(alpha: 1.0 / 6, beta: 0.5)

  static func sum(_ suffix: String, _ recurrent: CellExpression = .state("h")) -> CellExpression {
    Projection("W" + suffix)(.x) + Projection("U" + suffix)(recurrent) + .perUnit("b" + suffix)
  }

  static func hardLSTM() throws -> CellDefinition {
    func gate(_ suffix: String) -> CellExpression { sum(suffix).activated(by: hardSigmoid) }
    let c = gate("_f") * CellExpression.state("c") + gate("_i") * tanh(sum("_g"))
    return try CellDefinition("hard-lstm", states: ["h": gate("_o") * tanh(c), "c": c])
  }

  static func hardGRU() throws -> CellDefinition {
    let h = CellExpression.state("h")
    let (r, z) = (sum("_r").activated(by: hardSigmoid), sum("_z").activated(by: hardSigmoid))
    return try CellDefinition("hard-gru", states: ["h": (1 - z) * tanh(sum("_n", r * h)) + z * h])
  }

  @Test func `outputs and all gradients`() throws {
    let cases = try GoldenKeras.all()
    #expect(cases.count == 8 && cases.count { $0.precision == .float64 } == 3)
    for c in cases {
      try check(c, Double.self)
      try check(c, Float.self)
    }
  }
}
