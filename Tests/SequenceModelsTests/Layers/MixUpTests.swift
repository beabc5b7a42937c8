import LinAlg
import Recurrent
import SequenceModels
import Testing

/// Recordings, parameters and gradients of one layer given to another: each call says so and touches
/// nothing.
@Suite struct MixUpTests {
  static func linear(_ D: Int, _ K: Int) -> Linear<Float> {
    var rng = SeededGenerator(seed: 61)
    return Linear(inputSize: D, outputSize: K, using: &rng)
  }

  static func embedding(_ V: Int, _ D: Int) -> Embedding<Float> {
    var rng = SeededGenerator(seed: 62)
    return Embedding(vocabularySize: V, features: D, using: &rng)
  }

  static func x(_ features: Int) -> SequenceBatch<Float> {
    .zeros(steps: 2, batch: 3, features: features)
  }

  @Test func `a recording of another linear map`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let (small, large) = (Self.linear(3, 4), Self.linear(300, 4))
      let tape = LinearTape<Float>()
      _ = small.forward(Self.x(3), recording: tape)
      var gradients = large.parameters.zeros()
      large.backward(Self.x(4), through: tape, accumulatingInto: &gradients)
    }
    #expect(message(result).contains("have been changed since the forward pass"))
  }

  @Test func `a recording of another embedding`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let (large, small) = (Self.embedding(900, 4), Self.embedding(3, 4))
      let tape = EmbeddingTape<Float>()
      _ = large.forward(TokenBatch(repeating: 899, steps: 2, batch: 3), recording: tape)
      var gradients = small.parameters.zeros()
      small.backward(Self.x(4), through: tape, accumulatingInto: &gradients)
    }
    #expect(message(result).contains("have been changed since the forward pass"))
  }

  @Test func `weights changed between the passes`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var map = Self.linear(3, 4)
      let tape = LinearTape<Float>()
      _ = map.forward(Self.x(3), recording: tape)
      map.parameters.W = .zeros(rows: 4, columns: 3)
      var gradients = map.parameters.zeros()
      map.backward(Self.x(4), through: tape, accumulatingInto: &gradients)
    }
    #expect(message(result).contains("have been changed since the forward pass"))
  }

  @Test func `a copy of the layer runs a recording backwards`() {
    let map = Self.linear(3, 4)
    let tape = LinearTape<Float>()
    let copy = map
    _ = map.forward(Self.x(3), recording: tape)
    var gradients = copy.parameters.zeros()
    #expect(
      copy.backward(Self.x(4), through: tape, accumulatingInto: &gradients).shape == [2, 3, 3])
  }

  @Test func `the block of another linear map`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var map = Self.linear(300, 400)
      map.parameters.block = Self.linear(3, 400).parameters.block
      _ = map(Self.x(300))
    }
    #expect(
      message(result).contains(
        "parameters of the linear map: W has shape [400, 3], expected [400, 300]"))
  }

  @Test func `the block of another kind of layer`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var table = Self.embedding(300, 40)
      table.parameters.block = Self.linear(40, 7).parameters.block
      _ = table(TokenBatch(repeating: 299, steps: 2, batch: 3))
    }
    #expect(
      message(result).contains(
        "parameters of the embedding: W has shape [7, 40], expected [300, 40]"))
  }
}
