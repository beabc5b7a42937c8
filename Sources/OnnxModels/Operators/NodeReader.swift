import Foundation

/// What a node does, made once when the model is loaded.
struct CompiledNode: Sendable {
  /// What computes the outputs from the inputs, and appends them; an absent input is nil.
  typealias Execution =
    @Sendable (_ inputs: Inputs, _ outputs: inout [OnnxTensor], _ context: RunContext)
    throws(OnnxError) -> Void

  /// The type of each output.
  var types: [OnnxElementType]
  /// Computes the outputs, in the order of `types`.
  var run: Execution
  /// Whether it can be computed when the model is loaded, where its inputs are known.
  var isFoldable = true
  /// The inputs that the node has packed, and does not read in a run.
  var packedInputs: Set<Int> = []
  /// The values of the graph that the node's own graphs read; they follow its inputs.
  var captures: [String] = []

  init(_ types: [OnnxElementType], appending run: @escaping Execution) {
    (self.types, self.run) = (types, run)
  }

  /// A node of several outputs.
  init(
    _ types: [OnnxElementType],
    _ run: @escaping @Sendable (Inputs, RunContext) throws(OnnxError) -> [OnnxTensor]
  ) {
    self.init(types) { (inputs, outputs, context) throws(OnnxError) in
      outputs.append(contentsOf: try run(inputs, context))
    }
  }

  /// A node of one output.
  init(
    _ type: OnnxElementType,
    _ run: @escaping @Sendable (Inputs, RunContext) throws(OnnxError) -> OnnxTensor
  ) {
    self.init([type]) { (inputs, outputs, context) throws(OnnxError) in
      outputs.append(try run(inputs, context))
    }
  }
}

/// A node while it is loaded: its attributes and inputs, each of which is checked when it is asked for, and
/// the attributes that nobody has asked for, which are refused.
struct NodeReader {
  let proto: Onnx_NodeProto
  /// The version of the operator set.
  let opset: Int
  /// The type of each input; nil where it is absent.
  let inputTypes: [OnnxElementType?]
  /// The inputs that are the same in every run.
  let constants: [OnnxTensor?]
  let limits: OnnxLimits
  private let attributes: [String: Onnx_AttributeProto]
  private var asked: Set<String> = []

  init(
    _ proto: Onnx_NodeProto, opset: Int, inputTypes: [OnnxElementType?],
    constants: [OnnxTensor?], limits: OnnxLimits
  ) throws(OnnxError) {
    self.proto = proto
    self.opset = opset
    self.inputTypes = inputTypes
    self.constants = constants
    self.limits = limits
    var attributes: [String: Onnx_AttributeProto] = [:]
    for attribute in proto.attribute {
      guard attributes.updateValue(attribute, forKey: attribute.name) == nil else {
        throw OnnxError(.malformed, "attribute '\(attribute.name)' is given twice")
      }
      guard attribute.refAttrName.isEmpty else {
        throw OnnxError(.unsupported, "attribute '\(attribute.name)' refers to a function's")
      }
    }
    self.attributes = attributes
  }

  /// Throws the name of an attribute that the operator does not have in this version.
  func checkAttributes() throws(OnnxError) {
    for attribute in proto.attribute where !asked.contains(attribute.name) {
      throw OnnxError(
        .unsupported,
        "\(proto.opType) of operator set \(opset) has no attribute '\(attribute.name)' here")
    }
  }

  // MARK: Attributes

  /// An attribute of a kind; nil where the node has none. Those that came with a later version are not
  /// asked for.
  private mutating func attribute(
    _ name: String, _ kind: Int32, _ kindName: String, since version: Int
  ) throws(OnnxError) -> Onnx_AttributeProto? {
    guard opset >= version else { return nil }
    asked.insert(name)
    guard let attribute = attributes[name] else { return nil }
    // 0: files of before kinds were written down.
    guard attribute.type == kind || attribute.type == 0 else {
      throw OnnxError(
        .malformed, "attribute '\(name)' has kind \(attribute.type), expected \(kindName)")
    }
    return attribute
  }

  mutating func has(_ name: String) -> Bool { attributes[name] != nil }

  mutating func int(_ name: String, since version: Int = 0) throws(OnnxError) -> Int? {
    guard let found = try attribute(name, 2, "an integer", since: version) else { return nil }
    return Int(found.i)
  }

