import Testing

@testable import OnnxCases
@testable import OnnxModels

@Suite struct OutlineTests {
  @Test func saysWhatAFileHolds() throws {
    let one = try #require(GoldenTests.cases("models").first)
    let outline = try OnnxOutline(bytes: one.model)
    let model = try OnnxModel(bytes: one.model)
    #expect(outline.inputs.map(\.name) == model.inputs.map(\.name))
    #expect(outline.inputs.map(\.description) == model.inputs.map(\.description))
    #expect(outline.outputs.map(\.description) == model.outputs.map(\.description))
    #expect(outline.opsets == ["ai.onnx": model.opset] && outline.producer.hasPrefix("pytorch "))
    #expect(outline.operators["LSTM"] == 2 && outline.nodeCount == 40)
    #expect(outline.initializers.count == 9)
    let nodes = outline.recurrentNodes
    #expect(nodes.map(\.inputSize) == [4, 6] && nodes.map(\.hiddenSize) == [3, 3])
    #expect(nodes.map(\.directions) == [2, 2] && nodes[0].name == "/lstm/LSTM")
    #expect(nodes[0].weights == ["onnx::LSTM_355", "onnx::LSTM_356", "onnx::LSTM_354"])
    for initializer in outline.initializers {
      let tensor = try initializer.tensor()
      #expect(tensor.shape == initializer.shape && tensor.type.description == initializer.type)
    }
  }

  @Test func alsoOfWhatCannotBeRun() throws {
    var builder = GraphBuilder(outputs: ["y"])
    builder.input("x", 10, [2])
    builder.constant(
      "w",
      .with {
        $0.dims = [2]
        $0.dataType = 16
        $0.rawData.append(contentsOf: [0, 0, 0, 0])
      })
    builder.node("Frob", ["x", "w"], ["y"], domain: "somebody's")
    var inner = GraphBuilder()
    inner.node("Relu", ["x"], ["z"])
    builder.node("If", ["x"], ["q"], attributes: [GraphBuilder.graph("then_branch", inner.graph)])
    let bytes = builder.bytes()
    #expect(throws: OnnxError.self) { try OnnxModel(bytes: bytes) }
    let outline = try OnnxOutline(bytes: bytes)
    #expect(outline.inputs.map(\.description) == ["float16 [2]"])
    #expect(outline.operators == ["somebody's.Frob": 1, "If": 1, "Relu": 1])
    #expect(outline.initializers.map(\.type) == ["bfloat16"] && outline.recurrentNodes.isEmpty)
    let error = #expect(throws: OnnxError.self) { try outline.initializers[0].tensor() }
    #expect(error?.kind == .unsupported)
  }

  @Test func contradictionsAreErrors() throws {
    var twice = GraphBuilder()
    for _ in 0..<2 { twice.constant("w", shape: [1], [1] as [Float]) }
    var negative = GraphBuilder()
    negative.constant("w", .with { $0.dims = [-1] })
    for bytes in [twice.bytes(), negative.bytes(), [], [1, 2, 3]] {
      #expect(throws: OnnxError.self) { try OnnxOutline(bytes: bytes) }
    }
    let error = #expect(throws: OnnxError.self) { try OnnxOutline(contentsOf: "/nonexistent") }
    #expect(error?.description == "/nonexistent: cannot be read: No such file or directory")
    #expect(
      #expect(throws: OnnxError.self) {
        try OnnxOutline(bytes: [1, 2, 3], limits: OnnxLimits(fileBytes: 2))
      }?.kind == .limit)
  }

  @Test func damagedFiles() throws {
    let one = try #require(GoldenTests.cases("models").last)
    for place in one.model.indices {
      var bytes = one.model
      bytes[place] ^= 1 << (place % 8)
      guard let outline = try? OnnxOutline(bytes: bytes) else { continue }
      for initializer in outline.initializers { _ = try? initializer.tensor() }
    }
  }
}
