// What reads and writes by index: Gather, GatherElements, ScatterElements, TopK, ArgMax.

enum IndexOperators {
  /// Indices as whole numbers from the front of an axis.
  private static func places(_ indices: OnnxTensor, below size: Int) throws(OnnxError) -> [Int] {
    var places = try indices.integers()
    for i in places.indices {
      let place = places[i]
      guard place >= -size && place < size else {
        throw OnnxError(.invalid, "index \(place) of an axis of size \(size)")
      }
      if place < 0 { places[i] = place + size }
    }
    return places
  }

  static func gather(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(2)
    try reader.expectIntegers(1)
    let along = try reader.int("axis", default: 0)
    return CompiledNode(try reader.type(0)) { (inputs, context) throws(OnnxError) in
      let (x, indices) = (try inputs[0], try inputs[1])
      let (shape, split) = try context.planned(x, indices) { () throws(OnnxError) in
        let axis = try axis(along, rank: x.shape.count)
        let shape = Array(x.shape[..<axis]) + indices.shape + Array(x.shape[(axis + 1)...])
        return (shape, AxisSplit(x.shape, axis))
      }
      let result = try context.make(x.type, shape)
      if indices.type == .int32 {
        try gather(x, split, indices, Int32.self, into: result)
      } else {
        try gather(x, split, indices, Int64.self, into: result)
      }
      return result
    }
  }

  /// Copies the rows that indices point at.
  private static func gather<Index: OnnxInteger>(
    _ x: OnnxTensor, _ split: AxisSplit, _ indices: OnnxTensor, _: Index.Type,
    into result: OnnxTensor
  ) throws(OnnxError) {
    let places = indices.pointer(as: Index.self)
    for i in 0..<indices.count {
      let place = Int(places[i])
      guard place >= -split.size && place < split.size else {
        throw OnnxError(.invalid, "index \(place) of an axis of size \(split.size)")
      }
    }
    let row = split.inner * x.type.byteCount
    if result.count > 0 {
      var target = result.bytes
      for outer in 0..<split.outer {
        let source = x.bytes + outer * split.size * row
        for i in 0..<indices.count {
          let place = Int(places[i])
          target.copyMemory(
            from: source + (place < 0 ? place + split.size : place) * row, byteCount: row)
          target += row
        }
      }
    }
    withExtendedLifetime((x, indices, result)) {}
  }

  static func gatherElements(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(2)
    try reader.expectIntegers(1)
    let along = try reader.int("axis", default: 0)
    return CompiledNode(try reader.type(0)) { (inputs, context) throws(OnnxError) in
      let (x, indices) = (try inputs[0], try inputs[1])
      let axis = try axis(along, rank: x.shape.count)
      try checkInside(indices, x, axis)
      let places = try places(indices, below: x.shape[axis])
      let result = try context.make(x.type, indices.shape)
      switch x.type.byteCount {
      case 1: gather(x, places, axis, result, UInt8.self)
      case 4: gather(x, places, axis, result, UInt32.self)
      default: gather(x, places, axis, result, UInt64.self)
      }
      return result
    }
  }

  /// Indices of single elements have the axes of what they point into, and lie inside along the others.
  private static func checkInside(
    _ indices: OnnxTensor, _ x: OnnxTensor, _ axis: Int
  ) throws(OnnxError) {
    let isInside =
      indices.shape.count == x.shape.count
      && x.shape.indices.allSatisfy { $0 == axis || indices.shape[$0] <= x.shape[$0] }
    try check(isInside, "indices \(indices.shape) into \(x.shape) along axis \(axis)")
  }

  /// Calls `body` with the place of each index and that of the element that it points at.
  @inline(__always)
  private static func forEachElement(
    of shape: [Int], in x: [Int], _ places: [Int], _ axis: Int,
    _ body: (_ index: Int, _ element: Int) -> Void
  ) {
    var strides = rowMajorStrides(x)
    let step = strides[axis]
    strides[axis] = 0
    let loops = StridedLoops(shape, [strides])
    let (n, stride) = (loops.innerSize, loops.innerStride(0))
    loops.forEachRun { at, base, _, _ in
      for k in 0..<n { body(at + k, base + k * stride + places[at + k] * step) }
    }
  }

  private static func gather<Word>(
    _ x: OnnxTensor, _ places: [Int], _ axis: Int, _ result: OnnxTensor, _: Word.Type
  ) {
    let from = UnsafeRawPointer(x.bytes).assumingMemoryBound(to: Word.self)
    let to = result.bytes.bindMemory(to: Word.self, capacity: result.count)
    forEachElement(of: result.shape, in: x.shape, places, axis) { to[$0] = from[$1] }
    withExtendedLifetime((x, result)) {}
  }

  /// What is done where an index points twice at the same element.
  private enum Reduction: String { case none, add, mul, max, min }

  static func scatterElements(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(3)
    try reader.expectIntegers(1)
    let type = try reader.type(0)
    try reader.expect(2, type)
    let along = try reader.int("axis", default: 0)
    let name = try reader.string("reduction", since: 16) ?? "none"
    guard let reduction = Reduction(rawValue: name),
      reader.opset >= 18 || (reduction != .max && reduction != .min)
    else { throw OnnxError(.unsupported, "reduction '\(name)'") }
    return switch type {
    case .float32: scatter(Float.self, along, reduction)
    case .float64: scatter(Double.self, along, reduction)
    case .int32: scatter(Int32.self, along, reduction)
    case .int64: scatter(Int64.self, along, reduction)
    case .bool:
      if reduction == .none {
        scatter(Bool.self, along) { _, new in new }
      } else {
        throw OnnxError(.unsupported, "reduction '\(name)' of type bool")
      }
    }
  }