  mutating func int(
    _ name: String, default value: Int, since version: Int = 0
  ) throws(OnnxError) -> Int {
    try int(name, since: version) ?? value
  }

  /// An integer that says yes or no.
  mutating func flag(
    _ name: String, default value: Bool, since version: Int = 0
  ) throws(OnnxError) -> Bool {
    try int(name, default: value ? 1 : 0, since: version) != 0
  }

  mutating func float(_ name: String) throws(OnnxError) -> Float? {
    try attribute(name, 1, "a number", since: 0)?.f
  }

  mutating func floats(_ name: String) throws(OnnxError) -> [Float]? {
    try attribute(name, 6, "numbers", since: 0)?.floats
  }

  mutating func ints(_ name: String, since version: Int = 0) throws(OnnxError) -> [Int]? {
    try attribute(name, 7, "integers", since: version)?.ints.map { Int($0) }
  }

  mutating func string(_ name: String, since version: Int = 0) throws(OnnxError) -> String? {
    guard let found = try attribute(name, 3, "a string", since: version) else { return nil }
    return String(decoding: found.s, as: UTF8.self)
  }

  mutating func strings(_ name: String) throws(OnnxError) -> [String]? {
    guard let found = try attribute(name, 8, "strings", since: 0) else { return nil }
    return found.strings.map { String(decoding: $0, as: UTF8.self) }
  }

  mutating func tensor(_ name: String) throws(OnnxError) -> OnnxTensor? {
    guard let found = try attribute(name, 4, "a tensor", since: 0) else { return nil }
    return try OnnxTensor(found.t, limits)
  }

  mutating func graph(_ name: String) throws(OnnxError) -> Onnx_GraphProto {
    guard let found = try attribute(name, 5, "a graph", since: 0), found.hasG else {
      throw OnnxError(.malformed, "attribute '\(name)' is missing")
    }
    return found.g
  }

  // MARK: Inputs and outputs

  /// Checks how many inputs there are, of which the first `required` are not absent.
  func inputs(_ required: Int, upTo most: Int? = nil) throws(OnnxError) {
    let most = most ?? required
    guard inputTypes.count <= most else {
      throw OnnxError(.malformed, "\(inputTypes.count) inputs, at most \(most) expected")
    }
    for i in 0..<required where i >= inputTypes.count || inputTypes[i] == nil {
      throw OnnxError(.malformed, "input \(i) is missing")
    }
  }

  /// The type of an input that is there.
  func type(_ place: Int) throws(OnnxError) -> OnnxElementType {
    guard let type = optionalType(place) else {
      throw OnnxError(.malformed, "input \(place) is missing")
    }
    return type
  }

  func optionalType(_ place: Int) -> OnnxElementType? {
    place < inputTypes.count ? inputTypes[place] : nil
  }

  /// The type of an input, which must be one of those that the operator has here.
  func type(
    _ place: Int, among allowed: [OnnxElementType]
  ) throws(OnnxError) -> OnnxElementType {
    let found = try type(place)
    guard allowed.contains(found) else {
      throw OnnxError(.unsupported, "input \(place) of type \(found), supported are \(allowed)")
    }
    return found
  }

  /// Checks the type of an input, if it is there.
  func expect(_ place: Int, _ type: OnnxElementType) throws(OnnxError) {
    guard let found = optionalType(place), found != type else { return }
    throw OnnxError(.malformed, "input \(place) is of type \(found), expected \(type)")
  }

  /// Checks that an input, if it is there, holds whole numbers.
  func expectIntegers(_ place: Int) throws(OnnxError) {
    guard let found = optionalType(place), found != .int64 && found != .int32 else { return }
    throw OnnxError(.malformed, "input \(place) is of type \(found), expected int64 or int32")
  }

  /// Whether output `place` has a name.
  func wants(_ place: Int) -> Bool {
    place < proto.output.count && !proto.output[place].isEmpty
  }

  /// Checks how many outputs there are.
  func outputs(upTo most: Int) throws(OnnxError) {
    guard proto.output.count <= most else {
      throw OnnxError(.malformed, "\(proto.output.count) outputs, at most \(most) expected")
    }
  }
}

extension [OnnxElementType] {
  static var floats: Self { [.float32, .float64] }
  static var numbers: Self { [.float32, .float64, .int64, .int32] }
  static var integers: Self { [.int64, .int32] }
  static var all: Self { [.float32, .float64, .int64, .int32, .bool] }
}
