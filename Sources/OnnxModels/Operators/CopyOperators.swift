// What moves elements: Transpose, Slice, Split, Concat, Expand, Tile, Cast.

enum CopyOperators {
  static func transpose(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1)
    let given = try reader.ints("perm")
    return CompiledNode(try reader.type(0)) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      let order = try context.planned(x) { () throws(OnnxError) in
        let order = given ?? x.shape.indices.reversed()
        try check(
          order.sorted() == Array(x.shape.indices),
          "the order of axes \(order) for shape \(x.shape)")
        return order
      }
      return try transposed(x, order, context)
    }
  }

  static func slice(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(3, upTo: 5)
    for i in 1..<5 { try reader.expectIntegers(i) }
    return CompiledNode(try reader.type(0)) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      let copy = try context.planned(inputs, reading: 1..<5) { () throws(OnnxError) in
        let (starts, ends) = (try inputs[1].integers(), try inputs[2].integers())
        let along = try axes(
          inputs.optional(3)?.integers() ?? Array(starts.indices), rank: x.shape.count)
        let steps =
          try inputs.optional(4)?.integers() ?? [Int](repeating: 1, count: starts.count)
        try check(
          starts.count == ends.count && along.count == starts.count && steps.count == starts.count,
          "\(starts.count) starts, \(ends.count) ends, \(along.count) axes, \(steps.count) steps")
        var (shape, strides, first) = (x.shape, rowMajorStrides(x.shape), 0)
        for (i, axis) in along.enumerated() {
          let (size, step) = (x.shape[axis], steps[i])
          try check(step != 0, "steps of zero along axis \(axis)")
          let low = step > 0 ? 0 : -1
          let high = step > 0 ? size : size - 1
          // `&+`: what lies beyond either end is cut off there.
          let start = min(max(starts[i] < 0 ? starts[i] &+ size : starts[i], 0), high)
          let end = min(max(ends[i] < 0 ? ends[i] &+ size : ends[i], low), high)
          let distance = step > 0 ? end - start : start - end
          let count = distance > 0 ? (distance - 1) / Int(clamping: step.magnitude) + 1 : 0
          shape[axis] = count
          if count > 0 { first += start * strides[axis] }
          // With one element or none there is no next one.
          strides[axis] = count > 1 ? strides[axis] * step : 0
        }
        return try StridedCopy(shape, strides: strides, start: first, of: x.count)
      }
      return try copy(x, context)
    }
  }

  static func split(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1, upTo: 2)
    try reader.expect(1, .int64)
    let along = try reader.int("axis", default: 0)
    let number = try reader.int("num_outputs", since: 18)
    let outputs = reader.proto.output.count
    let type = try reader.type(0)
    if let number, number != outputs {
      throw OnnxError(.malformed, "num_outputs is \(number), there are \(outputs) outputs")
    }
    return CompiledNode(
      [OnnxElementType](repeating: type, count: outputs),
      appending: {
        (inputs, results, context) throws(OnnxError) in
        let x = try inputs[0]
        let copies = try context.planned(inputs, reading: 1..<2) { () throws(OnnxError) in
          let axis = try axis(along, rank: x.shape.count)
          let size = x.shape[axis]
          let parts: [Int]
          if let given = try inputs.optional(1)?.integers() {
            parts = given
          } else {
            let part = (size + outputs - 1) / max(outputs, 1)
            try check(
              number != nil || size % max(outputs, 1) == 0,
              "\(size) along axis \(axis) in \(outputs) equal parts")
            parts = (0..<outputs).map { max(min(part, size - $0 * part), 0) }
          }
          var rest = size
          for part in parts {
            try check(part >= 0 && part <= rest, "\(size) along axis \(axis) in parts \(parts)")
            rest -= part
          }
          try check(
            rest == 0 && parts.count == outputs,
            "\(size) along axis \(axis) in parts \(parts) for \(outputs) outputs")
          let strides = rowMajorStrides(x.shape)
          var (copies, first) = ([StridedCopy](), 0)
          for part in parts {
            var shape = x.shape
            shape[axis] = part
            copies.append(
              try StridedCopy(shape, strides: strides, start: first * strides[axis], of: x.count))
            first += part
          }
          return copies
        }
        for i in 0..<copies.count {
          results.append(context.wants(i) ? try copies[i](x, context) : x)
        }
      })
  }

  static func concatenate(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1, upTo: Int.max)
    let type = try reader.type(0)
    for i in reader.inputTypes.indices {
      _ = try reader.type(i)
      try reader.expect(i, type)
    }
    guard let along = try reader.int("axis") else {
      throw OnnxError(.malformed, "attribute 'axis' is missing")
    }
    return CompiledNode(type) { (inputs, context) throws(OnnxError) in
      let (shape, split) = try context.planned(inputs) { () throws(OnnxError) in
        let axis = try axis(along, rank: inputs[0].shape.count)
        let shape = try concatenatedShape(inputs.tensors(0..<inputs.count), axis: axis)
        try checkPossible(shape)
        return (shape, AxisSplit(shape, axis))
      }
      if inputs.count == 1 { return try inputs[0] }
      let result = try context.make(type, shape)
      guard result.count > 0 else { return result }
      let stride = split.size * split.inner * type.byteCount
      var target = result.bytes
      for i in 0..<inputs.count {
        let part = try inputs[i]
        let row = part.byteCount / split.outer
        for outer in 0..<split.outer where row > 0 {
          (target + outer * stride).copyMemory(from: part.bytes + outer * row, byteCount: row)
        }
        target += row
        withExtendedLifetime(part) {}
      }
      return result
    }
  }

  static func expand(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(2)
    try reader.expect(1, .int64)
    return CompiledNode(try reader.type(0)) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      let copy = try context.planned(inputs, reading: 1..<2) { () throws(OnnxError) in
        let shape = try broadcastShape(x.shape, inputs[1].integers())
        return try StridedCopy(shape, strides: broadcastStrides(x.shape, to: shape), of: x.count)
      }
      return try copy(x, context)
    }
  }

  static func tile(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(2)
    try reader.expect(1, .int64)
    return CompiledNode(try reader.type(0)) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      let repeats = try inputs[1].integers()
      try check(
        repeats.count == x.shape.count && repeats.allSatisfy { $0 >= 0 },
        "repeats \(repeats) for shape \(x.shape)")
      var (shape, sizes, strides) = ([Int](), [Int](), [Int]())
      for (i, stride) in rowMajorStrides(x.shape).enumerated() {
        let (size, overflow) = x.shape[i].multipliedReportingOverflow(by: repeats[i])
        try check(!overflow, "repeats \(repeats) for shape \(x.shape)")
        shape.append(size)
        sizes += [repeats[i], x.shape[i]]
        strides += [0, stride]
      }
      let result = try context.make(x.type, shape)
      copyStrided(x, StridedLoops(sizes, [strides]), into: result)
      return result
    }
  }

  static func cast(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1)
    // Both say how numbers become others of fewer than 32 bits, of which there are none here.
    _ = try reader.int("saturate", since: 19)
    _ = try reader.string("round_mode", since: 24)
    guard let code = try reader.int("to") else {
      throw OnnxError(.malformed, "attribute 'to' is missing")
    }
    let (from, to) = (try reader.type(0), try OnnxElementType(code: Int32(clamping: code)))
    return CompiledNode(to) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      return from == to ? x : try converted(x, to, context)
    }
  }
}

