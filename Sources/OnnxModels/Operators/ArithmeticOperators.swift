import LinAlg

// Add, Sub, Mul, Div, Pow, Sqrt, Neg, Exp, Log, Relu, Tanh, Sigmoid.

private enum Addition<T: OnnxNumber>: BinaryFunction {
  @inline(__always) static func apply(_ a: T, _ b: T) -> T { T.sum(a, b) }
}

private enum Subtraction<T: OnnxNumber>: BinaryFunction {
  @inline(__always) static func apply(_ a: T, _ b: T) -> T { T.difference(a, b) }
}

private enum Multiplication<T: OnnxNumber>: BinaryFunction {
  @inline(__always) static func apply(_ a: T, _ b: T) -> T { T.product(a, b) }
}

private enum Division<T: OnnxFloat>: BinaryFunction {
  @inline(__always) static func apply(_ a: T, _ b: T) -> T { a / b }
}

/// Towards zero, and of the smallest number by −1 that number; zeros have been looked for before.
private enum IntegerDivision<T: OnnxInteger>: BinaryFunction {
  @inline(__always)
  static func apply(_ a: T, _ b: T) -> T { a.dividedReportingOverflow(by: b).partialValue }
}

private enum Power<T: OnnxNumber, Exponent: OnnxNumber>: BinaryFunction {
  static func apply(_ a: T, _ b: Exponent) -> T { T.power(a, b) }
}

private enum Negation<T: OnnxNumber>: UnaryFunction {
  @inline(__always) static func apply(_ x: T) -> T { T.negative(x) }
}

private enum SquareRoot<T: OnnxFloat>: UnaryFunction {
  @inline(__always) static func apply(_ x: T) -> T { x.squareRoot() }
}

private enum PositivePart<T: OnnxInteger>: UnaryFunction {
  @inline(__always) static func apply(_ x: T) -> T { max(x, 0) }
}

extension OnnxNumber {
  /// `a` to the power `b`: of whole numbers exactly, as far as they go, else as `Double`.
  fileprivate static func power<Exponent: OnnxNumber>(_ a: Self, _ b: Exponent) -> Self {
    if let exponent = b as? any OnnxInteger, !isFloat {
      return integerPower(a, Int(exponent))
    }
    if !isFloat, b.asDouble >= 0, b.asDouble <= 64, b.asDouble == b.asDouble.rounded() {
      return integerPower(a, Int(b.asDouble))
    }
    return converted(fromDouble: Double.pow(a.asDouble, b.asDouble))
  }

  private static func integerPower(_ a: Self, _ b: Int) -> Self {
    if b < 0 {
      // 1/a is whole for 1 and −1 alone.
      if a.asDouble == 1 { return a }
      if a.asDouble == -1 { return b % 2 == 0 ? product(a, a) : a }
      return difference(a, a)
    }
    var (result, base, rest) = (converted(fromDouble: 1), a, b)
    while rest > 0 {
      if rest & 1 == 1 { result = product(result, base) }
      base = product(base, base)
      rest >>= 1
    }
    return result
  }
}

/// An operator of two operands of one type.
private func binary(
  _ reader: inout NodeReader,
  _ kernel: (OnnxElementType) -> CompiledNode
) throws(OnnxError) -> CompiledNode {
  try reader.inputs(2)
  let type = try reader.type(0, among: .numbers)
  try reader.expect(1, type)
  return kernel(type)
}

private func node<F: BinaryFunction>(_: F.Type) -> CompiledNode {
  CompiledNode(F.Output.onnxType) { (inputs, context) throws(OnnxError) in
    try map(F.self, inputs[0], inputs[1], context)
  }
}

private func node<F: UnaryFunction>(_: F.Type) -> CompiledNode {
  CompiledNode(F.Output.onnxType) { (inputs, context) throws(OnnxError) in
    try map(F.self, inputs[0], context)
  }
}

enum ArithmeticOperators {
  static func add(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try binary(&reader) { type in
      switch type {
      case .float32: node(Addition<Float>.self)
      case .float64: node(Addition<Double>.self)
      case .int32: node(Addition<Int32>.self)
      default: node(Addition<Int64>.self)
      }
    }
  }

