import LinAlg
import Recurrent
import Testing

/// A tape holds gates, `c` and `h` once.
@Suite struct TapeMemoryTests {
  struct Shape: CustomStringConvertible {
    var T, N, D, H: Int
    var description: String { "T\(T) N\(N) D\(D) H\(H)" }
  }

  static let shapes = [
    Shape(T: 50, N: 16, D: 128, H: 128), Shape(T: 25, N: 1, D: 64, H: 64),
    Shape(T: 4, N: 3, D: 5, H: 7), Shape(T: 100, N: 2, D: 300, H: 17),
  ]

  @Test(arguments: shapes)
  func `an LSTM's recording takes what gates, c and h take`(shape: Shape) {
    let (T, N, D, H) = (shape.T, shape.N, shape.D, shape.H)
    var rng = SeededGenerator(seed: 5)
    let layer = LSTM<Float>(inputSize: D, hiddenSize: H, using: &rng)
    let x = SequenceBatch<Float>.uniform(steps: T, batch: N, features: D, using: &rng)
    let dy = SequenceBatch<Float>.uniform(steps: T, batch: N, features: H, using: &rng)
    let tape = layer.makeTape(steps: T, batch: N)
    let (least, bound) = (4 * T * N * 6 * H, 1.1 * Double(4 * T * N * 6 * H))

    _ = layer.forward(x, recording: tape)
    #expect(tape.byteCount == tape.recordedByteCount)
    #expect(tape.recordedByteCount >= least)
    #expect(Double(tape.byteCount) <= bound, "\(shape): \(tape.byteCount) of \(bound)")

    var gradients = layer.parameters.zeros()
    _ = layer.backward(dy, through: tape, accumulatingInto: &gradients)
    let recorded = tape.recordedByteCount
    #expect(Double(recorded) <= bound)
    #expect(tape.byteCount >= recorded + 4 * T * N * D)

    // What a step has taken, the next one uses again.
    let after = tape.byteCount
    _ = layer.forward(x, recording: tape)
    _ = layer.backward(dy, through: tape, accumulatingInto: &gradients)
    #expect(tape.byteCount == after)
  }

  @Test func `other cells keep what their steps need`() {
    var rng = SeededGenerator(seed: 6)
    let (T, N, H) = (10, 3, 8)
    let gru = GRU<Float>(inputSize: 5, hiddenSize: H, using: &rng).makeTape(steps: T, batch: N)
    #expect(gru.recordedByteCount == 4 * (T * N * 5 * H + N * H))
    let rnn = SimpleRNN<Double>(inputSize: 5, hiddenSize: H, using: &rng)
      .makeTape(steps: T, batch: N)
    #expect(rnn.recordedByteCount == 8 * (T * N * 2 * H + N * H))
  }
}
