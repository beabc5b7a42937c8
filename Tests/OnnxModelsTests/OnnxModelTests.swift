import Foundation
import Testing

@testable import OnnxCases
@testable import OnnxModels

@Suite struct OnnxModelTests {
  @Test func checksWhatARunIsGiven() throws {
    var builder = GraphBuilder(inputs: [("x", .float32, [2, 3])], outputs: ["y"])
    builder.node("Relu", ["x"], ["y"])
    let model = try builder.model()
    #expect(model.inputs[0].description == "float32 [2, 3]" && model.outputs[0].name == "y")
    let x = OnnxTensor(shape: [2, 3], [-1, 0, 1, 2, -2, 3] as [Float])
    #expect(try model.run(["x": x])["y"]?.elements(as: Float.self) == [0, 0, 1, 2, 0, 3])
    for given in [
      [:], ["x": OnnxTensor(shape: [3, 2], x.elements(as: Float.self))], ["x": OnnxTensor(1.0)],
      ["x": x, "z": x],
    ] {
      #expect(throws: OnnxError.self) { try model.run(given) }
    }
  }

  @Test func nodesInAnyOrder() throws {
    var builder = GraphBuilder(inputs: [("x", .float32, nil)], outputs: ["c"])
    builder.node("Neg", ["b"], ["c"])
    builder.node("Neg", ["a"], ["b"])
    builder.node("Neg", ["x"], ["a"])
    #expect(try builder.model().run(["x": OnnxTensor(Float(2))])["c"]?.elements() == [-2 as Float])
  }

  @Test func constantsAreComputedOnce() throws {
    var builder = GraphBuilder(inputs: [("x", .float32, nil)], outputs: ["y"])
    builder.constant("w", shape: [2, 1], [1, 2] as [Float])
    builder.node("Transpose", ["w"], ["t"])
    builder.node("Exp", ["t"], ["e"])
    builder.node("Log", ["e"], ["l"])
    builder.node("Identity", ["x"], ["unused"])
    builder.node("MatMul", ["x", "l"], ["y"])
    let model = try builder.model()
    #expect(model.stepCount == 1)
    let y = try model.run(["x": OnnxTensor(shape: [1, 1], [3 as Float])])["y"]
    #expect(y?.shape == [1, 2])
    let numbers = try #require(y?.elements(as: Float.self))
    #expect(abs(numbers[0] - 3) < 1e-5 && abs(numbers[1] - 6) < 1e-5)
  }

  @Test func manyThreadsRunOneModel() async throws {
    let cases = GoldenTests.cases("models")
    for one in cases {
      let model = try OnnxModel(bytes: one.model)
      var given: [String: OnnxTensor] = [:]
      for (i, input) in model.inputs.enumerated() {
        given[input.name] = try OnnxTensor(serialized: #require(one.inputs[i]))
      }
      let (inputs, name) = (given, model.outputs[0].name)
      let expected = try model.run(inputs)[name]?.elements(as: Float.self)
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for _ in 0..<16 {
          group.addTask { try model.run(inputs)[name]?.elements(as: Float.self) == expected }
        }
        for try await same in group { #expect(same) }
      }
    }
  }

  @Test func readsFiles() throws {
    let one = try #require(GoldenTests.cases("models").first)
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("onnx-\(ProcessInfo.processInfo.processIdentifier).onnx").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(one.model).write(to: URL(fileURLWithPath: path))
    #expect(try OnnxModel(contentsOf: path).opset == 17)
    do throws(OnnxError) {
      _ = try OnnxModel(contentsOf: path, limits: OnnxLimits(fileBytes: 100))
      Issue.record("a file above the limit was read")
    } catch {
      #expect(error.kind == .unreadable && error.place == path)
    }
  }
}
