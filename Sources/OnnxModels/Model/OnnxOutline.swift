import Foundation
import SwiftProtobuf

/// What an ONNX file holds, whether or not this library can run it.
///
/// ```swift
/// let outline = try OnnxOutline(contentsOf: "tagger.onnx")
/// print(outline.operators)  // ["Gather": 1, "LSTM": 2, …]
/// ```
public struct OnnxOutline: Sendable {
  /// An input or an output of the graph.
  public struct Value: Sendable, Hashable {
    /// The name.
    public let name: String
    /// The type of its elements by ONNX's name, such as `float16`, or what it is if no tensor.
    public let type: String
    /// The sizes of the axes; nil where the file does not say how many there are.
    public let shape: [OnnxValue.Size]?
  }

  /// A recurrent node.
  public struct RecurrentNode: Sendable, Hashable {
    /// `LSTM`, `GRU` or `RNN`.
    public let type: String
    /// The node's name.
    public let name: String
    /// 2 where it reads both ways.
    public let directions: Int
    /// How many features a step has; nil where the file does not say.
    public let inputSize: Int?
    /// How many units a direction has; nil where the file does not say.
    public let hiddenSize: Int?
    /// Whether a GRU resets after the product with its state, as its `linear_before_reset` says.
    public let resetsAfter: Bool
    /// The names of the tensors that the operator calls W, R and B; empty where it has none.
    public let weights: [String]
  }

  /// A tensor that the graph begins with.
  public struct Initializer: Sendable {
    /// The name.
    public let name: String
    /// The type of its elements by ONNX's name.
    public let type: String
    /// The sizes of the axes.
    public let shape: [Int]
    let proto: Onnx_TensorProto
    let limits: OnnxLimits

    /// The tensor itself.
    ///
    /// - Throws: what is wrong with it, or a type that this library does not have.
    public func tensor() throws(OnnxError) -> OnnxTensor { try OnnxTensor(proto, limits) }
  }

  /// Who wrote the file: `pytorch 2.9.1`.
  public let producer: String
  /// The version of each operator set, `ai.onnx` being ONNX's own.
  public let opsets: [String: Int]
  /// What a run is given.
  public let inputs: [Value]
  /// What a run gives.
  public let outputs: [Value]
  /// How many nodes of each operator there are, those of graphs within nodes among them.
  public let operators: [String: Int]
  /// The recurrent nodes of the graph itself, in its order.
  public let recurrentNodes: [RecurrentNode]
  /// The tensors that the graph begins with.
  public let initializers: [Initializer]

  /// How many nodes there are.
  public var nodeCount: Int { operators.values.reduce(0, +) }

  /// What a file holds.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - limits: what it may ask for.
  /// - Throws: ``OnnxError`` where it is no ONNX file, or contradicts itself.
  public init(contentsOf path: String, limits: OnnxLimits = OnnxLimits()) throws(OnnxError) {
    let bytes = try limits.read(path)
    do throws(OnnxError) {
      try self.init(bytes: bytes, limits: limits)
    } catch {
      throw error.ofFile(path)
    }
  }

  /// What the bytes of a file hold.
  ///
  /// - Parameters:
  ///   - bytes: a serialised `ModelProto`.
  ///   - limits: what it may ask for.
  /// - Throws: ``OnnxError`` where they are none, or contradict themselves.
  public init(bytes: [UInt8], limits: OnnxLimits = OnnxLimits()) throws(OnnxError) {
    let proto = try Onnx_ModelProto(file: bytes, limits)
    producer = [proto.producerName, proto.producerVersion].filter { !$0.isEmpty }
      .joined(separator: " ")
    var opsets: [String: Int] = [:]
    for opset in proto.opsetImport {
      opsets[opset.domain.isEmpty ? "ai.onnx" : opset.domain] = Int(opset.version)
    }
    self.opsets = opsets
    let graph = proto.graph
    let constants = Set(graph.initializer.map(\.name))
    inputs = graph.input.filter { !constants.contains($0.name) }.map(Value.init)
    outputs = graph.output.map(Value.init)
    var operators: [String: Int] = [:]
    Self.count(graph, into: &operators)
    self.operators = operators

    var initializers: [Initializer] = []
    var shapes: [String: [Int]] = [:]
    for tensor in graph.initializer {
      var shape: [Int] = []
      for size in tensor.dims {
        guard let size = Int(exactly: size), size >= 0 else {
          throw OnnxError(
            .malformed, at: "tensor '\(tensor.name)'", "impossible shape \(tensor.dims)")
        }
        shape.append(size)
      }
      guard shapes.updateValue(shape, forKey: tensor.name) == nil else {
        throw OnnxError(.malformed, at: "tensor '\(tensor.name)'", "value is defined twice")
      }
      initializers.append(
        Initializer(
          name: tensor.name, type: OnnxElementType.name(ofCode: tensor.dataType), shape: shape,
          proto: tensor, limits: limits))
    }
    self.initializers = initializers
    recurrentNodes = graph.node.compactMap { RecurrentNode($0, shapes) }
  }

