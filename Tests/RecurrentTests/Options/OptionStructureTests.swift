import Foundation
import LinAlg
import Recurrent
import Testing

/// Options that change what the weights are: what must mean the same, and what is refused.
@Suite struct OptionStructureTests {
  let equality = OptionEqualityTests()

  @Test func `a projection by the identity is none`() throws {
    var projected = LSTMOptions()
    projected.projection = 4
    let plain = try equality.run(LSTMOptions())
    let same = try equality.run(projected) {
      $0["W_p"] = .identity(4)
    }
    equality.expectEqual(same, plain, "W_p = 1")
  }

  @Test func `a narrow projection is a wide one without the other rows`() throws {
    let (D, H, P, T, N) = (3, 5, 2, 4, 3)
    var rng = SeededGenerator(seed: 21)
    var options = LSTMOptions()
    options.projection = P
    let narrow: DefinedLayer<Double> = try options.makeLayer(
      inputSize: D, hiddenSize: H, using: &rng)
    options.projection = H
    var wide: DefinedLayer<Double> = try options.makeLayer(
      inputSize: D, hiddenSize: H, using: &rng)
    for name in narrow.parameters.names {
      let from = narrow.parameters[name]
      var to = Matrix<Double>.zeros(
        rows: wide.parameters[name].rows, columns: wide.parameters[name].columns)
      for i in 0..<from.rows { for j in 0..<from.columns { to[i, j] = from[i, j] } }
      wide.parameters[name] = to
    }
    let x = SequenceBatch<Double>.uniform(steps: T, batch: N, features: D, using: &rng)
    let (a, b) = (narrow(x), wide(x))
    #expect(a.outputs.shape == SequenceBatch<Double>.zeros(steps: T, batch: N, features: P).shape)
    for i in 0..<T * N {
      for j in 0..<P {
        #expect(abs(a.outputs.elements[i * P + j] - b.outputs.elements[i * H + j]) < 1e-15)
      }
    }
    let c = narrow.state("c", of: a.finalState)
    #expect((c.rows, c.columns) == (N, H))
    #expect(relativeError(c.elements, wide.state("c", of: b.finalState).elements) < 1e-14)
    #expect(narrow.state("h", of: a.finalState).columns == P)
    #expect(a.finalState.count == 2)
  }

  @Test func `symmetric is full with a symmetric matrix`() throws {
    for candidate in [false, true] {
      var (symmetric, full) = (LSTMOptions(), LSTMOptions())
      symmetric.memory = .symmetric(candidate: candidate)
      full.memory = .full(candidate: candidate)
      var matrices: [String: Matrix<Double>] = [:]
      let a = try equality.run(symmetric) {
        for name in $0.names where name.hasPrefix("V_") {
          matrices[name] = $0.symmetricMatrix(name)
        }
      }
      let b = try equality.run(full) { for (name, V) in matrices { $0[name] = V } }
      #expect(matrices.count == (candidate ? 4 : 3))
      equality.expectEqual(a, b, "symmetric")
      for name in matrices.keys {
        let (triangle, whole) = (
          try #require(a.gradients[name]), try #require(b.gradients[name])
        )
        var folded: [Double] = []
        for i in 0..<4 {
          for j in 0..<i { folded.append(whole[i * 4 + j] + whole[j * 4 + i]) }
          folded.append(whole[i * 5])
        }
        #expect(relativeError(triangle, folded) < 1e-12, "d\(name)")
      }
    }
  }