/// The shape of tensors one after the other along an axis.
func concatenatedShape(_ parts: [OnnxTensor], axis: Int) throws(OnnxError) -> [Int] {
  var shape = parts[0].shape
  shape[axis] = 0
  for part in parts {
    let isAlike =
      part.shape.count == shape.count
      && shape.indices.allSatisfy { $0 == axis || part.shape[$0] == shape[$0] }
    try check(isAlike, "\(parts.map(\.shape)) side by side along axis \(axis)")
    let (size, overflow) = shape[axis].addingReportingOverflow(part.shape[axis])
    try check(!overflow, "\(parts.map(\.shape)) side by side along axis \(axis)")
    shape[axis] = size
  }
  return shape
}

private enum Conversion<From: OnnxNumber, To: OnnxNumber>: UnaryFunction {
  @inline(__always)
  static func apply(_ x: From) -> To { To.converted(fromDouble: x.asDouble) }
}

/// Rounded once.
private enum Rounding<From: OnnxInteger, To: OnnxFloat>: UnaryFunction {
  @inline(__always) static func apply(_ x: From) -> To { To(x) }
}

private enum Truncation<From: OnnxInteger, To: OnnxInteger>: UnaryFunction {
  @inline(__always) static func apply(_ x: From) -> To { To(truncatingIfNeeded: x) }
}

private enum Truth<From: OnnxNumber>: UnaryFunction {
  @inline(__always) static func apply(_ x: From) -> Bool { x != 0 }
}

private enum OneOrZero<To: OnnxNumber>: UnaryFunction {
  @inline(__always) static func apply(_ x: Bool) -> To { x ? 1 : 0 }
}

private func converted(
  _ x: OnnxTensor, _ to: OnnxElementType, _ context: RunContext
) throws(OnnxError) -> OnnxTensor {
  switch (x.type, to) {
  case (.int32, .int64): try map(Truncation<Int32, Int64>.self, x, context)
  case (.int64, .int32): try map(Truncation<Int64, Int32>.self, x, context)
  case (.int32, .float32): try map(Rounding<Int32, Float>.self, x, context)
  case (.int64, .float32): try map(Rounding<Int64, Float>.self, x, context)
  case (.int64, .float64): try map(Rounding<Int64, Double>.self, x, context)
  case (.bool, .float32): try map(OneOrZero<Float>.self, x, context)
  case (.bool, .float64): try map(OneOrZero<Double>.self, x, context)
  case (.bool, .int32): try map(OneOrZero<Int32>.self, x, context)
  case (.bool, .int64): try map(OneOrZero<Int64>.self, x, context)
  case (.float32, _): try converted(x, Float.self, to, context)
  case (.float64, _): try converted(x, Double.self, to, context)
  case (.int32, _): try converted(x, Int32.self, to, context)
  case (.int64, _): try converted(x, Int64.self, to, context)
  case (.bool, .bool): x
  }
}

private func converted<From: OnnxNumber>(
  _ x: OnnxTensor, _: From.Type, _ to: OnnxElementType, _ context: RunContext
) throws(OnnxError) -> OnnxTensor {
  switch to {
  case .float32: try map(Conversion<From, Float>.self, x, context)
  case .float64: try map(Conversion<From, Double>.self, x, context)
  case .int32: try map(Conversion<From, Int32>.self, x, context)
  case .int64: try map(Conversion<From, Int64>.self, x, context)
  case .bool: try map(Truth<From>.self, x, context)
  }
}
