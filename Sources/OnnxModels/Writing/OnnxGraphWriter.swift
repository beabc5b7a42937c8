import Foundation
import WholeFiles

/// A value of a graph that is being written.
public struct OnnxReference: Hashable, Sendable {
  /// The name in the file.
  public let name: String
}

/// An ONNX model in the making: inputs, nodes one behind the other, outputs, and then a file.
///
/// ```swift
/// var writer = OnnxGraphWriter()
/// let tokens = writer.input("tokens", .int64, [.named("steps"), .named("batch")])
/// let y = try writer.append(encoder, to: writer.append(embedding, to: tokens))
/// let scores = writer.append(linear, to: y.outputs)
/// writer.output("scores", scores, .float32, [.named("steps"), .named("batch"), .fixed(5)])
/// try writer.write(to: "tagger.onnx")
/// ```
public struct OnnxGraphWriter: Sendable {
  /// An attribute of a node.
  public enum Attribute: Hashable, Sendable {
    /// A whole number.
    case int(Int)
    /// A number.
    case float(Float)
    /// A string.
    case string(String)
    /// Whole numbers.
    case ints([Int])
    /// Numbers.
    case floats([Float])
    /// Strings.
    case strings([String])
  }

  /// The version of ONNX's operator set that the file asks for.
  public let opset: Int
  private var graph = Onnx_GraphProto()
  private var count = 0
  /// Numbers that nodes have asked for, so that each stands in the file once.
  private var numbers: [Number: OnnxReference] = [:]

  private struct Number: Hashable {
    var type: OnnxElementType
    var bits: UInt64
  }

  /// An empty graph.
  ///
  /// - Parameters:
  ///   - name: what the graph is called.
  ///   - opset: the version of ONNX's operator set, 14 or above; the layers write what all of those have.
  public init(name: String = "model", opset: Int = 17) {
    self.opset = opset
    graph.name = name
  }

  private mutating func newName(_ stem: String) -> String {
    count += 1
    return "\(stem)_\(count)"
  }

  /// Adds an input of the model.
  public mutating func input(
    _ name: String, _ type: OnnxElementType, _ shape: [OnnxValue.Size]
  ) -> OnnxReference {
    graph.input.append(Self.declaration(name, type, shape))
    return OnnxReference(name: name)
  }

  /// Makes a value an output of the model.
  ///
  /// - Parameters:
  ///   - name: the output's name.
  ///   - value: the value.
  ///   - type: the type of its elements.
  ///   - shape: its shape, of which ONNX wants to know the number of axes.
  public mutating func output(
    _ name: String, _ value: OnnxReference, _ type: OnnxElementType = .float32,
    _ shape: [OnnxValue.Size]
  ) {
    graph.node.append(
      .with {
        $0.opType = "Identity"
        $0.name = name
        $0.input = [value.name]
        $0.output = [name]
      })
    graph.output.append(Self.declaration(name, type, shape))
  }

  private static func declaration(
    _ name: String, _ type: OnnxElementType, _ shape: [OnnxValue.Size]
  ) -> Onnx_ValueInfoProto {
    .with {
      $0.name = name
      $0.type.tensorType.elemType = type.rawValue
      $0.type.tensorType.shape.dim = shape.map { size in
        .with {
          switch size {
          case .fixed(let size): $0.dimValue = Int64(size)
          case .named(let name): $0.dimParam = name
          case .any: break
          }
        }
      }
    }
  }

  /// Adds a tensor that is the same in every run.
  public mutating func constant(_ tensor: OnnxTensor, name: String = "constant") -> OnnxReference {
    let name = newName(name)
    var proto = tensor.proto
    proto.name = name
    graph.initializer.append(proto)
    return OnnxReference(name: name)
  }

  /// Adds a node.
  ///
  /// - Parameters:
  ///   - type: the operator.
  ///   - inputs: nil for one that is absent.
  ///   - attributes: in any order.
  ///   - outputs: how many.
  /// - Returns: the outputs.
  public mutating func node(
    _ type: String, _ inputs: [OnnxReference?], _ attributes: [String: Attribute] = [:],
    outputs: Int = 1
  ) -> [OnnxReference] {
    let name = newName(type)
    let results = (0..<outputs).map { OnnxReference(name: "\(name)_out\($0)") }
    // Absent inputs at the end are left out.
    let given = inputs.reversed().drop { $0 == nil }.reversed()
    graph.node.append(
      .with {
        $0.opType = type
        $0.name = name
        $0.input = given.map { $0?.name ?? "" }
        $0.output = results.map(\.name)
        $0.attribute = attributes.sorted { $0.key < $1.key }.map { Self.attribute($0, $1) }
      })
    return results
  }

