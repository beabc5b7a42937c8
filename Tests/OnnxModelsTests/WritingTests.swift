import LinAlg
import Recurrent
import Testing

@testable import OnnxCases
@testable import OnnxModels

@Suite struct WritingTests {
  @Test func writtenLayersComputeTheSame() throws {
    let cases = try WrittenModels.cases()
    #expect(cases.count == 83)
    for one in cases { #expect(one.run() == .passed, "\(one)") }
  }

  @Test func tracedModelsComputeTheSame() throws {
    let cases = try TracedModels.cases()
    #expect(cases.count == 163)
    for one in cases { #expect(one.run() == .passed, "\(one)") }
  }

  @Test func namesAStateOfAnotherLayer() throws {
    var rng = SeededGenerator(seed: 1)
    var writer = OnnxGraphWriter()
    let x = writer.input("x", .float32, [.any, .any, .fixed(2)])
    let layer = LSTM<Float>(inputSize: 2, hiddenSize: 3, using: &rng)
    #expect(throws: OnnxError.self) { try writer.append(layer, to: x, from: [x]) }
  }

  @Test func noStepsAndNoSequences() throws {
    var rng = SeededGenerator(seed: 2)
    var writer = OnnxGraphWriter()
    let x = writer.input("x", .float32, [.any, .any, .fixed(2)])
    let layer = Bidirectional { LSTM<Float>(inputSize: 2, hiddenSize: 3, using: &rng) }
    let values = try writer.append(layer, to: x)
    writer.output("y", values.outputs, .float32, [.any, .any, .any])
    writer.output("h", values.finalState[0], .float32, [.any, .any])
    let model = try OnnxModel(bytes: writer.serialized())
    for (T, N) in [(0, 2), (3, 0), (0, 0)] {
      let results = try model.run([
        "x": OnnxTensor(shape: [T, N, 2], [Float](repeating: 1, count: 0))
      ])
      #expect(results["y"]?.shape == [T, N, 6])
      #expect(results["h"]?.elements(as: Float.self) == [Float](repeating: 0, count: N * 3))
    }
  }

  @Test func tensorsComeBack() throws {
    for tensor in [
      OnnxTensor(shape: [2], [1.5, -2] as [Float]), OnnxTensor(3.25), OnnxTensor(Int64.min),
      OnnxTensor(shape: [0, 3], [] as [Int32]), OnnxTensor(shape: [1, 2], [true, false]),
    ] {
      let back = try OnnxTensor(serialized: tensor.serialized())
      #expect(back.description == tensor.description)
      #expect(try back.serialized() == tensor.serialized())
    }
  }
}
