import LinAlg
import Recurrent
import Testing

/// What does not belong together traps, and what may be exchanged gives what fresh objects give.
@Suite struct EngineMixUpTests {
  typealias Layer = DefinedLayer<Float>

  /// More inputs than a panel of packed weights has columns: else both cells pack alike.
  static let (D, H, T, N) = (50, 40, 3, 2)

  static func layer(_ name: String, _ h: CellExpression) throws -> Layer {
    var rng = SeededGenerator(seed: 4)
    return try DefinedLayer(
      CellDefinition(name, states: ["h": h]), inputSize: D, hiddenSize: H, using: &rng)
  }

  static func product(dropping rate: Double = 0) throws -> Layer {
    let U = Projection("U", form: rate > 0 ? .dropped(rate: rate) : .full)
    return try layer(
      "product",
      tanh(Projection("W")(.x)) * sigmoid(Projection("V")(.x)) + U(CellExpression.state("h")))
  }

  static func sum() throws -> Layer {
    try layer(
      "sum",
      tanh(
        Projection("W")(.x) + Projection("V")(.x) + Projection("U")(CellExpression.state("h"))))
  }

  static func inputs(_ features: Int) -> SequenceBatch<Float> {
    var rng = SeededGenerator(seed: 9)
    return .uniform(steps: T, batch: N, features: features, using: &rng)
  }

  /// Both passes: every output and every gradient.
  static func passes(_ layer: Layer) -> [Float] {
    let tape = layer.makeTape(steps: T, batch: N)
    let y = layer.forward(inputs(D), recording: tape)
    var gradients = layer.parameters.zeros()
    let d = layer.backward(inputs(H), through: tape, accumulatingInto: &gradients)
    return y.outputs.elements + d.x.elements + gradients.flat
  }

  /// The weights of one cell are packed as one matrix, those of the other as two.
  @Test func `a block that another layer has packed is packed anew`() throws {
    let (product, sum) = (try Self.product(), try Self.sum())
    #expect(product.parameters.block.specs == sum.parameters.block.specs)
    _ = Self.passes(product)
    var (given, fresh) = (sum, sum)
    given.parameters.block = product.parameters.block
    for name in product.parameters.names { fresh.parameters[name] = product.parameters[name] }
    #expect(Self.passes(given) == Self.passes(fresh))
    #expect(Self.passes(product) == Self.passes(try Self.product()))
  }

  @Test func `a tape of a layer made alike serves, one of another cell does not`() async throws {
    let (one, other) = (try Self.product(), try Self.product())
    let tape = one.makeTape(steps: Self.T, batch: Self.N)
    #expect(
      other.forward(Self.inputs(Self.D), recording: tape).outputs
        == other(Self.inputs(Self.D)).outputs)
    await #expect(processExitsWith: .failure) {
      let tape = try Self.product(dropping: 0.5).makeTape(steps: Self.T, batch: Self.N)
      try Self.sum().forward(Self.inputs(Self.D), recording: tape)
    }
  }

  @Test func `weights changed between the passes`() async {
    await #expect(processExitsWith: .failure) {
      var layer = try Self.sum()
      let tape = layer.makeTape(steps: Self.T, batch: Self.N)
      layer.forward(Self.inputs(Self.D), recording: tape)
      layer.parameters["U"] = .zeros(rows: Self.H, columns: Self.H)
      var gradients = layer.parameters.zeros()
      layer.backward(Self.inputs(Self.H), through: tape, accumulatingInto: &gradients)
    }
  }

  @Test func `a block of other sizes`() async {
    await #expect(processExitsWith: .failure) {
      var (layer, rng) = (try Self.sum(), SeededGenerator(seed: 1))
      layer.parameters.block =
        LSTM<Float>(inputSize: 2, hiddenSize: 3, using: &rng).parameters.block
      _ = layer(Self.inputs(Self.D))
    }
    await #expect(processExitsWith: .failure) {
      let layer = try Self.sum()
      let tape = layer.makeTape(steps: Self.T, batch: Self.N)
      layer.forward(Self.inputs(Self.D), recording: tape)
      var gradients = layer.parameters.zeros()
      gradients.block = ParameterBlock([ParameterSpec("U", rows: Self.H, columns: Self.H)])
      layer.backward(Self.inputs(Self.H), through: tape, accumulatingInto: &gradients)
    }
  }

  @Test func `parts of a state that are not of the same sequences`() async {
    await #expect(processExitsWith: .failure) {
      var rng = SeededGenerator(seed: 1)
      let layer = LSTM<Float>(inputSize: 3, hiddenSize: 4, using: &rng)
      var state = layer.zeroState(batch: 8)
      state.cell = .zeros(rows: 2, columns: 4)
      layer.step(.zeros(rows: 8, columns: 3), &state)
    }
    await #expect(processExitsWith: .failure) {
      var state = DefinedState<Float>([.zeros(rows: 2, columns: 3), .zeros(rows: 2, columns: 3)])
      state.hidden = .zeros(rows: 2000, columns: 3)
      _ = state[1]
    }
  }
}