  @Test func `connections are dropped while a pass is recorded, and only then`() throws {
    var options = RNNOptions()
    options.activation = .identity
    options.regularization.dropConnect = 0.3
    var rng = SeededGenerator(seed: 3)
    let H = 64
    var layer: DefinedLayer<Float> = try options.makeLayer(
      inputSize: 1, hiddenSize: H, using: &rng)
    let ones = Matrix<Float>(rows: H, columns: H, elements: [Float](repeating: 1, count: H * H))
    layer.parameters["U"] = ones
    // Row n of the outputs of the first step is column n of U.
    let start = DefinedState<Float>([.identity(H)])
    let x = SequenceBatch<Float>.zeros(steps: 1, batch: H, features: 1)
    let tape = layer.makeTape(steps: 1, batch: H)
    func seen(_ noise: RecordingNoise?) -> [Float] {
      tape.noise = noise
      return layer.forward(x, from: start, recording: tape).outputs.elements
    }
    let first = seen(RecordingNoise(seed: 4))
    #expect(seen(nil) == ones.elements && layer(x, from: start).outputs.elements == ones.elements)
    #expect(seen(RecordingNoise(seed: 4)) == first)
    #expect(seen(RecordingNoise(seed: 5)) != first)
    // 4096 draws: the standard deviation of the share is 0.0072.
    let share = Double(first.count { $0 == 0 }) / Double(first.count)
    #expect(abs(share - 0.3) < 0.036)
    #expect(first.allSatisfy { $0 == 0 || abs($0 - 1 / 0.7) < 1e-4 })
    options.regularization.dropConnect = 1e-9
    equality.expectEqual(
      try equality.run(options, noise: RecordingNoise(seed: 3)),
      try equality.run(RNNOptions().with { $0.activation = .identity }), "nothing dropped")
  }

  @Test func `what does not fit is refused`() throws {
    var rng = SeededGenerator(seed: 1)
    var options = LSTMOptions()
    options.projection = 0
    #expect(throws: LayerOptionsError.notPositive("projection")) { try options.definition() }
    options.projection = 5
    #expect(throws: LayerOptionsError.cell(.outputSize(5, hiddenSize: 4))) {
      _ = try options.makeLayer(inputSize: 3, hiddenSize: 4, using: &rng) as DefinedLayer<Float>
    }
    #expect(throws: CellDefinitionError.outputOfOtherSize(of: "c", outputSize: 2)) {
      _ = try DefinedLayer<Float>(
        .lstm(), inputSize: 3, hiddenSize: 4, outputSize: 2, using: &rng)
    }
    #expect(throws: CellDefinitionError.symmetricInput(node: "W")) {
      _ = try CellDefinition("s", states: ["h": Projection("W", form: .symmetric)(.x)])
    }
    let narrow = try CellDefinition(
      "n",
      states: [
        "h": Projection("V", form: .symmetric)(.state("c")),
        "c": tanh(Projection("W")(.x) + Projection("U")(.state("h"))),
      ])
    #expect(throws: CellDefinitionError.notSquare(node: "V", operand: 4, width: 2)) {
      _ = try DefinedLayer<Float>(
        narrow, inputSize: 3, hiddenSize: 4, outputSize: 2, using: &rng)
    }
    var rnn = RNNOptions()
    rnn.normalization = .sums(epsilon: 0)
    #expect(throws: LayerOptionsError.notPositive("normalization.epsilon")) {
      try rnn.definition()
    }
    rnn.normalization = .none
    rnn.regularization.dropConnect = 1
    #expect(throws: LayerOptionsError.rate("regularization.dropConnect")) {
      try rnn.definition()
    }
  }

  /// Shifting and scaling a sum changes nothing behind its normalization.
  @Test func `normalized sums do not depend on their scale`() throws {
    var options = GRUOptions()
    options.candidate = .resetBefore
    options.normalization = .products(epsilon: 1e-12)
    let plain = try equality.run(options)
    let scaled = try equality.run(options) { parameters in
      for name in parameters.names where name.hasPrefix("W") || name.hasPrefix("U") {
        let old = parameters[name]
        parameters[name] = Matrix(
          rows: old.rows, columns: old.columns, elements: old.elements.map { 3 * $0 })
      }
    }
    for (x, y) in zip(plain.results.named, scaled.results.named) where x.name != "dParameters" {
      #expect(relativeError(x.values, y.values) < 1e-7, "\(x.name)")
    }
  }
}

extension RNNOptions {
  fileprivate func with(_ change: (inout RNNOptions) -> Void) -> RNNOptions {
    var result = self
    change(&result)
    return result
  }
}
