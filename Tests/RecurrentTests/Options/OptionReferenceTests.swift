import LinAlg
import Recurrent
import Testing

/// What options mean, against plain loops that were written from their documentation.
@Suite struct OptionReferenceTests {
  func check(_ options: any LayerOptions, seed: UInt64, training: Bool) throws {
    var rng = SeededGenerator(seed: seed)
    let (T, N, D, H) = (4, 3, 3, 4)
    let layer: DefinedLayer<Double> = try options.makeLayer(
      inputSize: D, hiddenSize: H, using: &rng)
    var c = DefinedCase(layer, steps: T, batch: N, using: &rng)
    if training {
      c.noise = RecordingNoise(seed: seed)
      c.noise?.sequences = [7, 0, 3]
    }
    let results = c.engine()
    var parameters: [String: [Double]] = [:]
    for name in c.layer.parameters.names { parameters[name] = c.layer.parameters[name].elements }
    var reference = OptionReference(
      hiddenSize: H, parameters: parameters, noise: c.noise)
    let initial = try #require(c.initial)
    var (outputs, final) = ([Double](repeating: 0, count: results.outputs.count), initial)
    for n in 0..<N {
      var states = initial.map { Array($0[n * $0.count / N..<(n + 1) * $0.count / N]) }
      for t in 0..<T {
        let x = Array(c.x[(t * N + n) * D..<(t * N + n + 1) * D])
        states = reference.step(options, x, states, row: n, time: t)
        let P = states[0].count
        outputs.replaceSubrange((t * N + n) * P..<(t * N + n + 1) * P, with: states[0])
      }
      for (i, state) in states.enumerated() {
        final[i].replaceSubrange(n * state.count..<(n + 1) * state.count, with: state)
      }
    }
    for (actual, expected) in zip([results.outputs] + results.final, [outputs] + final) {
      let error = relativeError(actual, expected)
      #expect(error < 1e-11, "seed \(seed), training \(training): \(error)\n\(options)")
    }
  }

  @Test(arguments: [true, false])
  func `every pair of options is what is written of it`(training: Bool) throws {
    for (i, options) in OptionSamples.all.enumerated() {
      try check(options, seed: UInt64(i), training: training)
    }
  }

  @Test func `a fresh layer has biases of 0, gains of 1 and the forget bias`() throws {
    var options = LSTMOptions()
    options.memory = .diagonal(candidate: true)
    options.normalization = .products()
    options.forgetBias = 2.5
    var rng = SeededGenerator(seed: 1)
    let layer: DefinedLayer<Double> = try options.makeLayer(
      inputSize: 3, hiddenSize: 4, using: &rng)
    for name in layer.parameters.names where layer.parameters[name].rows == 1 {
      let expected = name == "b_f" ? 2.5 : name.hasPrefix("gain") ? 1.0 : 0
      #expect(layer.parameters[name].elements == Array(repeating: expected, count: 4), "\(name)")
    }
    #expect(layer.parameters.names.count { $0.hasPrefix("gain") } == 9)
    #expect(LSTMOptions().forgetBias == 1)
  }
}
