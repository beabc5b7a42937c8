import LinAlg
import Recurrent
import SequenceModels
import Testing

@Suite struct LinearTests {
  static func linear() -> Linear<Double> {
    var rng = SeededGenerator(seed: 7)
    var result = Linear<Double>(inputSize: 3, outputSize: 4, using: &rng)
    result.parameters.b = .uniform(rows: 1, columns: 4, using: &rng)
    return result
  }

  static func x(steps: Int = 3, batch: Int = 2) -> SequenceBatch<Double> {
    var rng = SeededGenerator(seed: 8)
    return .uniform(steps: steps, batch: batch, features: 3, using: &rng)
  }

  @Test(arguments: [(3, 2), (1, 1), (0, 2)])
  func `multiplies and adds`(steps: Int, batch: Int) {
    let (linear, x) = (Self.linear(), Self.x(steps: steps, batch: batch))
    let (W, b) = (linear.parameters.W, linear.parameters.b)
    let y = linear(x)
    #expect(y.shape == [steps, batch, 4])
    var expected: [Double] = []
    for row in 0..<steps * batch {
      for k in 0..<4 {
        expected.append((0..<3).reduce(b[0, k]) { $0 + W[k, $1] * x.elements[row * 3 + $1] })
      }
    }
    #expect(relativeError(y.elements, expected) < 1e-14)
    if steps > 0 {
      let rows = linear(x[step: 0])
      #expect(
        relativeError(rows.withUnsafeBufferPointer { Array($0) }, Array(expected[..<(4 * batch)]))
          < 1e-14)
    }
  }

  @Test func `its gradients are those of the loss`() {
    let (linear, x) = (Self.linear(), Self.x())
    var rng = SeededGenerator(seed: 9)
    let weights: [Double] = randomNumbers(24, &rng)
    let dy = SequenceBatch(steps: 3, batch: 2, features: 4, elements: weights)
    let tape = LinearTape<Double>()
    var gradients = linear.parameters.zeros()
    #expect(linear.forward(x, recording: tape) == linear(x))
    let dx = linear.backward(dy, through: tape, accumulatingInto: &gradients)
    let dParameters = numericGradient(linear.parameters.elements) {
      var moved = linear
      moved.parameters.elements = $0
      return inner(weights, moved(x).elements)
    }
    #expect(relativeError(gradients.elements, dParameters) < 1e-9)
    let dInput = numericGradient(x.elements) {
      inner(
        weights,
        linear(SequenceBatch(steps: 3, batch: 2, features: 3, elements: $0)).elements)
    }
    #expect(relativeError(dx.elements, dInput) < 1e-9)

    // Gradients accumulate, and what is still held survives the next step.
    let (once, held) = (gradients.elements, dx.elements)
    _ = linear.forward(Self.x(), recording: tape)
    _ = linear.backward(linear(x), through: tape, accumulatingInto: &gradients)
    #expect(dx.elements == held)
    gradients.setToZero()
    for _ in 0..<2 {
      _ = linear.forward(x, recording: tape)
      _ = linear.backward(dy, through: tape, accumulatingInto: &gradients)
    }
    #expect(relativeError(gradients.elements, once.map { 2 * $0 }) < 1e-14)
  }

  @Test func `wrong shapes trap with both`() async {
    let input = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = LinearTests.linear()(SequenceBatch<Double>.zeros(steps: 2, batch: 5, features: 4))
    }
    #expect(message(input).contains("[2, 5, 4], expected D = 3"))
    let gradient = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let linear = LinearTests.linear()
      let tape = LinearTape<Double>()
      var gradients = linear.parameters.zeros()
      _ = linear.forward(LinearTests.x(), recording: tape)
      linear.backward(
        .zeros(steps: 2, batch: 3, features: 4), through: tape, accumulatingInto: &gradients)
    }
    #expect(message(gradient).contains("[2, 3, 4], expected [T, N, K] = [3, 2, 4]"))
    let spent = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let linear = LinearTests.linear()
      let tape = LinearTape<Double>()
      var gradients = linear.parameters.zeros()
      let y = linear.forward(LinearTests.x(), recording: tape)
      for _ in 0..<2 { linear.backward(y, through: tape, accumulatingInto: &gradients) }
    }
    #expect(message(spent).contains("each recording serves once"))
    let rows = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var y = Matrix<Double>.zeros(rows: 2, columns: 4)
      LinearTests.linear().apply(.zeros(rows: 3, columns: 3), into: &y)
    }
    #expect(message(rows).contains("x has shape [3, 3] and y [2, 4]"))
  }
}