  /// Counts the nodes of a graph and of those within it. The depth is that which the reader of the file allows.
  private static func count(_ graph: Onnx_GraphProto, into operators: inout [String: Int]) {
    for node in graph.node {
      let name = ["", "ai.onnx"].contains(node.domain) ? "" : node.domain + "."
      operators[name + node.opType, default: 0] += 1
      for attribute in node.attribute where attribute.hasG { count(attribute.g, into: &operators) }
    }
  }
}

extension Onnx_ModelProto {
  /// The model of a file's bytes.
  ///
  /// - Throws: what they are not.
  init(file bytes: [UInt8], _ limits: OnnxLimits) throws(OnnxError) {
    guard bytes.count <= limits.fileBytes else {
      throw OnnxError(
        .limit, "the file has \(bytes.count) bytes, at most \(limits.fileBytes) are allowed")
    }
    try MessageScan.check(bytes, holding: .model, limit: limits.messages)
    do {
      var options = BinaryDecodingOptions()
      options.discardUnknownFields = true
      try self.init(serializedBytes: bytes, options: options)
    } catch {
      throw OnnxError(.malformed, "no ONNX model: \(error)")
    }
    guard hasGraph else { throw OnnxError(.malformed, "no ONNX model: it has no graph") }
  }
}

extension OnnxOutline.Value {
  fileprivate init(_ proto: Onnx_ValueInfoProto) {
    name = proto.name
    shape = OnnxValue.sizes(proto)
    type =
      switch proto.type.value {
      case .tensorType(let tensor): OnnxElementType.name(ofCode: tensor.elemType)
      case .sequenceType: "sequence"
      case .mapType: "map"
      case .opaqueType: "opaque"
      case .sparseTensorType: "sparse tensor"
      case .optionalType: "optional"
      case nil: "of no type"
      }
  }
}

extension OnnxOutline.Value: CustomStringConvertible {
  /// The type and the shape, such as `float32 [batch, 16]`.
  public var description: String { OnnxValue.text(type, shape) }
}

extension OnnxOutline.RecurrentNode {
  fileprivate init?(_ node: Onnx_NodeProto, _ shapes: [String: [Int]]) {
    guard ["LSTM", "GRU", "RNN"].contains(node.opType), ["", "ai.onnx"].contains(node.domain)
    else { return nil }
    (type, name) = (node.opType, node.name)
    func attribute(_ name: String) -> Onnx_AttributeProto? {
      node.attribute.first { $0.name == name }
    }
    directions = attribute("direction").map { $0.s == Data("bidirectional".utf8) } == true ? 2 : 1
    resetsAfter = attribute("linear_before_reset")?.i ?? 0 != 0
    let W = node.input.count > 1 ? shapes[node.input[1]] : nil
    let R = node.input.count > 2 ? shapes[node.input[2]] : nil
    inputSize = W?.count == 3 ? W?[2] : nil
    hiddenSize = attribute("hidden_size").map { Int($0.i) } ?? (R?.count == 3 ? R?[2] : nil)
    weights = node.input.indices.filter { (1...3).contains($0) }.map { node.input[$0] }
  }
}

extension OnnxOutline.RecurrentNode: CustomStringConvertible {
  /// What it is and its sizes: `LSTM, both directions, 64 features, 128 units`.
  public var description: String {
    var text = type
    if directions == 2 { text += ", both directions" }
    if let inputSize { text += ", \(inputSize) features" }
    if let hiddenSize { text += ", \(hiddenSize) units" }
    return text
  }
}
