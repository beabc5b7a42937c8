@testable import OnnxModels

/// Makes small models.
struct GraphBuilder {
  private(set) var graph = Onnx_GraphProto()

  init(inputs: [(String, OnnxElementType, [Int]?)] = [], outputs: [String] = []) {
    for (name, type, shape) in inputs { input(name, type.rawValue, shape) }
    for name in outputs { output(name) }
  }

  mutating func input(_ name: String, _ type: Int32, _ shape: [Int]?) {
    graph.input.append(
      .with {
        $0.name = name
        $0.type.tensorType.elemType = type
        guard let shape else { return }
        $0.type.tensorType.shape.dim = shape.map { size in .with { $0.dimValue = Int64(size) } }
      })
  }

  mutating func output(_ name: String) { graph.output.append(.with { $0.name = name }) }

  mutating func node(
    _ type: String, _ inputs: [String], _ outputs: [String], name: String = "",
    domain: String = "", attributes: [Onnx_AttributeProto] = []
  ) {
    graph.node.append(
      .with {
        $0.opType = type
        $0.input = inputs
        $0.output = outputs
        $0.name = name
        $0.domain = domain
        $0.attribute = attributes
      })
  }

  mutating func constant(_ name: String, _ tensor: Onnx_TensorProto) {
    var tensor = tensor
    tensor.name = name
    graph.initializer.append(tensor)
  }

  mutating func constant(_ name: String, shape: [Int], _ numbers: [Float]) {
    constant(
      name,
      .with {
        $0.dims = shape.map { Int64($0) }
        $0.dataType = 1
        $0.floatData = numbers
      })
  }

  mutating func constant(_ name: String, shape: [Int], _ numbers: [Int64]) {
    constant(
      name,
      .with {
        $0.dims = shape.map { Int64($0) }
        $0.dataType = 7
        $0.int64Data = numbers
      })
  }

  static func int(_ name: String, _ value: Int) -> Onnx_AttributeProto {
    .with {
      $0.name = name
      $0.type = 2
      $0.i = Int64(value)
    }
  }

  static func graph(_ name: String, _ graph: Onnx_GraphProto) -> Onnx_AttributeProto {
    .with {
      $0.name = name
      $0.type = 5
      $0.g = graph
    }
  }

  func bytes(opset: Int = 17) -> [UInt8] {
    let model = Onnx_ModelProto.with {
      $0.irVersion = 8
      $0.graph = graph
      $0.opsetImport = [.with { $0.version = Int64(opset) }]
    }
    return (try? model.serializedBytes()) ?? []
  }

  func model(opset: Int = 17, limits: OnnxLimits = OnnxLimits()) throws(OnnxError) -> OnnxModel {
    try OnnxModel(bytes: bytes(opset: opset), limits: limits)
  }
}