  static func subtract(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try binary(&reader) { type in
      switch type {
      case .float32: node(Subtraction<Float>.self)
      case .float64: node(Subtraction<Double>.self)
      case .int32: node(Subtraction<Int32>.self)
      default: node(Subtraction<Int64>.self)
      }
    }
  }

  static func multiply(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try binary(&reader) { type in
      switch type {
      case .float32: node(Multiplication<Float>.self)
      case .float64: node(Multiplication<Double>.self)
      case .int32: node(Multiplication<Int32>.self)
      default: node(Multiplication<Int64>.self)
      }
    }
  }

  static func divide(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try binary(&reader) { type in
      switch type {
      case .float32: node(Division<Float>.self)
      case .float64: node(Division<Double>.self)
      case .int32: quotient(Int32.self)
      default: quotient(Int64.self)
      }
    }
  }

  private static func quotient<T: OnnxInteger>(_: T.Type) -> CompiledNode {
    CompiledNode(T.onnxType) { (inputs, context) throws(OnnxError) in
      let divisor = try inputs[1]
      let hasZero = divisor.withElements(as: T.self) { $0.contains(0) }
      try check(!hasZero, "division of whole numbers by zero")
      return try map(IntegerDivision<T>.self, inputs[0], divisor, context)
    }
  }

  static func power(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(2)
    switch try reader.type(0, among: .numbers) {
    case .float32: return try power(reader, Float.self)
    case .float64: return try power(reader, Double.self)
    case .int32: return try power(reader, Int32.self)
    default: return try power(reader, Int64.self)
    }
  }

  private static func power<T: OnnxNumber>(
    _ reader: NodeReader, _: T.Type
  ) throws(OnnxError) -> CompiledNode {
    switch try reader.type(1, among: .numbers) {
    case .float32: node(Power<T, Float>.self)
    case .float64: node(Power<T, Double>.self)
    case .int32: node(Power<T, Int32>.self)
    default: node(Power<T, Int64>.self)
    }
  }

  static func squareRoot(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1)
    return try reader.type(0, among: .floats) == .float32
      ? node(SquareRoot<Float>.self) : node(SquareRoot<Double>.self)
  }

  static func negate(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1)
    return switch try reader.type(0, among: .numbers) {
    case .float32: node(Negation<Float>.self)
    case .float64: node(Negation<Double>.self)
    case .int32: node(Negation<Int32>.self)
    default: node(Negation<Int64>.self)
    }
  }

  static func relu(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1)
    return switch try reader.type(0, among: .numbers) {
    case .float32: activation(.relu, Float.self)
    case .float64: activation(.relu, Double.self)
    case .int32: node(PositivePart<Int32>.self)
    default: node(PositivePart<Int64>.self)
    }
  }

  static func activation(
    _ function: Activation
  ) -> (inout NodeReader) throws(OnnxError) -> CompiledNode {
    { (reader) throws(OnnxError) in
      try reader.inputs(1)
      return try reader.type(0, among: .floats) == .float32
        ? activation(function, Float.self) : activation(function, Double.self)
    }
  }

  private static func activation<S: OnnxFloat>(
    _ function: Activation, _: S.Type
  ) -> CompiledNode {
    CompiledNode(S.onnxType) { (inputs, context) throws(OnnxError) in
      try activated(function, S.self, inputs[0], context)
    }
  }

  static func logarithm(_ reader: inout NodeReader) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1)
    return try reader.type(0, among: .floats) == .float32
      ? logarithm(Float.self) : logarithm(Double.self)
  }

  private static func logarithm<S: OnnxFloat>(_: S.Type) -> CompiledNode {
    CompiledNode(S.onnxType) { (inputs, context) throws(OnnxError) in
      let x = try inputs[0]
      let result = try context.make(x.type, x.shape)
      S.log(x.pointer(as: S.self), into: result.mutable(as: S.self), count: x.count)
      withExtendedLifetime(x) {}
      return result
    }
  }
}
