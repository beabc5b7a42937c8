import LinAlg
import Recurrent
import Testing

/// An `LSTM`, `GRU` or `SimpleRNN` with options is the layer of the definition that the options make, with the
/// weights of all gates in one `W`, one `U` and one `b`. Sums over gates are formed in another order.
@Suite struct OptionLayerTests {
  static let groups = 4

  func check<Layer: RecurrentLayer<Double>>(_ layer: Layer, _ options: any LayerOptions, seed: Int)
    throws
  {
    var rng = SeededGenerator(seed: UInt64(seed))
    let (T, N, D, H) = (4, 3, layer.inputSize, layer.hiddenSize)
    var other: DefinedLayer<Double> = try options.makeLayer(
      inputSize: D, hiddenSize: H, using: &rng)
    for name in other.parameters.names { other.parameters[name] = layer.parameters[name] }
    #expect(layer.parameters.scalarCount == other.parameters.scalarCount)
    #expect(layer.outputSize == other.outputSize)
    #expect(Set(layer.parameters.names).count == layer.parameters.names.count, "\(options)")
    for name in layer.parameters.names where name.contains("_") {
      #expect(!["W", "U", "b"].contains { name == $0 + "_i" || name == $0 + "_z" }, "\(name)")
    }

    let x = SequenceBatch<Double>.uniform(steps: T, batch: N, features: D, using: &rng)
    let d = SequenceBatch<Double>.uniform(
      steps: T, batch: N, features: layer.outputSize, using: &rng)
    func run<L: RecurrentLayer<Double>>(_ layer: L) -> (values: [[Double]], gradients: L.Parameters)
    {
      let tape = layer.makeTape(steps: T, batch: N)
      tape.noise = RecordingNoise(seed: UInt64(seed))
      var state = layer.zeroState(batch: N)
      for n in 0..<N { for j in 0..<layer.outputSize { state.hidden[n, j] = 0.1 * Double(n + j) } }
      let y = layer.forward(x, from: state, lengths: [4, 0, 2], threads: 1, recording: tape)
      var gradients = layer.parameters.zeros()
      let dx = layer.backward(d, through: tape, threads: 1, accumulatingInto: &gradients)
      let inference = layer(x, from: state, threads: 1)
      let parts = [y.finalState, dx.initialState, inference.finalState].flatMap { state in
        (0..<state.partCount).map { state.part($0).elements }.filter { !$0.isEmpty }
      }
      return (
        [y.outputs.elements, dx.x.elements, inference.outputs.elements] + parts, gradients
      )
    }
    let (a, b) = (run(layer), run(other))
    for (place, (x, y)) in zip(a.values, b.values).enumerated() {
      #expect(relativeError(x, y) < 1e-12, "value \(place), seed \(seed): \(options)")
    }
    for name in other.parameters.names {
      let error = relativeError(a.gradients[name].elements, b.gradients[name].elements)
      #expect(error < 1e-12, "d\(name), seed \(seed): \(error) \(options)")
    }
  }

  @Test(arguments: 0..<groups)
  func `every pair of options`(group: Int) throws {
    for (seed, options) in OptionSamples.all.enumerated() where seed % Self.groups == group {
      var rng = SeededGenerator(seed: UInt64(seed))
      switch options {
      case let options as LSTMOptions:
        let layer = try LSTM<Double>(inputSize: 5, hiddenSize: 4, options: options, using: &rng)
        #expect(layer.options == options)
        try check(layer, options, seed: seed)
      case let options as GRUOptions:
        try check(
          try GRU<Double>(inputSize: 5, hiddenSize: 4, options: options, using: &rng), options,
          seed: seed)
      case let options as RNNOptions:
        try check(
          try SimpleRNN<Double>(inputSize: 5, hiddenSize: 4, options: options, using: &rng),
          options, seed: seed)
      default: Issue.record("no layer for \(options)")
      }
    }
  }

  @Test func `the stack of gates`() throws {
    var rng = SeededGenerator(seed: 3)
    var options = LSTMOptions()
    options.memory = .diagonal()
    options.projection = 2
    let layer = try LSTM<Float>(inputSize: 3, hiddenSize: 4, options: options, using: &rng)
    let p = layer.parameters
    #expect(p.names == ["W", "U", "W_p", "b", "p_i", "p_f", "p_o"])
    #expect((p.W.rows, p.W.columns) == (16, 3) && (p.U.rows, p.U.columns) == (16, 2))
    for (gate, letter) in LSTMGate.allCases.map(\.rawValue).enumerated() {
      for k in 0..<3 { #expect(p["W_" + letter][1, k] == p.W[gate * 4 + 1, k]) }
      for k in 0..<2 { #expect(p["U_" + letter][2, k] == p.U[gate * 4 + 2, k]) }
      #expect(p["b_" + letter][0, 3] == p.b[0, gate * 4 + 3])
    }
    options.inputGate = .coupled
    let coupled = try LSTM<Float>(inputSize: 3, hiddenSize: 4, options: options, using: &rng)
    #expect(coupled.parameters.W.rows == 12)

    let gru = GRU<Float>(inputSize: 3, hiddenSize: 4, using: &rng)
    #expect(gru.parameters.names == ["W", "U", "b", "b_hn"])
    let before = GRU<Float>(inputSize: 3, hiddenSize: 4, variant: .resetBefore, using: &rng)
    #expect(before.parameters.names == ["W", "U", "b"])
    var normalized = GRUOptions()
    normalized.normalization = .products()
    let norm = try GRU<Float>(inputSize: 3, hiddenSize: 4, options: normalized, using: &rng)
    #expect(norm.parameters.names.prefix(3) == ["W", "U", "b"])
    #expect((norm.parameters.U.rows, norm.parameters.b.columns) == (12, 12))
  }
}
