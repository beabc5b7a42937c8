import Testing

@testable import OnnxModels

@Suite struct SchemaTests {
  @Test func readsAField() throws {
    // Field 1, varint 8; field 7, an empty message.
    let model = try Onnx_ModelProto(serializedBytes: [0x08, 0x08, 0x3a, 0x00] as [UInt8])
    #expect(model.irVersion == 8 && model.hasGraph)
  }
}