  /// Adds a node whose attribute `body` is a graph.
  ///
  /// - Parameters:
  ///   - type: the operator.
  ///   - inputs: nil for one that is absent.
  ///   - attributes: the others.
  ///   - outputs: how many.
  ///   - write: writes the graph: its inputs, nodes and outputs. What it reads of this one it finds by name.
  mutating func node<Failure: Error>(
    _ type: String, _ inputs: [OnnxReference?], _ attributes: [String: Attribute], outputs: Int,
    body write: (inout OnnxGraphWriter) throws(Failure) -> Void
  ) throws(Failure) -> [OnnxReference] {
    var body = OnnxGraphWriter(name: newName("body"), opset: opset)
    // A name of a body must not be one of the graph around it.
    body.count = count
    try write(&body)
    count = body.count
    let results = node(type, inputs, attributes, outputs: outputs)
    graph.node[graph.node.count - 1].attribute.append(
      .with {
        ($0.name, $0.type) = ("body", 5)
        $0.g = body.graph
      })
    return results
  }

  /// Adds an input of a body, with a name of its own.
  mutating func bodyInput(_ type: OnnxElementType, _ shape: [OnnxValue.Size]) -> OnnxReference {
    input(newName("in"), type, shape)
  }

  /// Makes a value an output of a body.
  mutating func bodyOutput(
    _ value: OnnxReference, _ type: OnnxElementType, _ shape: [OnnxValue.Size]
  ) {
    output(newName("out"), value, type, shape)
  }

  /// A number that is the same in every run.
  mutating func number<S: OnnxScalar & BinaryFloatingPoint>(
    _ value: Double, as _: S.Type
  ) -> OnnxReference {
    let key = Number(type: S.onnxType, bits: value.bitPattern)
    if let known = numbers[key] { return known }
    let made = constant(OnnxTensor(S(value)), name: "number")
    numbers[key] = made
    return made
  }

  /// Whole numbers that are the same in every run, such as axes: a tensor with one axis.
  mutating func integers(_ values: [Int]) -> OnnxReference {
    if values.count == 1 {
      let key = Number(type: .int64, bits: UInt64(bitPattern: Int64(values[0])))
      if let known = numbers[key] { return known }
      let made = constant(OnnxTensor(shape: [1], [Int64(values[0])]), name: "integers")
      numbers[key] = made
      return made
    }
    return constant(OnnxTensor(shape: [values.count], values.map { Int64($0) }), name: "integers")
  }

  /// Adds a node of one output.
  mutating func one(
    _ type: String, _ inputs: [OnnxReference?], _ attributes: [String: Attribute] = [:]
  ) -> OnnxReference {
    node(type, inputs, attributes)[0]
  }

  private static func attribute(_ name: String, _ value: Attribute) -> Onnx_AttributeProto {
    .with {
      $0.name = name
      switch value {
      case .float(let value): ($0.type, $0.f) = (1, value)
      case .int(let value): ($0.type, $0.i) = (2, Int64(value))
      case .string(let value): ($0.type, $0.s) = (3, Data(value.utf8))
      case .floats(let values): ($0.type, $0.floats) = (6, values)
      case .ints(let values): ($0.type, $0.ints) = (7, values.map { Int64($0) })
      case .strings(let values): ($0.type, $0.strings) = (8, values.map { Data($0.utf8) })
      }
    }
  }

  /// The model as the bytes of a file.
  ///
  /// - Throws: a model that is larger than the format's 2 GiB.
  public func serialized() throws(OnnxError) -> [UInt8] {
    let model = Onnx_ModelProto.with {
      $0.irVersion = 8
      $0.producerName = "swift-recurrent"
      $0.graph = graph
      $0.opsetImport = [.with { $0.version = Int64(opset) }]
    }
    do {
      return try model.serializedBytes()
    } catch {
      throw OnnxError(.limit, at: "model", "it cannot be written: \(error)")
    }
  }

  /// Writes the model to a file, whole or not at all.
  ///
  /// - Throws: a model that is too large, or a file that cannot be written.
  public func write(to path: String) throws(OnnxError) {
    let bytes = try serialized()
    do throws(FileFailure) {
      try WholeFile.write(bytes, to: path)
    } catch {
      throw OnnxError(.unreadable, at: path, error.description)
    }
  }
}

extension OnnxTensor {
  /// The tensor as a serialised `TensorProto`.
  ///
  /// - Throws: a tensor that is larger than the format's 2 GiB.
  public func serialized() throws(OnnxError) -> [UInt8] {
    do {
      return try proto.serializedBytes()
    } catch {
      throw OnnxError(.limit, at: "tensor", "it cannot be written: \(error)")
    }
  }

  /// The tensor as files have it.
  var proto: Onnx_TensorProto {
    .with {
      $0.dims = shape.map { Int64($0) }
      $0.dataType = type.rawValue
      #if _endian(little)
        $0.rawData = Data(bytes: bytes, count: byteCount)
      #else
        switch type {
        case .float32: $0.floatData = elements(as: Float.self)
        case .float64: $0.doubleData = elements(as: Double.self)
        case .int32: $0.int32Data = elements(as: Int32.self)
        case .int64: $0.int64Data = elements(as: Int64.self)
        case .bool: $0.int32Data = elements(as: Bool.self).map { $0 ? 1 : 0 }
        }
      #endif
    }
  }
}
