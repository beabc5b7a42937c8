import Testing

@testable import OnnxModels

/// What is not supported is named with its node when the file is loaded.
@Suite struct RefusalTests {
  private func refusal(_ builder: GraphBuilder, opset: Int = 17) -> OnnxError? {
    do throws(OnnxError) {
      _ = try builder.model(opset: opset)
      return nil
    } catch {
      return error
    }
  }

  private func oneNode(
    _ type: String, domain: String = "", attributes: [Onnx_AttributeProto] = []
  ) -> GraphBuilder {
    var builder = GraphBuilder(inputs: [("x", .float32, [2])], outputs: ["y"])
    builder.node(type, ["x"], ["y"], name: "first", domain: domain, attributes: attributes)
    return builder
  }

  @Test func namesOperatorDomainAttributeAndVersion() {
    let unknown = refusal(oneNode("Conv"))
    #expect(unknown?.kind == .unsupported && unknown?.place == "Conv 'first' (node 0)")
    #expect(unknown?.reason == "operator 'Conv' is not supported")
    let foreign = refusal(oneNode("Tanh", domain: "com.example"))
    #expect(foreign?.reason == "operator 'Tanh' of domain 'com.example' is not supported")
    let attribute = refusal(oneNode("Tanh", attributes: [GraphBuilder.int("fast", 1)]))
    #expect(attribute?.kind == .unsupported && attribute?.reason.contains("'fast'") == true)
    let version = refusal(oneNode("Softmax"), opset: 12)
    #expect(version?.reason == "operator 'Softmax' of operator set 12, supported from 13 on")
    #expect(refusal(oneNode("Tanh"), opset: 29)?.kind == .unsupported)
    #expect(refusal(oneNode("Tanh"), opset: 28) == nil)
  }

  @Test func namesTypes() {
    var builder = GraphBuilder(outputs: ["y"])
    builder.input("x", 10, [2])
    builder.node("Tanh", ["x"], ["y"])
    let half = refusal(builder)
    #expect(half?.place == "value 'x'" && half?.reason.contains("float16") == true)
    var cast = oneNode("Cast", attributes: [GraphBuilder.int("to", 16)])
    let error = refusal(cast)
    #expect(error?.place == "Cast 'first' (node 0)" && error?.reason.contains("bfloat16") == true)
    cast = oneNode("Cast", attributes: [GraphBuilder.int("to", 1 << 40)])
    #expect(refusal(cast)?.kind == .unsupported)
    var truth = GraphBuilder(inputs: [("x", .bool, [2])], outputs: ["y"])
    truth.node("Tanh", ["x"], ["y"])
    #expect(refusal(truth)?.kind == .unsupported)
  }

  @Test func refusesNodesInsideOfGraphs() {
    var body = GraphBuilder(outputs: ["z"])
    body.node("Conv", ["x"], ["z"])
    var builder = GraphBuilder(
      inputs: [("x", .float32, [2]), ("c", .bool, [])], outputs: ["y"])
    builder.node(
      "If", ["c"], ["y"],
      attributes: [
        GraphBuilder.graph("then_branch", body.graph),
        GraphBuilder.graph("else_branch", body.graph),
      ])
    let error = refusal(builder)
    #expect(error?.kind == .unsupported && error?.place.hasPrefix("Conv") == true)
  }

  @Test func refusesDataElsewhere() {
    var builder = oneNode("Tanh")
    builder.constant(
      "w",
      .with {
        $0.dims = [1]
        $0.dataType = 1
        $0.dataLocation = 1
        $0.externalData = [
          .with {
            $0.key = "location"
            $0.value = "../../secret"
          }
        ]
      })
    let error = refusal(builder)
    #expect(error?.kind == .unsupported && error?.place == "tensor 'w'")
  }
}
