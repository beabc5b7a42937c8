import Autodiff
import LinAlg
import Recurrent
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

  @Test func `wrong shapes trap with both`() async {
    let input = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = LinearTests.linear()(SequenceBatch<Double>.zeros(steps: 2, batch: 5, features: 4))
    }
    #expect(message(input).contains("[2, 5, 4], expected D = 3"))
    let rows = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var y = Matrix<Double>.zeros(rows: 2, columns: 4)
      LinearTests.linear().apply(.zeros(rows: 3, columns: 3), into: &y)
    }
    #expect(message(rows).contains("x has shape [3, 3] and y [2, 4]"))
  }

  @Test func `the block of another map traps with both shapes`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var rng = SeededGenerator(seed: 61)
      var map = Linear<Float>(inputSize: 300, outputSize: 400, using: &rng)
      map.parameters.block =
        Linear<Float>(inputSize: 3, outputSize: 400, using: &rng).parameters.block
      _ = map(SequenceBatch<Float>.zeros(steps: 2, batch: 3, features: 300))
    }
    #expect(
      message(result).contains(
        "parameters of the linear map: W has shape [400, 3], expected [400, 300]"))
  }
}
