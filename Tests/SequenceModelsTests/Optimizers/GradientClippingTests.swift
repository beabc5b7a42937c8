import Autodiff
import LinAlg
import Recurrent
import SequenceModels
import Testing

@Suite struct GradientClippingTests {
  func gradients() -> ModelParameters<Float> {
    var result = CharacterModelSamples.lstm(Float.self).parameters.zeros()
    var rng = SeededGenerator(seed: 31)
    result.elements = randomNumbers(result.scalarCount, &rng)
    return result
  }

  @Test func `the norm is that of all blocks together`() {
    let gradients = gradients()
    let expected = gradients.elements.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(abs(gradients.globalNorm - expected) < 1e-12 * expected)
  }

  @Test func `a norm above the bound is brought down to it`() throws {
    var gradients = gradients()
    let before = gradients
    let norm = try gradients.clip(toGlobalNorm: 0.5)
    #expect(norm == before.globalNorm)
    #expect(abs(gradients.globalNorm - 0.5) < 1e-6)
    let scaled = before.elements.map { $0 * Float(0.5 / norm) }
    #expect(relativeError(gradients.elements, scaled) < 1e-6)
  }

  @Test func `a norm within the bound changes nothing`() throws {
    var gradients = gradients()
    let before = gradients.elements
    try gradients.clip(toGlobalNorm: gradients.globalNorm)
    try gradients.clip(toGlobalNorm: .infinity)
    #expect(gradients.elements == before)
  }

  @Test func `squares of large floats do not overflow`() throws {
    var gradients = gradients()
    gradients.fill(with: 1e30)
    let norm = try gradients.clip(toGlobalNorm: 1)
    #expect(abs(norm / (1e30 * Double(gradients.scalarCount).squareRoot()) - 1) < 1e-6)
    #expect(abs(gradients.globalNorm - 1) < 1e-6)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `a gradient that is not finite is named and nothing changes`(value: Float) {
    var gradients = gradients()
    gradients[block: 1][tensor: 1][2, 1] = value
    let before = gradients.elements
    let error = #expect(throws: NonFiniteGradientError.self) {
      try gradients.clip(toGlobalNorm: 1)
    }
    #expect(error?.block == 1 && error?.tensor == "U" && error?.index == 2 * 4 + 1)
    #expect(zip(gradients.elements, before).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) })
    #expect("\(error as Any)".contains("gradient of U (block 1) is \(value) at element 9"))
  }

  @Test func `the same in double precision, where squares can overflow`() {
    var gradients = LinearParameters<Double>(inputSize: 2, outputSize: 1)
    gradients.elements = [0, 1e200, 0]
    #expect(throws: NonFiniteGradientError.self) { try gradients.clip(toGlobalNorm: 1) }
  }

  @Test func `zeroing`() {
    var gradients = gradients()
    let copy = gradients
    gradients.setToZero()
    #expect(gradients.elements.allSatisfy { $0 == 0 })
    #expect(copy.elements.contains { $0 != 0 })
  }
}
