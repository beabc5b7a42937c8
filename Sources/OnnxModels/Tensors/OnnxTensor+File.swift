import Foundation
import LinAlg

extension OnnxTensor {
  /// The tensor of a serialised `TensorProto`, such as the inputs and outputs of ONNX's own test cases.
  ///
  /// - Throws: what is wrong with it, or what this library does not support.
  public init(
    serialized bytes: some Sequence<UInt8>, limits: OnnxLimits = OnnxLimits()
  ) throws(OnnxError) {
    let bytes = Array(bytes)
    try MessageScan.check(bytes, holding: .tensor, limit: limits.messages)
    let proto: Onnx_TensorProto
    do {
      proto = try Onnx_TensorProto(serializedBytes: bytes)
    } catch {
      throw OnnxError(.malformed, at: "tensor", "no TensorProto: \(error)")
    }
    try self.init(proto, limits)
  }

  /// - Throws: what is wrong with it, naming it.
  init(_ proto: Onnx_TensorProto, _ limits: OnnxLimits) throws(OnnxError) {
    do throws(OnnxError) {
      try self.init(reading: proto, limits)
    } catch {
      throw error.placed(at: "tensor '\(proto.name)'")
    }
  }

  private init(reading proto: Onnx_TensorProto, _ limits: OnnxLimits) throws(OnnxError) {
    let type = try OnnxElementType(code: proto.dataType)
    guard proto.dataLocation == 0, proto.externalData.isEmpty else {
      throw OnnxError(.unsupported, "its data lies in another file, which is not read")
    }
    var shape: [Int] = []
    for size in proto.dims {
      guard let size = Int(exactly: size), size >= 0 else {
        throw OnnxError(.malformed, "impossible shape \(proto.dims)")
      }
      shape.append(size)
    }
    guard let count = Self.count(of: shape) else {
      throw OnnxError(.malformed, "impossible shape \(proto.dims)")
    }
    guard count <= limits.tensorBytes / type.byteCount else {
      throw OnnxError(
        .limit, "\(count) elements of \(type), at most \(limits.tensorBytes) bytes are allowed")
    }
    // Before anything is allocated: there must be as much data as the shape asks for.
    let given: Int
    if proto.hasRawData {
      guard proto.rawData.count == count * type.byteCount else {
        throw OnnxError(
          .malformed,
          "\(proto.rawData.count) bytes of data, \(type) \(shape) has \(count * type.byteCount)")
      }
      given = count
    } else {
      switch type {
      case .float32: given = proto.floatData.count
      case .float64: given = proto.doubleData.count
      case .int32, .bool: given = proto.int32Data.count
      case .int64: given = proto.int64Data.count
      }
    }
    guard given == count else {
      throw OnnxError(.malformed, "\(given) elements, shape \(shape) has \(count)")
    }
    self.init(type, shape, count: count)
    if proto.hasRawData {
      proto.rawData.withUnsafeBytes { raw in
        guard let start = raw.baseAddress, raw.count > 0 else { return }
        bytes.copyMemory(from: start, byteCount: raw.count)
      }
      swapIfBigEndian()
      if type == .bool {
        for i in 0..<count { (storage.pointer + i).pointee = storage.pointer[i] == 0 ? 0 : 1 }
      }
      return
    }
    switch type {
    case .float32: fill(proto.floatData)
    case .float64: fill(proto.doubleData)
    case .int32: fill(proto.int32Data)
    case .int64: fill(proto.int64Data)
    case .bool:
      for (i, value) in proto.int32Data.enumerated() { storage.pointer[i] = value == 0 ? 0 : 1 }
    }
  }

  private func fill<Element: OnnxScalar>(_ elements: [Element]) {
    elements.withUnsafeBufferPointer { source in
      guard let start = source.baseAddress else { return }
      mutable(as: Element.self).initialize(from: start, count: source.count)
    }
  }

  /// Files are little-endian.
  private func swapIfBigEndian() {
    #if _endian(big)
      switch type.byteCount {
      case 4:
        let words = bytes.bindMemory(to: UInt32.self, capacity: count)
        for i in 0..<count { words[i] = words[i].byteSwapped }
      case 8:
        let words = bytes.bindMemory(to: UInt64.self, capacity: count)
        for i in 0..<count { words[i] = words[i].byteSwapped }
      default: break
      }
    #endif
  }
}
