/// An input or an output of a model: its name, and what is known of it before the run.
public struct OnnxValue: Hashable, Sendable {
  /// The size of an axis.
  public enum Size: Hashable, Sendable {
    /// The same in every run.
    case fixed(Int)
    /// Whatever a run has, under a name such as `batch`.
    case named(String)
    /// Whatever a run has.
    case any
  }

  /// The name.
  public let name: String
  /// The type of the elements.
  public let type: OnnxElementType
  /// The sizes of the axes; nil where the file does not say how many there are.
  public let shape: [Size]?

  /// - Throws: a type that this library does not run.
  init(_ proto: Onnx_ValueInfoProto, _ type: OnnxElementType) {
    name = proto.name
    self.type = type
    shape = Self.sizes(proto)
  }

  /// The sizes of the axes that a file declares for a value; nil where it does not say how many there are.
  static func sizes(_ proto: Onnx_ValueInfoProto) -> [Size]? {
    guard case .tensorType(let tensor) = proto.type.value, tensor.hasShape else { return nil }
    return tensor.shape.dim.map { size in
      switch size.value {
      case .dimValue(let value) where value >= 0: .fixed(Int(clamping: value))
      case .dimParam(let name) where !name.isEmpty: .named(name)
      default: .any
      }
    }
  }

  /// The type of elements that a file declares for a value.
  static func elementType(_ proto: Onnx_ValueInfoProto) throws(OnnxError) -> OnnxElementType {
    let kind: String
    switch proto.type.value {
    case .tensorType(let tensor):
      do throws(OnnxError) {
        return try OnnxElementType(code: tensor.elemType)
      } catch {
        throw error.placed(at: "value '\(proto.name)'")
      }
    case .sequenceType: kind = "sequences"
    case .mapType: kind = "maps"
    case .opaqueType: kind = "opaque values"
    case .sparseTensorType: kind = "sparse tensors"
    case .optionalType: kind = "optional values"
    case nil: kind = "values of no type"
    }
    throw OnnxError(.unsupported, at: "value '\(proto.name)'", "\(kind) are not supported")
  }

  /// Throws unless a tensor may stand for this value.
  func check(_ tensor: OnnxTensor) throws(OnnxError) {
    var fits = tensor.type == type
    if fits, let shape {
      fits =
        shape.count == tensor.shape.count
        && zip(shape, tensor.shape).allSatisfy { size, given in
          if case .fixed(let size) = size { size == given } else { true }
        }
    }
    guard fits else {
      throw OnnxError(.input, at: "input '\(name)'", "given is \(tensor), expected \(self)")
    }
  }
}

extension OnnxValue: CustomStringConvertible {
  /// The type and the shape, such as `float32 [batch, 16]`.
  public var description: String { Self.text(type.description, shape) }

  /// A type and a shape.
  static func text(_ type: String, _ shape: [Size]?) -> String {
    guard let shape else { return "\(type) of any shape" }
    let sizes = shape.map { size in
      switch size {
      case .fixed(let size): "\(size)"
      case .named(let name): name
      case .any: "?"
      }
    }
    return "\(type) [\(sizes.joined(separator: ", "))]"
  }
}