  private static func scatter<T: OnnxNumber>(
    _: T.Type, _ along: Int, _ reduction: Reduction
  ) -> CompiledNode {
    switch reduction {
    case .none: scatter(T.self, along) { _, new in new }
    case .add: scatter(T.self, along) { T.sum($0, $1) }
    case .mul: scatter(T.self, along) { T.product($0, $1) }
    case .max: scatter(T.self, along) { Swift.max($0, $1) }
    case .min: scatter(T.self, along) { Swift.min($0, $1) }
    }
  }

  private static func scatter<T: OnnxScalar>(
    _: T.Type, _ along: Int, _ combine: @escaping @Sendable (T, T) -> T
  ) -> CompiledNode {
    CompiledNode(T.onnxType) { (inputs, context) throws(OnnxError) in
      let (x, indices, updates) = (try inputs[0], try inputs[1], try inputs[2])
      let axis = try axis(along, rank: x.shape.count)
      try checkInside(indices, x, axis)
      try check(
        updates.shape == indices.shape, "\(updates.shape) updates for \(indices.shape) indices")
      let places = try places(indices, below: x.shape[axis])
      let result = try context.make(x.type, x.shape)
      let to = result.mutable(as: T.self)
      to.update(from: x.pointer(as: T.self), count: x.count)
      let new = updates.pointer(as: T.self)
      forEachElement(of: indices.shape, in: x.shape, places, axis) {
        to[$1] = combine(to[$1], new[$0])
      }
      withExtendedLifetime((x, updates)) {}
      return result
    }
  }

  static func argMax(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1)
    let along = try reader.int("axis", default: 0)
    let keeps = try reader.flag("keepdims", default: true)
    let takesLast = try reader.flag("select_last_index", default: false)
    return switch try reader.type(0, among: .numbers) {
    case .float32: argMax(Float.self, along, keeps, takesLast)
    case .float64: argMax(Double.self, along, keeps, takesLast)
    case .int32: argMax(Int32.self, along, keeps, takesLast)
    default: argMax(Int64.self, along, keeps, takesLast)
    }
  }

  private static func argMax<T: OnnxNumber>(
    _: T.Type, _ along: Int, _ keeps: Bool, _ takesLast: Bool
  ) -> CompiledNode {
    CompiledNode(.int64) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      let axis = try axis(along, rank: x.shape.count)
      let split = AxisSplit(x.shape, axis)
      var shape = x.shape
      if keeps { shape[axis] = 1 } else { shape.remove(at: axis) }
      let result = try context.make(.int64, shape)
      guard result.count > 0 else { return result }
      try check(split.size > 0, "the largest of no elements along axis \(axis) of \(x.shape)")
      let (from, to) = (x.pointer(as: T.self), result.mutable(as: Int64.self))
      for outer in 0..<split.outer {
        for inner in 0..<split.inner {
          let start = from + outer * split.size * split.inner + inner
          var (best, place) = (start[0], 0)
          for i in 1..<max(split.size, 1) {
            let value = start[i * split.inner]
            if value > best || (takesLast && value == best) { (best, place) = (value, i) }
          }
          to[outer * split.inner + inner] = Int64(place)
        }
      }
      withExtendedLifetime(x) {}
      return result
    }
  }

  static func topK(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(2)
    try reader.outputs(upTo: 2)
    try reader.expect(1, .int64)
    let along = try reader.int("axis", default: -1)
    let largest = try reader.flag("largest", default: true)
    // Sorted elements are a right answer where any order is asked for, too.
    _ = try reader.int("sorted")
    return switch try reader.type(0, among: .numbers) {
    case .float32: topK(Float.self, along, largest)
    case .float64: topK(Double.self, along, largest)
    case .int32: topK(Int32.self, along, largest)
    default: topK(Int64.self, along, largest)
    }
  }

  private static func topK<T: OnnxNumber>(
    _: T.Type, _ along: Int, _ largest: Bool
  ) -> CompiledNode {
    CompiledNode([T.onnxType, .int64]) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      let k = try inputs[1].integer()
      let axis = try axis(along, rank: x.shape.count)
      let split = AxisSplit(x.shape, axis)
      try check(k >= 0 && k <= split.size, "the first \(k) of \(split.size) elements")
      var shape = x.shape
      shape[axis] = k
      let values = try context.make(T.onnxType, shape)
      let indices = try context.make(.int64, shape)
      guard values.count > 0 else { return [values, indices] }
      let from = x.pointer(as: T.self)
      let (to, places) = (values.mutable(as: T.self), indices.mutable(as: Int64.self))
      var order: [Int] = []
      for outer in 0..<split.outer {
        for inner in 0..<split.inner {
          let row = from + outer * split.size * split.inner + inner
          order = Array(0..<split.size)
          order.sort { i, j in
            let (a, b) = (row[i * split.inner], row[j * split.inner])
            if a == b { return i < j }
            return largest ? a > b : a < b
          }
          for i in 0..<k {
            let at = (outer * k + i) * split.inner + inner
            to[at] = row[order[i] * split.inner]
            places[at] = Int64(order[i])
          }
        }
      }
      withExtendedLifetime(x) {}
      return [values, indices]
    }
  }
}
