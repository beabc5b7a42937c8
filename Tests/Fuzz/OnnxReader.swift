import OnnxModels

/// Loads an ONNX model, and runs what loads with inputs of small shapes: the same twice, and others behind them.
func readOnnxModel(_ bytes: UnsafeBufferPointer<UInt8>) {
  let limits = OnnxLimits(tensorBytes: 1 << 16, loopRounds: 64)
  guard let model = try? OnnxModel(bytes: Array(bytes), limits: limits) else { return }
  for size in [2, 2, 3, 1] {
    guard let given = inputs(of: model, open: size) else { return }
    _ = try? model.run(given, threads: 1)
  }
}

/// Inputs whose open axes have a size; nil where they are large.
private func inputs(of model: OnnxModel, open: Int) -> [String: OnnxTensor]? {
  var given: [String: OnnxTensor] = [:]
  for input in model.inputs {
    let shape = (input.shape ?? []).map { size in
      if case .fixed(let size) = size { size } else { open }
    }
    var places = 1
    for size in shape {
      let (product, overflow) = places.multipliedReportingOverflow(by: size)
      if overflow || product > 1 << 12 { return nil }
      places = product
    }
    given[input.name] =
      switch input.type {
      case .float32: OnnxTensor(shape: shape, [Float](repeating: 0.5, count: places))
      case .float64: OnnxTensor(shape: shape, [Double](repeating: 0.5, count: places))
      case .int32: OnnxTensor(shape: shape, [Int32](repeating: 1, count: places))
      case .int64: OnnxTensor(shape: shape, [Int64](repeating: 1, count: places))
      case .bool: OnnxTensor(shape: shape, [Bool](repeating: true, count: places))
      }
  }
  return given
}
