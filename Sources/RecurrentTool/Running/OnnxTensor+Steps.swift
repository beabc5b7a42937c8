import OnnxModels

// Tensors whose first axis is time.

extension OnnxTensor {
  /// Step `t`: the elements at that place of the first axis.
  ///
  /// - Parameter keepsAxis: whether the axis stays, with a size of 1.
  func step(_ t: Int, keepsAxis: Bool) -> OnnxTensor {
    let rest = Array(shape.dropFirst())
    let shape = keepsAxis ? [1] + rest : rest
    let size = rest.reduce(1, *)
    func part<Element: OnnxScalar>(_: Element.Type) -> OnnxTensor {
      withElements(as: Element.self) { OnnxTensor(shape: shape, $0[t * size..<(t + 1) * size]) }
    }
    switch type {
    case .float32: return part(Float.self)
    case .float64: return part(Double.self)
    case .int32: return part(Int32.self)
    case .int64: return part(Int64.self)
    case .bool: return part(Bool.self)
    }
  }

  /// All steps one behind the other: along a new first axis, or along the one that they have.
  ///
  /// - Returns: nil where they are none, or of several types or shapes.
  static func joined(_ steps: [OnnxTensor], newAxis: Bool) -> OnnxTensor? {
    guard let first = steps.first, newAxis || !first.shape.isEmpty else { return nil }
    let rest = Array(newAxis ? first.shape[...] : first.shape.dropFirst())
    var extent = 0
    for step in steps {
      guard step.type == first.type, newAxis || !step.shape.isEmpty,
        Array(newAxis ? step.shape[...] : step.shape.dropFirst()) == rest
      else { return nil }
      extent += newAxis ? 1 : step.shape[0]
    }
    func all<Element: OnnxScalar>(_: Element.Type) -> OnnxTensor {
      var elements: [Element] = []
      elements.reserveCapacity(steps.reduce(0) { $0 + $1.count })
      for step in steps { step.withElements(as: Element.self) { elements += $0 } }
      return OnnxTensor(shape: [extent] + rest, elements)
    }
    switch first.type {
    case .float32: return all(Float.self)
    case .float64: return all(Double.self)
    case .int32: return all(Int32.self)
    case .int64: return all(Int64.self)
    case .bool: return all(Bool.self)
    }
  }

  /// Zeros, or `false`.
  static func zeros(_ type: OnnxElementType, _ shape: [Int]) -> OnnxTensor {
    let count = shape.reduce(1, *)
    switch type {
    case .float32: return OnnxTensor(shape: shape, [Float](repeating: 0, count: count))
    case .float64: return OnnxTensor(shape: shape, [Double](repeating: 0, count: count))
    case .int32: return OnnxTensor(shape: shape, [Int32](repeating: 0, count: count))
    case .int64: return OnnxTensor(shape: shape, [Int64](repeating: 0, count: count))
    case .bool: return OnnxTensor(shape: shape, [Bool](repeating: false, count: count))
    }
  }
}
