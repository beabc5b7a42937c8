// What changes shapes alone, or makes tensors from shapes: Reshape, Flatten, Squeeze, Unsqueeze, Shape,
// Identity, Dropout, Constant, ConstantOfShape, Range.

enum ShapeOperators {
  static func reshape(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(2)
    try reader.expect(1, .int64)
    let keepsZeros = try reader.flag("allowzero", default: false, since: 14)
    return CompiledNode(try reader.type(0)) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      let shape = try context.planned(inputs, reading: 1..<2) { () throws(OnnxError) in
        var shape = try inputs[1].integers()
        var open: Int?
        for i in shape.indices {
          if shape[i] == 0 && !keepsZeros {
            try check(i < x.shape.count, "shape \(shape) copies axis \(i) of \(x.shape)")
            shape[i] = x.shape[i]
          } else if shape[i] == -1 {
            try check(open == nil, "shape \(shape) leaves two axes open")
            open = i
          }
        }
        if let open {
          shape[open] = 1
          let rest = OnnxTensor.count(of: shape) ?? 0
          try check(
            rest > 0 && x.count % rest == 0,
            "\(x.shape) does not fit shape \(shape) with axis \(open) open")
          shape[open] = x.count / rest
        }
        try check(OnnxTensor.count(of: shape) == x.count, "\(x.shape) does not fit shape \(shape)")
        return shape
      }
      return x.reshaped(shape)
    }
  }

  static func flatten(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1)
    let axis = try reader.int("axis", default: 1)
    return CompiledNode(try reader.type(0)) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      let shape = try context.planned(x) { () throws(OnnxError) in
        let rank = x.shape.count
        let split = axis < 0 ? axis + rank : axis
        try check(split >= 0 && split <= rank, "axis \(axis) of a tensor with \(rank) axes")
        return [x.shape[..<split].reduce(1, *), x.shape[split...].reduce(1, *)]
      }
      return x.reshaped(shape)
    }
  }

  static func squeeze(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1, upTo: 2)
    try reader.expect(1, .int64)
    return CompiledNode(try reader.type(0)) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      let shape = try context.planned(inputs, reading: 1..<2) { () throws(OnnxError) in
        guard let given = try inputs.optional(1)?.integers() else {
          return x.shape.filter { $0 != 1 }
        }
        let gone = try axes(given, rank: x.shape.count)
        for axis in gone {
          try check(x.shape[axis] == 1, "axis \(axis) of \(x.shape) has not size 1")
        }
        return x.shape.indices.filter { !gone.contains($0) }.map { x.shape[$0] }
      }
      return x.reshaped(shape)
    }
  }

  static func unsqueeze(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(2)
    try reader.expect(1, .int64)
    return CompiledNode(try reader.type(0)) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      let shape = try context.planned(inputs, reading: 1..<2) { () throws(OnnxError) in
        let given = try inputs[1].integers()
        try check(given.count <= 64, "\(given.count) new axes")
        let rank = x.shape.count + given.count
        let new = try axes(given, rank: rank)
        var (rest, shape) = (x.shape[...], [Int]())
        for i in 0..<rank { shape.append(new.contains(i) ? 1 : rest.removeFirst()) }
        return shape
      }
      return x.reshaped(shape)
    }
  }

  static func shape(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1)
    let start = try reader.int("start", default: 0, since: 15)
    let end = try reader.int("end", since: 15)
    return CompiledNode(.int64) { (inputs, context) throws(OnnxError) in
      try context.planned(inputs) { () throws(OnnxError) in
        let shape = try inputs[0].shape
        func place(_ i: Int) -> Int { min(max(i < 0 ? i &+ shape.count : i, 0), shape.count) }
        let (first, last) = (place(start), end.map(place) ?? shape.count)
        let part = first < last ? shape[first..<last].map { Int64($0) } : []
        return OnnxTensor(shape: [part.count], part)
      }
    }
  }

  static func identity(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1)
    return CompiledNode(try reader.type(0)) { (inputs, _) throws(OnnxError) in try inputs[0] }
  }

  /// Of inference: the input, and a mask that lets everything through.
  static func dropout(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1, upTo: 3)
    try reader.outputs(upTo: 2)
    _ = try reader.int("seed")
    if reader.opset < 12 { _ = try reader.float("ratio") }
    try reader.expect(2, .bool)
    let type = try reader.type(0, among: .floats)
    if reader.optionalType(2) != nil {
      guard let training = reader.constants[2] else {
        throw OnnxError(.unsupported, "training_mode must be known when the model is loaded")
      }
      if try training.truth() { throw OnnxError(.unsupported, "Dropout in training mode") }
    }
    let wantsMask = reader.wants(1)
    return CompiledNode(
      wantsMask ? [type, .bool] : [type],
      appending: { (inputs, results, context) throws(OnnxError) in
        let x = try inputs[0]
        results.append(x)
        guard wantsMask else { return }
        let mask = try context.make(.bool, x.shape)
        mask.mutable(as: Bool.self).update(repeating: true, count: mask.count)
        results.append(mask)
      })
  }

  static func constant(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(0)
    for name in ["sparse_value", "value_string", "value_strings"] where reader.has(name) {
      throw OnnxError(.unsupported, "a constant of kind '\(name)'")
    }
    var found: [OnnxTensor] = []
    if let value = try reader.tensor("value") { found.append(value) }
    if let value = try reader.float("value_float") { found.append(OnnxTensor(value)) }
    if let value = try reader.int("value_int") { found.append(OnnxTensor(Int64(value))) }
    if let values = try reader.floats("value_floats") {
      found.append(OnnxTensor(shape: [values.count], values))
    }
    if let values = try reader.ints("value_ints") {
      found.append(OnnxTensor(shape: [values.count], values.map { Int64($0) }))
    }
    guard found.count == 1, let value = found.first else {
      throw OnnxError(.malformed, "\(found.count) values, expected one")
    }
    return CompiledNode(value.type) { (_, _) throws(OnnxError) in value }
  }

  static func constantOfShape(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1)
    try reader.expect(0, .int64)
    let value = try reader.tensor("value") ?? OnnxTensor(Float(0))
    guard value.count == 1 else {
      throw OnnxError(.malformed, "'value' is \(value), expected one element")
    }
    return CompiledNode(value.type) { (inputs, context) throws(OnnxError) in
      let result = try context.make(value.type, inputs[0].integers())
      let strides = [Int](repeating: 0, count: result.shape.count)
      copyStrided(value, StridedLoops(result.shape, [strides]), into: result)
      return result
    }
  }

  static func range(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(3)
    _ = try reader.int("stash_type", since: 27)
    let type = try reader.type(0, among: .numbers)
    try reader.expect(1, type)
    try reader.expect(2, type)
    return switch type {
    case .float32: range(Float.self)
    case .float64: range(Double.self)
    case .int32: range(Int32.self)
    default: range(Int64.self)
    }
  }

  private static func range<T: OnnxNumber>(_: T.Type) -> CompiledNode {
    CompiledNode(T.onnxType) { (inputs, context) throws(OnnxError) in
      var numbers: [T] = []
      for i in 0..<3 {
        let x = try inputs[i]
        try check(x.count == 1, "input \(i) is \(x), expected one number")
        numbers.append(x.elements(as: T.self)[0])
      }
      let (start, limit, delta) = (numbers[0], numbers[1], numbers[2])
      guard let steps = T.stepCount(from: start, to: limit, by: delta) else {
        throw OnnxError(.invalid, "from \(start) to \(limit) in steps of \(delta)")
      }
      let result = try context.make(T.onnxType, [steps])
      let to = result.mutable(as: T.self)
      var value = start
      for i in 0..<result.count {
        to[i] =
          T.isFloat ? T.sum(start, T.product(T.converted(fromDouble: Double(i)), delta)) : value
        value = T.sum(value, delta)
      }
      return result
    }
  }
}
