import ModelFiles
import OnnxModels

// Tensors of one library as tensors of the other.

extension Tensor {
  /// A tensor of an ONNX model, under a name.
  init(_ name: String, _ tensor: OnnxTensor) {
    switch tensor.type {
    case .float32:
      self = tensor.withElements(as: Float.self) { Tensor(name, shape: tensor.shape, $0) }
    case .float64:
      self = tensor.withElements(as: Double.self) { Tensor(name, shape: tensor.shape, $0) }
    case .int32:
      self = tensor.withElements(as: Int32.self) {
        Tensor(name, shape: tensor.shape, integers: $0.lazy.map { Int($0) }, as: .int32)
      }
    case .int64:
      self = tensor.withElements(as: Int64.self) {
        Tensor(name, shape: tensor.shape, integers: $0.lazy.map { Int($0) }, as: .int64)
      }
    case .bool:
      self = tensor.withElements(as: Bool.self) {
        Tensor(name, shape: tensor.shape, integers: $0.lazy.map { $0 ? 1 : 0 }, as: .bool)
      }
    }
  }
}

extension ElementType {
  /// The type that ONNX models have of it; nil where this library's have none.
  var onnxType: OnnxElementType? {
    switch self {
    case .float32: .float32
    case .float64: .float64
    case .int32: .int32
    case .int64: .int64
    case .bool: .bool
    default: nil
    }
  }
}

extension OnnxTensor {
  /// A tensor of a file, for a model.
  ///
  /// - Throws: where the file can no longer be read, or the shape is none of a model's tensors; nil where models
  ///   have no such type.
  init?(_ tensor: Tensor, path: String) throws(ModelFileError) {
    guard let type = tensor.elementType.onnxType else { return nil }
    // Empty tensors can have other extents of any size, which models cannot count.
    guard ElementType.float64.byteCount(ofShape: tensor.shape + [2]) != nil else {
      throw ModelFileError(
        path: path, place: .tensor(tensor.name),
        reason: "has the impossible shape \(tensor.shape), expected fewer places")
    }
    switch type {
    case .float32: self.init(shape: tensor.shape, try tensor.values(as: Float.self))
    case .float64: self.init(shape: tensor.shape, try tensor.values(as: Double.self))
    case .int32: self.init(shape: tensor.shape, try tensor.integers().map { Int32($0) })
    case .int64: self.init(shape: tensor.shape, try tensor.integers().map { Int64($0) })
    case .bool: self.init(shape: tensor.shape, try tensor.integers().map { $0 != 0 })
    }
  }
}

extension OnnxOutline {
  /// The initialisers as tensors, and those that this library has no type for.
  ///
  /// - Throws: what is wrong with one.
  func tensors(path: String) throws(ToolError) -> (file: TensorFile, others: [Initializer]) {
    var file = TensorFile()
    var others: [Initializer] = []
    for initializer in initializers {
      do throws(OnnxError) {
        file.append(Tensor(initializer.name, try initializer.tensor()))
      } catch {
        guard error.kind == .unsupported else { throw ToolError.data("\(path): \(error)") }
        others.append(initializer)
      }
    }
    return (file, others)
  }

  /// The initialisers as tensors, all of them.
  ///
  /// - Throws: what is wrong with one, or has no type of this library's.
  func allTensors(path: String) throws(ToolError) -> TensorFile {
    let (file, others) = try tensors(path: path)
    if let other = others.first {
      throw .data("\(path): tensor '\(other.name)': elements of type \(other.type) are not read")
    }
    return file
  }
}
