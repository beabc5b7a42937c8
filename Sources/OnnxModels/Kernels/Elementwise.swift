import LinAlg

/// A function of one number, as a type: loops over it are specialised for it.
protocol UnaryFunction: SendableMetatype {
  associatedtype Input: OnnxScalar
  associatedtype Output: OnnxScalar
  static func apply(_ x: Input) -> Output
}

/// A function of two numbers, as a type.
protocol BinaryFunction: SendableMetatype {
  associatedtype First: OnnxScalar
  associatedtype Second: OnnxScalar
  associatedtype Output: OnnxScalar
  static func apply(_ a: First, _ b: Second) -> Output
}

/// The function of every element.
func map<F: UnaryFunction>(
  _: F.Type, _ x: OnnxTensor, _ context: RunContext
) throws(OnnxError) -> OnnxTensor {
  let result = try context.make(F.Output.onnxType, x.shape)
  let (from, to) = (x.pointer(as: F.Input.self), result.mutable(as: F.Output.self))
  for i in 0..<x.count { to[i] = F.apply(from[i]) }
  withExtendedLifetime(x) {}
  return result
}

/// How operands are stretched to one shape.
struct Stretching {
  let shape: [Int]
  let loops: StridedLoops

  /// - Throws: shapes that do not fit each other.
  init(_ operands: OnnxTensor...) throws(OnnxError) {
    var shape = operands[0].shape
    for operand in operands.dropFirst() { shape = try broadcastShape(shape, operand.shape) }
    try checkPossible(shape)
    self.shape = shape
    loops = StridedLoops(shape, operands.map { broadcastStrides($0.shape, to: shape) })
  }
}

/// The function of every pair of elements, of operands that are stretched to each other's shape.
func map<F: BinaryFunction>(
  _: F.Type, _ a: OnnxTensor, _ b: OnnxTensor, _ context: RunContext
) throws(OnnxError) -> OnnxTensor {
  let plan = try context.planned(a, b) { () throws(OnnxError) in try Stretching(a, b) }
  let (result, loops) = (try context.make(F.Output.onnxType, plan.shape), plan.loops)
  guard result.count > 0 else { return result }
  let (p, q) = (a.pointer(as: F.First.self), b.pointer(as: F.Second.self))
  let to = result.mutable(as: F.Output.self)
  let n = loops.innerSize
  switch (loops.innerStride(0), loops.innerStride(1)) {
  case (0, 0):
    loops.forEachRun { at, i, j, _ in
      (to + at).update(repeating: F.apply(p[i], q[j]), count: n)
    }
  case (0, _):
    loops.forEachRun { at, i, j, _ in
      let (x, y, z) = (p[i], q + j, to + at)
      for k in 0..<n { z[k] = F.apply(x, y[k]) }
    }
  case (_, 0):
    loops.forEachRun { at, i, j, _ in
      let (x, y, z) = (p + i, q[j], to + at)
      for k in 0..<n { z[k] = F.apply(x[k], y) }
    }
  default:
    loops.forEachRun { at, i, j, _ in
      let (x, y, z) = (p + i, q + j, to + at)
      for k in 0..<n { z[k] = F.apply(x[k], y[k]) }
    }
  }
  withExtendedLifetime((a, b)) {}
  return result
}

/// An activation of every element, by the engine's kernels.
func activated<S: OnnxFloat>(
  _ function: Activation, _: S.Type, _ x: OnnxTensor, _ context: RunContext
) throws(OnnxError) -> OnnxTensor {
  let result = try context.make(x.type, x.shape)
  S.apply(function, x.pointer(as: S.self), into: result.mutable(as: S.self), count: x.count)
  withExtendedLifetime(x) {}
  return result
}
