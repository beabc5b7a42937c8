// Equal, Less, Greater, And, Or, Not, Where.

private enum Equality<T: OnnxScalar>: BinaryFunction {
  @inline(__always) static func apply(_ a: T, _ b: T) -> Bool { a == b }
}

private enum LessThan<T: OnnxNumber>: BinaryFunction {
  @inline(__always) static func apply(_ a: T, _ b: T) -> Bool { a < b }
}

private enum GreaterThan<T: OnnxNumber>: BinaryFunction {
  @inline(__always) static func apply(_ a: T, _ b: T) -> Bool { a > b }
}

private enum Conjunction: BinaryFunction {
  @inline(__always) static func apply(_ a: Bool, _ b: Bool) -> Bool { a && b }
}

private enum Disjunction: BinaryFunction {
  @inline(__always) static func apply(_ a: Bool, _ b: Bool) -> Bool { a || b }
}

private enum Opposite: UnaryFunction {
  @inline(__always) static func apply(_ x: Bool) -> Bool { !x }
}

private func node<F: BinaryFunction>(_: F.Type) -> CompiledNode {
  CompiledNode(.bool) { (inputs, context) throws(OnnxError) in
    try map(F.self, inputs[0], inputs[1], context)
  }
}

enum LogicOperators {
  static func equal(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(2)
    let type = try reader.type(0, among: .all)
    try reader.expect(1, type)
    return switch type {
    case .float32: node(Equality<Float>.self)
    case .float64: node(Equality<Double>.self)
    case .int32: node(Equality<Int32>.self)
    case .int64: node(Equality<Int64>.self)
    case .bool: node(Equality<Bool>.self)
    }
  }

  static func less(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(2)
    let type = try reader.type(0, among: .numbers)
    try reader.expect(1, type)
    return switch type {
    case .float32: node(LessThan<Float>.self)
    case .float64: node(LessThan<Double>.self)
    case .int32: node(LessThan<Int32>.self)
    default: node(LessThan<Int64>.self)
    }
  }

  static func greater(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(2)
    let type = try reader.type(0, among: .numbers)
    try reader.expect(1, type)
    return switch type {
    case .float32: node(GreaterThan<Float>.self)
    case .float64: node(GreaterThan<Double>.self)
    case .int32: node(GreaterThan<Int32>.self)
    default: node(GreaterThan<Int64>.self)
    }
  }

  static func and(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try twoTruths(reader)
    return node(Conjunction.self)
  }

  static func or(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try twoTruths(reader)
    return node(Disjunction.self)
  }

  private static func twoTruths(_ reader: NodeReader) throws(OnnxError) {
    try reader.inputs(2)
    try reader.expect(0, .bool)
    try reader.expect(1, .bool)
  }

  static func not(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1)
    try reader.expect(0, .bool)
    return CompiledNode(.bool) { (inputs, context) throws(OnnxError) in
      try map(Opposite.self, inputs[0], context)
    }
  }

  static func choose(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(3)
    try reader.expect(0, .bool)
    let type = try reader.type(1)
    try reader.expect(2, type)
    return CompiledNode(type) { (inputs, context) throws(OnnxError) in
      let (condition, x, y) = (try inputs[0], try inputs[1], try inputs[2])
      let plan = try context.planned(condition, x, y) { () throws(OnnxError) in
        try Stretching(condition, x, y)
      }
      let result = try context.make(type, plan.shape)
      switch type.byteCount {
      case 1: choose(plan.loops, condition, x, y, result, UInt8.self)
      case 4: choose(plan.loops, condition, x, y, result, UInt32.self)
      default: choose(plan.loops, condition, x, y, result, UInt64.self)
      }
      withExtendedLifetime((condition, x, y)) {}
      return result
    }
  }

  private static func choose<Word>(
    _ loops: StridedLoops, _ condition: OnnxTensor, _ x: OnnxTensor, _ y: OnnxTensor,
    _ result: OnnxTensor, _: Word.Type
  ) {
    let (p, q) = (
      UnsafeRawPointer(x.bytes).assumingMemoryBound(to: Word.self),
      UnsafeRawPointer(y.bytes).assumingMemoryBound(to: Word.self)
    )
    let (test, to) = (
      condition.pointer(as: Bool.self),
      result.bytes.assumingMemoryBound(to: Word.self)
    )
    let (n, s, u, v) = (
      loops.innerSize, loops.innerStride(0), loops.innerStride(1), loops.innerStride(2)
    )
    loops.forEachRun { at, c, i, j in
      let (test, x, y, z) = (test + c, p + i, q + j, to + at)
      for k in 0..<n { z[k] = test[k &* s] ? x[k &* u] : y[k &* v] }
    }
  }
}
