// LayerNormalization and BatchNormalization.

enum NormalizationOperators {
  static func layer(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(2, upTo: 3)
    try reader.outputs(upTo: 3)
    let type = try reader.type(0, among: .floats)
    try reader.expect(1, type)
    try reader.expect(2, type)
    let along = try reader.int("axis", default: -1)
    let epsilon = try reader.float("epsilon") ?? 1e-5
    let stash = try reader.int("stash_type", default: 1)
    guard stash == 1 else { throw OnnxError(.unsupported, "stash_type \(stash)") }
    return type == .float32
      ? layer(Float.self, along, epsilon) : layer(Double.self, along, epsilon)
  }

  private static func layer<S: OnnxFloat>(
    _: S.Type, _ along: Int, _ epsilon: Float
  ) -> CompiledNode {
    CompiledNode(
      [S.onnxType, .float32, .float32],
      appending: {
        (inputs, results, context) throws(OnnxError) in
        let x = try inputs[0]
        let (inner, statistics, n, rows) = try context.planned(x) { () throws(OnnxError) in
          let first = try axis(along, rank: x.shape.count)
          let (outer, inner) = (Array(x.shape[..<first]), Array(x.shape[first...]))
          return (
            inner, outer + inner.map { _ in 1 }, inner.reduce(1, *), outer.reduce(1, *)
          )
        }
        let scale = try stretched(inputs[1], to: inner, x.shape, context)
        let shift: OnnxTensor? =
          if let bias = inputs.optional(2) {
            try stretched(bias, to: inner, x.shape, context)
          } else { nil }
        let result = try context.make(S.onnxType, x.shape)
        let means = try context.make(.float32, statistics)
        let deviations = try context.make(.float32, statistics)
        let (from, to) = (x.pointer(as: S.self), result.mutable(as: S.self))
        let gains = scale.pointer(as: S.self)
        let shifts = shift?.pointer(as: S.self)
        // Either the same for all rows, or one for each element.
        let (gainStep, shiftStep) = (scale.count == n ? 0 : n, shift?.count == n ? 0 : n)
        for row in 0..<rows {
          let (x, y) = (from + row * n, to + row * n)
          var sum: S = 0
          for i in 0..<n { sum += x[i] }
          let mean = sum / S(n)
          var squares: S = 0
          for i in 0..<n { squares += (x[i] - mean) * (x[i] - mean) }
          let factor = 1 / (squares / S(n) + S(epsilon)).squareRoot()
          let gain = gains + row * gainStep
          if let shifts {
            let shift = shifts + row * shiftStep
            for i in 0..<n { y[i] = (x[i] - mean) * factor * gain[i] + shift[i] }
          } else {
            for i in 0..<n { y[i] = (x[i] - mean) * factor * gain[i] }
          }
          means.mutable(as: Float.self)[row] = Float(mean)
          deviations.mutable(as: Float.self)[row] = Float(factor)
        }
        withExtendedLifetime((x, scale, shift)) {}
        results.append(result)
        results.append(means)
        results.append(deviations)
      })
  }

  /// A scale or shift for the elements of a row, or where it differs between rows for all of them.
  private static func stretched(
    _ scale: OnnxTensor, to inner: [Int], _ whole: [Int], _ context: RunContext
  ) throws(OnnxError) -> OnnxTensor {
    if scale.shape == inner { return scale }
    let target = scale.shape.count <= inner.count ? inner : whole
    try check(
      try broadcastShape(scale.shape, target) == target, "a scale \(scale.shape) for \(whole)")
    let result = try context.make(scale.type, target)
    copyStrided(
      scale, StridedLoops(target, [broadcastStrides(scale.shape, to: target)]), into: result)
    return result
  }

  /// Of inference: with the mean and the variance that are given.
  static func batch(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(5)
    let type = try reader.type(0, among: .floats)
    for i in 1..<5 { try reader.expect(i, type) }
    let epsilon = try reader.float("epsilon") ?? 1e-5
    _ = try reader.float("momentum")
    if try reader.flag("training_mode", default: false, since: 14)
      || (1..<5).contains(where: { reader.wants($0) })
    {
      throw OnnxError(.unsupported, "BatchNormalization in training mode")
    }
    return type == .float32 ? batch(Float.self, epsilon) : batch(Double.self, epsilon)
  }

  private static func batch<S: OnnxFloat>(_: S.Type, _ epsilon: Float) -> CompiledNode {
    CompiledNode(S.onnxType) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      // One axis is that of the batch, with one channel.
      let channels = x.shape.count > 1 ? x.shape[1] : 1
      var parameters: [[S]] = []
      for i in 1..<5 {
        let parameter = try inputs[i]
        try check(
          !x.shape.isEmpty && parameter.shape == [channels],
          "input \(i) is \(parameter.shape) for \(x.shape), expected one number for each channel")
        parameters.append(parameter.elements(as: S.self))
      }
      let result = try context.make(S.onnxType, x.shape)
      guard x.count > 0 else { return result }
      let inner = x.shape.dropFirst(2).reduce(1, *)
      let (from, to) = (x.pointer(as: S.self), result.mutable(as: S.self))
      for n in 0..<(x.shape.first ?? 0) {
        for c in 0..<channels {
          let factor = parameters[0][c] / (parameters[3][c] + S(epsilon)).squareRoot()
          let (mean, shift) = (parameters[2][c], parameters[1][c])
          let (x, y) = (from + (n * channels + c) * inner, to + (n * channels + c) * inner)
          for i in 0..<inner { y[i] = (x[i] - mean) * factor + shift }
        }
      }
      withExtendedLifetime(x) {}
      return result
    }
  }
}
